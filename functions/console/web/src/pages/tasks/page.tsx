// Tasks by when they are due: make, change, tick off.
import { Box, Button, MenuItem, TextField, ToggleButton, ToggleButtonGroup } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { CheckCheck, Plus } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "react-router-dom";
import { api, take, type Schemas } from "../../api/client";
import { useFormat } from "../../i18n/format";
import { dayOf, daysBetween } from "../../i18n/zone";
import { useT } from "../../providers/i18n";
import { Async } from "../../ui/async";
import { useMay, useMe, useTeam, useZone } from "../../ui/known";
import { Card, Empty, PageHead } from "../../ui/parts";
import { EditTask } from "./edit";
import { type Task, TaskRow } from "./row";

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
            <Async of={tasks} card lines={8} height={34} isEmpty={() => all.length === 0} empty={<Empty icon={CheckCheck} title={t("tasks.none")} hint={t(status === "open" ? "tasks.noneHint" : "tasks.noneClosedHint")} />}>
                {() => (
                    <Box sx={{ display: "grid", gap: 2 }}>
                        {filled.map(([group, ofGroup], at) => (
                            // The last group goes on where there are more to load.
                            <Card key={group} title={t(`tasks.group.${group}`)} hint={`${format.number(ofGroup.length)}${tasks.hasNextPage && at === filled.length - 1 ? "+" : ""}`} flush>
                                <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                                    {ofGroup.map((task) => (
                                        <TaskRow key={task.id} task={task} showOwner={who !== "me"} onEdit={setEditing} />
                                    ))}
                                </Box>
                            </Card>
                        ))}
                    </Box>
                )}
            </Async>
            {tasks.hasNextPage && (
                <Button variant="outlined" disabled={tasks.isFetchingNextPage} onClick={() => void tasks.fetchNextPage()} sx={{ mt: 2 }}>
                    {t("events.more")}
                </Button>
            )}
            {editing && <EditTask key={editing === "new" ? "new" : editing.id} task={editing === "new" ? null : (all.find((task) => task.id === editing.id) ?? editing)} onClose={() => setEditing(null)} />}
        </Box>
    );
}
