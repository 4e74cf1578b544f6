// Tasks by when they are due: make, change, tick off.
import { Box, Button, MenuItem, TextField, ToggleButton, ToggleButtonGroup } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { CheckCheck, Plus } from "lucide-react";
import { useNotify } from "ra-core";
import { useState } from "react";
import { useSearchParams } from "react-router-dom";
import { api, ifMatch, once, take, type Schemas } from "../../api/client";
import { useReread } from "../../api/reread";
import { useFormat } from "../../i18n/format";
import { dayOf, daysBetween, fromLocal, toLocal } from "../../i18n/zone";
import { useT } from "../../providers/i18n";
import { patch } from "../../providers/data";
import { Field, FormDialog, Pair, type Values } from "../../ui/form";
import { useMay, useMe, useTeam, useZone } from "../../ui/known";
import { useOwners } from "../../ui/owners";
import { Card, Empty, Failed, Lines, PageHead } from "../../ui/parts";
import { type Task, TaskRow } from "./row";

const KINDS = ["todo", "call", "email", "meeting", "follow_up"] as const;
const PRIORITIES = ["low", "normal", "high"] as const;
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
    const me = useMe();
    const may = useMay();
    const zone = useZone();
    const format = useFormat();
    const { active } = useTeam();
    const [params, setParams] = useSearchParams();
    const [editing, setEditing] = useState<Task | "new" | null>(null);
    const status = (params.get("status") ?? "open") as Schemas["TaskStatus"];
    const who = params.get("who") ?? (me?.member ? "me" : "all");
    const owner = who === "all" ? undefined : who === "me" ? me?.member?.id : who;
    const set = (name: string, value: string) => setParams((now) => ({ ...Object.fromEntries(now), [name]: value }));
    const tasks = useInfiniteQuery({
        queryKey: ["tasks", "list", status, owner ?? "all"],
        initialPageParam: 1,
        queryFn: ({ pageParam }) => take(api.GET("/api/v1/tasks", { params: { query: { status, owner_id: owner, sort: status === "open" ? "due_at" : "-created_at", limit: 50, page: pageParam } } })),
        getNextPageParam: ({ pagination }) => (pagination.page < pagination.total_pages ? pagination.page + 1 : undefined),
        enabled: me !== undefined,
    });
    const all = tasks.data?.pages.flatMap((page) => page.data) ?? [];
    const now = new Date();
    const groups = status === "open" ? GROUPS.map((group) => [group, all.filter((task) => groupOf(task.due_at, now, zone) === group)] as const) : [[status as "done" | "cancelled", all] as const];
    const filled = groups.filter(([, ofGroup]) => ofGroup.length > 0);
    return (
        <Box sx={{ maxWidth: 860 }}>
            <PageHead title={t("nav.tasks")} hint={tasks.data && format.number(tasks.data.pages[0]?.pagination.total ?? 0)}>
                <TextField select value={who} onChange={(event) => set("who", event.target.value)} slotProps={{ select: { "aria-label": t("tasks.whose"), inputProps: { "aria-label": t("tasks.whose") } } }} sx={{ minWidth: 150 }}>
                    {me?.member && <MenuItem value="me">{t("tasks.mine")}</MenuItem>}
                    <MenuItem value="all">{t("tasks.everyone")}</MenuItem>
                    {active.filter((member) => member.id !== me?.member?.id).map((member) => (
                        <MenuItem key={member.id} value={member.id}>
                            {member.name}
                        </MenuItem>
                    ))}
                </TextField>
                <ToggleButtonGroup exclusive value={status} onChange={(_, value: string | null) => value && set("status", value)} aria-label={t("tasks.status")}>
                    {(["open", "done", "cancelled"] as const).map((each) => (
                        <ToggleButton key={each} value={each}>
                            {t(`taskStatus.${each}`)}
                        </ToggleButton>
                    ))}
                </ToggleButtonGroup>
                {may("tasks", "write") && (
                    <Button variant="contained" startIcon={<Plus size={15} aria-hidden="true" />} onClick={() => setEditing("new")}>
                        {t("tasks.new")}
                    </Button>
                )}
            </PageHead>
            {tasks.error ? (
                <Card>
                    <Failed error={tasks.error} retry={() => void tasks.refetch()} />
                </Card>
            ) : !tasks.data ? (
                <Card>
                    <Lines count={8} height={34} />
                </Card>
            ) : all.length === 0 ? (
                <Card>
                    <Empty icon={CheckCheck} title={t("tasks.none")} hint={t(status === "open" ? "tasks.noneHint" : "tasks.noneClosedHint")} />
                </Card>
            ) : (
                <Box sx={{ display: "grid", gap: 2 }}>
                    {filled.map(([group, ofGroup], at) => (
                        // The last group goes on where there are more to load.
                        <Card key={group} title={t(`tasks.group.${group}`)} hint={`${format.number(ofGroup.length)}${tasks.hasNextPage && at === filled.length - 1 ? "+" : ""}`} flush>
                            <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                                {ofGroup.map((task) => (
                                    <TaskRow key={`${task.id}-${task.version}`} task={task} showOwner={who !== "me"} onEdit={setEditing} />
                                ))}
                            </Box>
                        </Card>
                    ))}
                </Box>
            )}
            {tasks.hasNextPage && (
                <Button variant="outlined" disabled={tasks.isFetchingNextPage} onClick={() => void tasks.fetchNextPage()} sx={{ mt: 2 }}>
                    {t("events.more")}
                </Button>
            )}
            {editing && <EditTask key={editing === "new" ? "new" : editing.id} task={editing === "new" ? null : (all.find((task) => task.id === editing.id) ?? editing)} onClose={() => setEditing(null)} />}
        </Box>
    );
}

function EditTask({ task, onClose }: { task: Task | null; onClose: () => void }) {
    const t = useT();
    const me = useMe();
    const zone = useZone();
    const notify = useNotify();
    const refresh = useReread("task");
    const owners = useOwners({ current: task?.owner_id });
    const values = { title: task?.title ?? "", kind: task?.kind ?? "todo", priority: task?.priority ?? "normal", due_at: toLocal(task?.due_at, zone), owner_id: task ? (task.owner_id ?? "") : (me?.member?.id ?? ""), status: task?.status ?? "open", description: task?.description ?? "" };
    const kinds = task && !(KINDS as readonly string[]).includes(task.kind) ? [...KINDS, task.kind] : KINDS;
    const save = async (next: Values, before: Values) => {
        const due = next.due_at ? fromLocal(String(next.due_at), zone) : null;
        if (task) {
            // The field knows no seconds: what was not touched must not lose them.
            const same = next.due_at === before.due_at;
            const body = patch({ ...next, due_at: same ? before.due_at : due }, before);
            await take(api.PATCH("/api/v1/tasks/{id}", { params: { path: { id: task.id }, header: ifMatch(task.version) }, body: body as Schemas["TasksUpdateInput"] }));
        } else {
            const { status: _, ...given } = next;
            const body = { ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")), due_at: due ?? undefined };
            await take(api.POST("/api/v1/tasks", { params: { header: once() }, body: body as Schemas["TasksCreateInput"] }));
        }
        notify(task ? "tasks.saved" : "tasks.created", { type: "success" });
        await refresh();
    };
    return (
        <FormDialog open title={task ? t("tasks.edit") : t("tasks.new")} submit={t("action.save")} draft={`task/${task?.id ?? "new"}`} values={values as Values} onClose={onClose} onSubmit={save}>
            <Field name="title" label={t("tasks.title")} required autoFocus />
            <Pair>
                <Field name="kind" label={t("tasks.kind")} options={kinds.map((kind) => ({ value: kind, name: t(`taskKind.${kind}`) }))} />
                <Field name="priority" label={t("tasks.priority")} options={PRIORITIES.map((priority) => ({ value: priority, name: t(`priority.${priority}`) }))} />
                <Field name="due_at" label={t("tasks.due")} type="datetime-local" />
                <Field name="owner_id" label={t("lead.owner")} options={owners} none={t("lead.nobody")} />
            </Pair>
            {task && <Field name="status" label={t("tasks.status")} options={(["open", "done", "cancelled"] as const).map((status) => ({ value: status, name: t(`taskStatus.${status}`) }))} />}
            <Field name="description" label={t("tasks.description")} rows={3} />
        </FormDialog>
    );
}
