// What one does with a task in passing: tick it, move its date. Both can be taken back.
import { api, ifMatch, once, take, type Schemas } from "../../api/client";
import { KINDS, type Task } from "../../entities/task";
import { useChange } from "../../ui/change";

export { KINDS, type Task };

export const updateTask = (id: string, version: number, body: Schemas["TasksUpdateInput"]) => take(api.PATCH("/api/v1/tasks/{id}", { params: { path: { id }, header: ifMatch(version) }, body }));
export const createTask = (body: Schemas["TasksCreateInput"]) => take(api.POST("/api/v1/tasks", { params: { header: once() }, body }));
const complete = (id: string, version: number) => take(api.POST("/api/v1/tasks/{id}/complete", { params: { path: { id }, header: { ...ifMatch(version), ...once() } }, body: {} }));

export function useTaskChange() {
    const change = useChange("task");
    return {
        tick: (task: Task) =>
            change<Task>({
                record: task,
                fields: { status: "done", completed_at: new Date().toISOString() },
                send: (version) => complete(task.id, version),
                undo: (version, was) => updateTask(task.id, version, { status: was.status }),
                said: "tasks.completed",
                args: { title: task.title },
            }),
        /** `due`: a moment, or none. `day`: how it is said. */
        reschedule: (task: Task, due: string | null, day: string) =>
            change<Task>({
                record: task,
                fields: { due_at: due },
                send: (version) => updateTask(task.id, version, { due_at: due }),
                undo: (version, was) => updateTask(task.id, version, { due_at: was.due_at ?? null }),
                said: "tasks.rescheduled",
                args: { title: task.title, day },
            }),
    };
}
