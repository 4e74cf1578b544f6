// What comes next with a lead or a deal: the first open task, to tick or to move; the others behind it; and a line for a new one.
import { Box, Button, Checkbox, InputBase, Menu, MenuItem, Select } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { CalendarClock, Flag, Plus } from "lucide-react";
import { type FormEvent, type ReactNode, useRef, useState } from "react";
import { api, take } from "../../api/client";
import { sayError } from "../../api/problem";
import { useReread } from "../../api/reread";
import { useFormat } from "../../i18n/format";
import { useT, useTranslate } from "../../providers/i18n";
import { Async } from "../../ui/async";
import { useOfferBack } from "../../ui/change";
import { dropDraft, keepDraft, readDraft } from "../../ui/drafts";
import { useKeys } from "../../ui/keys";
import { useMay, useMe, useZone } from "../../ui/known";
import { notify } from "../../ui/notify";
import { When } from "../../ui/parts";
import { createTask, KINDS, type Task, updateTask, useTaskChange } from "./changes";
import { type Due, dueAt, DUES } from "./due";
import { type About, EditTask } from "./edit";
import { overdue, TASK_ICON, TaskRow } from "./row";

/** The open tasks about it, the most urgent first. */
export function useOpenTasks({ lead, deal }: About) {
    const about = deal ? { deal_id: deal.id } : { lead_id: lead?.id };
    return useQuery({ queryKey: ["tasks", "of", about], queryFn: async () => (await take(api.GET("/api/v1/tasks", { params: { query: { ...about, status: "open", sort: "due_at", limit: 20 } } }))).data, enabled: useMay()("tasks", "read") });
}

/** What stands below the next step: on a phone it comes when that has its height, and is never pushed away. */
export function BelowNextStep({ about, children }: { about: About; children: ReactNode }) {
    const may = useMay();
    // What waits for the network, or has failed, holds nothing else back.
    const { isLoading } = useOpenTasks(about);
    return <Box sx={{ display: { xs: isLoading && may("tasks", "read") ? "none" : "grid", md: "grid" }, gap: "inherit", minWidth: 0 }}>{children}</Box>;
}

/** `owner`: whose it becomes where the person themselves has no tasks. */
export function NextStep({ about, owner }: { about: About; owner?: string | null }) {
    const t = useT();
    const may = useMay();
    const tasks = useOpenTasks(about);
    const [editing, setEditing] = useState<Task | "new" | null>(null);
    const writable = may("tasks", "write");
    return (
        <Box sx={{ display: "grid", gap: 1 }}>
            <Async of={tasks} lines={1} height={28}>
                {([first, ...others]) => (
                    <>
                        {first ? <First task={first} writable={writable} onEdit={() => setEditing(first)} /> : <None writable={writable} />}
                        {others.length > 0 && (
                            <Box component="ul" aria-label={t("next.others")} sx={{ listStyle: "none", m: 0, p: 0, border: 1, borderColor: "divider", borderRadius: 1 }}>
                                {others.map((task) => (
                                    <TaskRow key={task.id} task={task} showOwner onEdit={setEditing} />
                                ))}
                            </Box>
                        )}
                    </>
                )}
            </Async>
            {writable && <Composer about={about} owner={owner} onMore={() => setEditing("new")} />}
            {editing === "new" && <EditTask task={null} about={about} onClose={() => setEditing(null)} />}
            {editing && editing !== "new" && <Open key={editing.id} seen={editing} listed={tasks.data?.find((task) => task.id === editing.id)} about={about} onClose={() => setEditing(null)} />}
        </Box>
    );
}

/** The task as it is by now, not as it was clicked: else a conflict would never end. Also one that somebody else has completed meanwhile. */
function Open({ seen, listed, about, onClose }: { seen: Task; listed: Task | undefined; about: About; onClose: () => void }) {
    const { data } = useQuery({ queryKey: ["task", seen.id], queryFn: () => take(api.GET("/api/v1/tasks/{id}", { params: { path: { id: seen.id } } })), enabled: !listed });
    return <EditTask task={listed ?? data ?? seen} about={about} onClose={onClose} />;
}

function First({ task, writable, onEdit }: { task: Task; writable: boolean; onEdit: () => void }) {
    const t = useT();
    const { tick } = useTaskChange();
    const late = overdue(task);
    const Icon = TASK_ICON[task.kind] ?? Flag;
    return (
        <Box data-next={task.id} sx={{ display: "flex", alignItems: "center", flexWrap: "wrap", columnGap: 1, minHeight: 44, pl: 0.5, pr: 1, borderRadius: 1, bgcolor: late ? "bad.soft" : "subtle" }}>
            <Checkbox checked={task.status !== "open"} disabled={!writable || task.status !== "open"} onChange={() => void tick(task)} slotProps={{ input: { "aria-label": t("tasks.complete", { title: task.title }) } }} />
            <Icon size={15} aria-hidden="true" />
            <Box sx={{ flex: "1 1 140px", minWidth: 0, overflowWrap: "anywhere", fontWeight: 570 }}>{task.title}</Box>
            <Move task={task} late={late} writable={writable} onEdit={onEdit} />
        </Box>
    );
}

/** When it is due, and another time. */
function Move({ task, late, writable, onEdit }: { task: Task; late: boolean; writable: boolean; onEdit: () => void }) {
    const t = useT();
    const zone = useZone();
    const { reschedule } = useTaskChange();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const when = task.due_at ? <When at={task.due_at} /> : t("tasks.noDate");
    if (!writable) return when;
    return (
        <>
            <Button aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)} startIcon={<CalendarClock size={14} aria-hidden="true" />} sx={{ color: late ? "bad.main" : "text.secondary", fontWeight: late ? 600 : undefined }}>
                {late ? t("next.late") : null} {when}
            </Button>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
                {DUES.map((due) => (
                    <MenuItem
                        key={due}
                        onClick={() => {
                            setAnchor(null);
                            void reschedule(task, dueAt(due, new Date(), zone), t(`dueNow.${due}`));
                        }}
                    >
                        {t(`due.${due}`)}
                    </MenuItem>
                ))}
                <MenuItem
                    onClick={() => {
                        setAnchor(null);
                        onEdit();
                    }}
                >
                    {t("due.other")}
                </MenuItem>
            </Menu>
        </>
    );
}

function None({ writable }: { writable: boolean }) {
    const t = useT();
    return (
        <Box data-next="none" sx={{ display: "flex", alignItems: "center", gap: 1, minHeight: 44, px: 1.5, borderRadius: 1, bgcolor: "tier.warm.soft", color: "tier.warm.main", fontWeight: 570 }}>
            <Flag size={15} aria-hidden="true" />
            {t(writable ? "next.none" : "next.nothing")}
        </Box>
    );
}

/** One line; Enter saves, and the line is there for the next one. */
function Composer({ about, owner, onMore }: { about: About; owner?: string | null; onMore: () => void }) {
    const t = useT();
    const me = useMe();
    const zone = useZone();
    const format = useFormat();
    const translate = useTranslate();
    const refresh = useReread("task");
    const offerBack = useOfferBack("task");
    const input = useRef<HTMLInputElement>(null);
    const draft = `task/of/${about.deal?.id ?? about.lead?.id}`;
    const [title, setTitle] = useState(() => readDraft<{ title: string }>(draft, ["title"])?.values.title ?? "");
    const [kind, setKind] = useState<(typeof KINDS)[number]>("todo");
    const [due, setDue] = useState<Due>("tomorrow");
    const [busy, setBusy] = useState(false);
    useKeys([{ keys: "n", label: "keys.compose", run: () => input.current?.focus() }]);
    const write = (next: string) => {
        setTitle(next);
        if (next.trim()) keepDraft(draft, { before: { title: "" }, values: { title: next }, at: Date.now() });
        else dropDraft(draft);
    };
    const save = async (event: FormEvent) => {
        event.preventDefault();
        if (!title.trim() || busy) return;
        setBusy(true);
        const given = title.trim();
        // What is typed until the answer is there is the next one.
        write("");
        try {
            const made = await createTask({ title: given, kind, due_at: dueAt(due, new Date(), zone), owner_id: me?.member?.id ?? owner ?? null, lead_id: about.lead?.id ?? null, deal_id: about.deal?.id ?? null });
            offerBack("tasks.created", made, { status: "cancelled" }, (version) => updateTask(made.id, version, { status: "cancelled" }));
            void refresh();
        } catch (error) {
            // It is back in the line.
            write(given);
            notify(sayError(error, translate), { type: "error" });
        } finally {
            setBusy(false);
        }
    };
    const small = { fontSize: "s", "& .MuiSelect-select": { py: 0.5 }, "& fieldset": { border: 0 } };
    return (
        <Box component="form" onSubmit={(event: FormEvent) => void save(event)} sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 0.5, minHeight: 40, px: 1, border: 1, borderColor: "divider", borderRadius: 1, "&:focus-within": { borderColor: "primary.main" } }}>
            <Plus size={15} aria-hidden="true" />
            <InputBase inputRef={input} value={title} onChange={(event) => write(event.target.value)} placeholder={t("next.placeholder")} slotProps={{ input: { "aria-label": t("next.compose"), "aria-keyshortcuts": "n", maxLength: 200 } }} sx={{ flex: "1 1 160px", fontSize: "m" }} />
            <Select value={kind} onChange={(event) => setKind(event.target.value)} inputProps={{ "aria-label": t("tasks.kind") }} SelectDisplayProps={{ "aria-label": t("tasks.kind") }} sx={small}>
                {KINDS.map((each) => (
                    <MenuItem key={each} value={each}>
                        {t(`taskKind.${each}`)}
                    </MenuItem>
                ))}
            </Select>
            <Select value={due} onChange={(event) => setDue(event.target.value)} inputProps={{ "aria-label": t("tasks.due") }} SelectDisplayProps={{ "aria-label": t("tasks.due"), title: dueTitle(due, format, zone) }} sx={small}>
                {DUES.map((each) => (
                    <MenuItem key={each} value={each}>
                        {t(`due.${each}`)}
                    </MenuItem>
                ))}
            </Select>
            <Button type="submit" disabled={busy || !title.trim()}>
                {t("next.add")}
            </Button>
            <Button onClick={onMore} sx={{ color: "text.secondary" }}>
                {t("next.more")}
            </Button>
        </Box>
    );
}

const dueTitle = (due: Due, format: ReturnType<typeof useFormat>, zone: string | undefined) => {
    const at = dueAt(due, new Date(), zone);
    return at ? format.dateTime(at) : undefined;
};
