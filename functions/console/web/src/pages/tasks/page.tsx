// Tasks by when they are due, or as a table: make, change, tick off.
import { Box, Button } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { CheckCheck, Plus } from "lucide-react";
import { useState } from "react";
import { TASK, type Task } from "../../entities/task";
import { useFormat } from "../../i18n/format";
import { dayOf, daysBetween } from "../../i18n/zone";
import { readOne } from "../../providers/data";
import { useT } from "../../providers/i18n";
import { useMay, useZone } from "../../ui/known";
import { useList } from "../../ui/list";
import { ListPage } from "../../ui/list-page";
import { Card } from "../../ui/parts";
import { EditTask } from "./edit";
import { TaskRow } from "./row";

const GROUPS = ["overdue", "today", "tomorrow", "week", "later", "none"] as const;
type Group = (typeof GROUPS)[number];

/** In which part of the list a task stands: days begin at midnight where the person is. */
export function groupOf(due: string | null | undefined, now: Date, zone?: string): Group {
    if (!due) return "none";
    const at = new Date(due);
    if (at < now) return "overdue";
    const distance = daysBetween(dayOf(now, zone), dayOf(at, zone));
    if (distance === 0) return "today";
    if (distance === 1) return "tomorrow";
    return distance < 7 ? "week" : "later";
}

export default function TaskList() {
    const t = useT();
    const may = useMay();
    const [creating, setCreating] = useState(false);
    const create = may("tasks", "write") && (
        <Button variant="contained" startIcon={<Plus size={15} aria-hidden="true" />} onClick={() => setCreating(true)}>
            {t("tasks.new")}
        </Button>
    );
    return (
        <>
            <ListPage entity={TASK} empty={{ icon: CheckCheck, title: "tasks.none", hint: "tasks.noneHint" }} head={create} bulk={["owner"]} layouts={{ calendar: (tasks) => <Agenda tasks={tasks} /> }} panel={(id, close, tasks) => <OpenTask key={id} id={id} tasks={tasks} onClose={close} />} />
            {creating && <EditTask task={null} onClose={() => setCreating(false)} />}
        </>
    );
}

/** Also one that a link names and the list does not show. */
function OpenTask({ id, tasks, onClose }: { id: string; tasks: Task[]; onClose: () => void }) {
    const listed = tasks.find((task) => task.id === id);
    const { data } = useQuery({ queryKey: ["task", id], queryFn: () => readOne<Task>("tasks", id), enabled: !listed });
    const task = listed ?? data;
    return task ? <EditTask task={task} onClose={onClose} /> : null;
}

function Agenda({ tasks }: { tasks: Task[] }) {
    const t = useT();
    const zone = useZone();
    const format = useFormat();
    const { filters, sort, total, page, perPage, setOpen } = useList<Task>();
    const now = new Date();
    // Only what is open has a day to come, and only in its order do the days stand together.
    const byDay = sort.field === "due_at" && sort.order === "ASC" && filters.status?.in?.join() === "open";
    const groups = byDay ? GROUPS.map((group) => ({ key: group as string, title: t(`tasks.group.${group}`), tasks: tasks.filter((task) => groupOf(task.due_at, now, zone) === group) })) : [{ key: "all", title: t("nav.tasks"), tasks }];
    const filled = groups.filter((group) => group.tasks.length > 0);
    const goesOn = total !== undefined && page * perPage < total;
    const mine = filters.owner_id?.in?.join() === "me";
    return (
        <Box sx={{ display: "grid", gap: 2, maxWidth: 860 }}>
            {filled.map((group, at) => (
                // The last group goes on where there are more on the next page.
                <Card key={group.key} title={group.title} hint={`${format.number(group.tasks.length)}${goesOn && at === filled.length - 1 ? "+" : ""}`} flush>
                    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                        {group.tasks.map((task) => (
                            <TaskRow key={task.id} task={task} showOwner={!mine} onEdit={setOpen} />
                        ))}
                    </Box>
                </Card>
            ))}
        </Box>
    );
}
