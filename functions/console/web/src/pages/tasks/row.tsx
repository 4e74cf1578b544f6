// A task in a list: tick it off, see whom it is about and when it is due.
import { Box, Checkbox, IconButton, Tooltip } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { CalendarDays, CircleHelp, Mail, MessagesSquare, Pencil, Phone, SquareCheck, UserPlus, type LucideIcon } from "lucide-react";
import { useNotify, useTranslate } from "ra-core";
import { Link } from "react-router-dom";
import { api, ifMatch, once, take, type Schemas } from "../../api/client";
import { sayError } from "../../api/problem";
import { useReread } from "../../api/reread";
import { useT } from "../../providers/i18n";
import { useMay } from "../../ui/known";
import { Muted, Tag, When } from "../../ui/parts";

export type Task = Schemas["TaskView"];

export const TASK_ICON: Record<string, LucideIcon> = { follow_up: MessagesSquare, decide_pipeline: CircleHelp, assign_owner: UserPlus, call: Phone, email: Mail, meeting: CalendarDays, todo: SquareCheck };

export function overdue(task: Pick<Task, "due_at" | "status">, now = Date.now()): boolean {
    return task.status === "open" && Boolean(task.due_at) && Date.parse(task.due_at!) < now;
}

export function TaskRow({ task, showOwner, onEdit }: { task: Task; showOwner?: boolean; onEdit?: (task: Task) => void }) {
    const t = useT();
    const translate = useTranslate();
    const notify = useNotify();
    const may = useMay();
    const refresh = useReread("task");
    const complete = useMutation({
        mutationFn: () => take(api.POST("/api/v1/tasks/{id}/complete", { params: { path: { id: task.id }, header: { ...ifMatch(task.version), ...once() } }, body: {} })),
        onSuccess: () => notify("tasks.completed", { type: "success", messageArgs: { title: task.title } }),
        onError: (error) => notify(sayError(error, translate), { type: "error" }),
        onSettled: refresh,
    });
    const done = task.status !== "open" || complete.isPending || complete.isSuccess;
    const Icon = TASK_ICON[task.kind] ?? SquareCheck;
    return (
        <Box component="li" sx={{ display: "grid", gridTemplateColumns: "auto minmax(0, 1fr) auto auto", gridTemplateAreas: { xs: '"box title title edit" "box due due edit"', sm: '"box title due edit"' }, alignItems: "start", columnGap: 0.5, pl: 1, pr: 1.5, py: 0.625, borderBottom: 1, borderColor: "divider", "&:last-of-type": { borderBottom: 0 } }}>
            <Checkbox checked={done} disabled={done || !may("tasks", "write")} onChange={() => complete.mutate()} slotProps={{ input: { "aria-label": t("tasks.complete", { title: task.title }) } }} sx={{ gridArea: "box" }} />
            <Box sx={{ gridArea: "title", minWidth: 0, pt: 0.625, lineHeight: 1.35 }}>
                <Box sx={{ fontWeight: 500, textDecoration: done ? "line-through" : "none", color: done ? "text.secondary" : "text.primary", overflowWrap: "anywhere" }}>{task.title}</Box>
                <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 1, rowGap: 0.25, fontSize: "0.75rem", color: "text.secondary", mt: 0.25 }}>
                    <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.5 }}>
                        <Icon size={12} aria-hidden="true" />
                        {t(`taskKind.${task.kind}`)}
                    </Box>
                    {task.lead_id && (
                        <Box component={Link} to={`/leads/${task.lead_id}`} sx={{ color: "inherit", overflowWrap: "anywhere" }}>
                            {task.lead_name ?? t("tasks.lead")}
                        </Box>
                    )}
                    {showOwner && <span>{task.owner_name ?? t("tasks.nobody")}</span>}
                    {task.priority === "high" && <Tag tone="bad">{t("priority.high")}</Tag>}
                </Box>
            </Box>
            <Box sx={{ gridArea: "due", pt: { xs: 0.25, sm: 0.75 }, pb: { xs: 0.25, sm: 0 }, fontSize: "0.75rem", textAlign: { xs: "left", sm: "right" }, whiteSpace: "nowrap", color: overdue(task) ? "bad.main" : "text.secondary", fontWeight: overdue(task) ? 600 : 400 }}>
                {task.status === "done" ? (
                    <Muted>
                        <When at={task.completed_at} />
                    </Muted>
                ) : task.due_at ? (
                    <>
                        {overdue(task) && `${t("tasks.overdue")} · `}
                        <When at={task.due_at} />
                    </>
                ) : (
                    t("tasks.noDate")
                )}
            </Box>
            {onEdit && may("tasks", "write") && (
                <Tooltip title={t("action.edit")}>
                    <IconButton aria-label={t("tasks.editOne", { title: task.title })} onClick={() => onEdit(task)} sx={{ gridArea: "edit" }}>
                        <Pencil size={15} />
                    </IconButton>
                </Tooltip>
            )}
        </Box>
    );
}
