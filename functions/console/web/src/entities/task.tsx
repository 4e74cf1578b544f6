// Tasks: what is to be done, by whom, until when.
import { Box } from "@mui/material";
import { Link } from "react-router-dom";
import type { Schemas } from "../api/client";
import type { Filters } from "../ui/list-state";
import { StatusTag, Tag, When } from "../ui/parts";
import { entity, type Field } from "./entity";
import { moment, NOTHING, ownerField, plain } from "./parts";

export type Task = Schemas["TaskView"];

export const KINDS = ["todo", "call", "email", "meeting", "follow_up"] as const;
/** These come from routing. */
const ALL_KINDS = [...KINDS, "decide_pipeline", "assign_owner"] as const;
export const PRIORITIES = ["low", "normal", "high"] as const;
export const TASK_STATUSES = ["open", "done", "cancelled"] as const;

export function overdue(task: Pick<Task, "due_at" | "status">, now = Date.now()): boolean {
    return task.status === "open" && Boolean(task.due_at) && Date.parse(task.due_at!) < now;
}

const FIELDS: Field<Task>[] = [
    { key: "title", api: "title", label: "field.title", file: ["title"], width: 300, edit: { kind: "text" }, text: (task) => task.title, show: (task) => task.title },
    {
        key: "due",
        api: "due_at",
        label: "field.due_at",
        sort: "due_at",
        first: "ASC",
        file: ["due_at"],
        edit: { kind: "moment" },
        filter: { kind: "moment", optional: true, field: "due_at", quick: true },
        text: (task, { format }) => task.due_at && format.dateTime(task.due_at),
        show: (task) => (task.due_at ? <Box component="span" sx={overdue(task) ? { color: "bad.main", fontWeight: 600 } : undefined}><When at={task.due_at} /></Box> : NOTHING),
    },
    ownerField((task, { nameOf }) => task.owner_name ?? nameOf(task.owner_id), { filter: { kind: "person", optional: true, plain: { in: "owner_id" }, field: "owner_id", choices: { of: "people" }, quick: true } }),
    {
        key: "status",
        api: "status",
        label: "field.status",
        file: ["status"],
        edit: { kind: "choice", values: TASK_STATUSES, say: "taskStatus" },
        filter: { kind: "choice", words: TASK_STATUSES, plain: { in: "status" }, field: "status", choices: { of: "words", values: TASK_STATUSES, say: "taskStatus" }, quick: true },
        text: (task, { t }) => t(`taskStatus.${task.status}`),
        show: (task) => <StatusTag of="taskStatus" status={task.status} />,
    },
    plain("kind", "kind", (task, { t }) => t(`taskKind.${task.kind}`), {
        edit: { kind: "choice", values: KINDS, say: "taskKind" },
        filter: { kind: "choice", words: ALL_KINDS, plain: { in: "kind" }, field: "kind", choices: { of: "words", values: ALL_KINDS, say: "taskKind" }, quick: true },
    }),
    plain("priority", "priority", (task, { t }) => t(`priority.${task.priority}`), {
        edit: { kind: "choice", values: PRIORITIES, say: "priority" },
        filter: { kind: "choice", words: PRIORITIES, field: "priority", choices: { of: "words", values: PRIORITIES, say: "priority" } },
        show: (task, { t }) => (task.priority === "high" ? <Tag tone="bad">{t("priority.high")}</Tag> : t(`priority.${task.priority}`)),
    }),
    {
        key: "lead",
        api: "lead_id",
        label: "field.lead_id",
        file: ["lead"],
        text: (task) => task.lead_name,
        // A card is a link itself.
        brief: (task) => task.lead_name,
        show: (task, { t }) => (task.lead_id ? <Box component={Link} to={`/leads/${task.lead_id}`} sx={{ color: "inherit" }}>{task.lead_name ?? t("tasks.lead")}</Box> : NOTHING),
    },
    plain("deal", "deal_id", (task) => task.deal_name, { file: ["deal"] }),
    plain("description", "description", (task) => task.description, { edit: { kind: "text" } }),
    moment("created", "created_at", (task) => task.created_at, { sort: "created_at", filter: { kind: "moment", field: "created_at" } }),
    moment("completed", "completed_at", (task) => task.completed_at, { filter: { kind: "moment", optional: true, field: "completed_at" } }),
];

export const TASK = entity<Task>({
    kind: "task",
    resource: "tasks",
    area: "tasks",
    alone: true,
    page: "/tasks",
    title: "nav.tasks",
    fields: FIELDS,
    layouts: ["calendar", "table"],
    // A day's tasks stand together.
    perPage: 100,
    name: (task) => task.title,
    to: (task) => `/tasks?task=${task.id}`,
    panel: "task",
    columns: ["due", "owner", "status", "kind", "priority", "lead"],
    facts: ["due", "owner", "lead"],
    atRight: ["due"],
    begin: ({ member }): Filters => (member ? { status: { in: ["open"] }, owner_id: { in: ["me"] } } : { status: { in: ["open"] } }),
    sort: { field: "due_at", order: "ASC" },
    orders: [
        { field: "due_at", order: "ASC" },
        { field: "due_at", order: "DESC" },
        { field: "created_at", order: "DESC" },
        { field: "created_at", order: "ASC" },
    ],
    views: [
        { key: "mine", label: "tasks.mine", filters: ({ member }) => (member ? { owner_id: { in: ["me"] }, status: { in: ["open"] } } : null) },
        { key: "open", label: "tasks.everyone", filters: () => ({ status: { in: ["open"] } }) },
        { key: "done", label: "taskStatus.done", filters: () => ({ status: { in: ["done"] } }), sort: { field: "created_at", order: "DESC" } },
        { key: "cancelled", label: "taskStatus.cancelled", filters: () => ({ status: { in: ["cancelled"] } }), sort: { field: "created_at", order: "DESC" } },
    ],
    stale: ["tasks", "task", "lead", "deal", "home"],
});
