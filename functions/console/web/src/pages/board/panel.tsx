// A deal beside the board: what it is worth, whose it is, how it came here, and how it ends.
import { Box, Button, Drawer, IconButton, MenuItem, TextField } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { Pencil, Trophy, UserRoundPen, X } from "lucide-react";
import { useNotify, useTranslate } from "ra-core";
import { type ReactNode, useState } from "react";
import { Link } from "react-router-dom";
import type { Schemas } from "../../api/client";
import { sayError } from "../../api/problem";
import { useReread } from "../../api/reread";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { type Stage, useMay, usePipelines, useTeam } from "../../ui/known";
import { useLabel, useStageName } from "../../ui/labels";
import { Face, Failed, Lines, Muted, StatusTag, When } from "../../ui/parts";
import { TaskRow } from "../tasks/row";
import { ChooseLead, EditDeal, LostReason } from "./dialogs";
import type { Deal } from "./order";
import { closeDeal, isOvertaken, moveDeal, useDeal, useDealTasks, useStays } from "./queries";

export function DealPanel({ id, onClose }: { id: string | null; onClose: () => void }) {
    const t = useT();
    const deal = useDeal(id);
    return (
        <Drawer anchor="right" open={id !== null} onClose={onClose} slotProps={{ paper: { role: "dialog", "aria-label": deal.data?.name ?? t("deal.one"), sx: { width: { xs: "100%", sm: 440 }, borderLeft: 1, borderColor: "divider" } } }}>
            <Box sx={{ p: 2.5, display: "grid", gap: 2.5, alignContent: "start" }}>
                {deal.error ? (
                    <>
                        <IconButton aria-label={t("action.close")} onClick={onClose} sx={{ justifySelf: "end" }}>
                            <X size={18} />
                        </IconButton>
                        <Failed error={deal.error} retry={() => void deal.refetch()} />
                    </>
                ) : deal.data ? (
                    <Content deal={deal.data} onClose={onClose} />
                ) : (
                    <Lines count={8} height={24} />
                )}
            </Box>
        </Drawer>
    );
}

function Part({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
    return (
        <Box component="section" sx={{ minWidth: 0 }}>
            <Box sx={{ display: "flex", alignItems: "center", mb: 0.75, minHeight: 24 }}>
                <Box component="h3" sx={{ m: 0, fontSize: "0.8125rem", fontWeight: 620 }}>
                    {title}
                </Box>
                <Box sx={{ ml: "auto" }}>{action}</Box>
            </Box>
            {children}
        </Box>
    );
}

function Content({ deal, onClose }: { deal: Deal; onClose: () => void }) {
    const t = useT();
    const translate = useTranslate();
    const format = useFormat();
    const label = useLabel();
    const may = useMay();
    const notify = useNotify();
    const { nameOf } = useTeam();
    const { pipeline } = usePipelines();
    const refresh = useReread("deal");
    const [dialog, setDialog] = useState<"edit" | "lead" | "lose" | null>(null);
    const owner = deal.owner_name ?? nameOf(deal.owner_id);
    const close = useMutation({
        mutationFn: ({ outcome, reason }: { outcome: Schemas["DealOutcome"]; reason: string | null }) => closeDeal(deal, outcome, reason),
        onSuccess: (_, { outcome }) => notify(outcome === "won" ? "deal.wonDone" : "deal.lostDone", { type: "success" }),
        onError: (error) => notify(sayError(error, translate), { type: "error" }),
        onSettled: () => refresh(),
    });
    const writable = may("deals", "write");
    const facts: [string, ReactNode][] = [
        [t("board.pipeline"), pipeline(deal.pipeline_id)?.name],
        [t("deal.stage"), <StageChoice key="stage" deal={deal} writable={writable} />],
        [t("deal.probability"), format.percent(deal.probability)],
        [t("lead.owner"), owner && <Box key="owner" component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75 }}><Face name={owner} size={18} />{owner}</Box>],
        [t("deal.expected"), deal.expected_close_on && format.date(deal.expected_close_on)],
        [t("lead.source"), deal.source && label("source", deal.source)],
        [t("lead.campaign"), deal.campaign],
        [t("deal.createdAt"), <When key="created" at={deal.created_at} exact />],
        ...(deal.closed_at ? ([[t("deal.closedAt"), <When key="closed" at={deal.closed_at} exact />]] as [string, ReactNode][]) : []),
        ...(deal.lost_reason ? ([[t("deal.lostReason"), deal.lost_reason]] as [string, ReactNode][]) : []),
    ];
    return (
        <>
            <Box>
                <Box sx={{ display: "flex", alignItems: "flex-start", gap: 1 }}>
                    <Box component="h2" sx={{ m: 0, flex: 1, fontSize: "1.125rem", fontWeight: 650, letterSpacing: "-0.01em", lineHeight: 1.35, overflowWrap: "anywhere" }}>
                        {deal.name}
                    </Box>
                    <IconButton aria-label={t("action.close")} onClick={onClose} sx={{ mt: -0.5 }}>
                        <X size={18} />
                    </IconButton>
                </Box>
                <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, mt: 0.5 }}>
                    <Box sx={{ fontSize: "1.375rem", fontWeight: 680, letterSpacing: "-0.02em" }}>{format.money(deal.value_minor, deal.currency)}</Box>
                    <StatusTag of="dealStatus" status={deal.status} />
                </Box>
                {writable && (
                    <Box sx={{ display: "flex", flexWrap: "wrap", gap: 1, mt: 1.5 }}>
                        {deal.status === "open" && (
                            <>
                                <Button variant="contained" disabled={close.isPending} startIcon={<Trophy size={15} aria-hidden="true" />} onClick={() => close.mutate({ outcome: "won", reason: null })}>
                                    {t("deal.win")}
                                </Button>
                                <Button variant="outlined" disabled={close.isPending} startIcon={<X size={15} aria-hidden="true" />} onClick={() => setDialog("lose")}>
                                    {t("deal.lose")}
                                </Button>
                            </>
                        )}
                        <Button variant="outlined" startIcon={<Pencil size={14} aria-hidden="true" />} onClick={() => setDialog("edit")}>
                            {t("action.edit")}
                        </Button>
                    </Box>
                )}
            </Box>
            <Part
                title={t("deal.lead")}
                action={
                    writable && (
                        <Button startIcon={<UserRoundPen size={14} aria-hidden="true" />} onClick={() => setDialog("lead")} sx={{ color: "text.secondary" }}>
                            {deal.lead_id ? t("deal.changeLead") : t("deal.chooseLead")}
                        </Button>
                    )
                }
            >
                {deal.lead_id ? (
                    <Box component={Link} to={`/leads/${deal.lead_id}`} sx={{ display: "flex", alignItems: "center", gap: 1.25, p: 1.25, border: 1, borderColor: "divider", borderRadius: 1, textDecoration: "none", color: "text.primary", "&:hover": { bgcolor: "subtle" } }}>
                        <Face name={deal.lead_name ?? deal.name} size={30} />
                        <Box sx={{ minWidth: 0, lineHeight: 1.35, overflowWrap: "anywhere" }}>
                            <Box sx={{ fontWeight: 570 }}>{deal.lead_name ?? t("tasks.lead")}</Box>
                            <Muted sx={{ fontSize: "0.75rem" }}>{deal.lead_company}</Muted>
                        </Box>
                    </Box>
                ) : (
                    <Muted sx={{ fontSize: "0.8125rem" }}>{t("deal.noLead")}</Muted>
                )}
            </Part>
            <Box component="dl" sx={{ display: "grid", gridTemplateColumns: "120px minmax(0, 1fr)", columnGap: 1.5, rowGap: 0.75, m: 0, fontSize: "0.8125rem" }}>
                {facts.map(([name, value]) => (
                    <Box key={name} sx={{ display: "contents" }}>
                        <Box component="dt" sx={{ color: "text.secondary" }}>
                            {name}
                        </Box>
                        <Box component="dd" sx={{ m: 0, overflowWrap: "anywhere" }}>
                            {value || <Muted>–</Muted>}
                        </Box>
                    </Box>
                ))}
            </Box>
            {may("tasks", "read") && <Tasks deal={deal} />}
            <History deal={deal} />
            <EditDeal deal={deal} open={dialog === "edit"} onClose={() => setDialog(null)} />
            {dialog === "lead" && <ChooseLead deal={deal} open onClose={() => setDialog(null)} />}
            <LostReason
                open={dialog === "lose"}
                name={deal.name}
                onClose={() => setDialog(null)}
                onReason={(reason) => {
                    setDialog(null);
                    close.mutate({ outcome: "lost", reason });
                }}
            />
        </>
    );
}

/** Moves the deal without dragging: for fingers, for those who do not drag, and from afar. */
function StageChoice({ deal, writable }: { deal: Deal; writable: boolean }) {
    const t = useT();
    const translate = useTranslate();
    const notify = useNotify();
    const refresh = useReread("deal");
    const stageName = useStageName();
    const { pipeline, stage } = usePipelines();
    const [losing, setLosing] = useState<Stage | null>(null);
    const move = useMutation({
        mutationFn: ({ to, reason }: { to: Stage; reason?: string }) => moveDeal(deal, to.id, reason),
        onSuccess: (_, { to }) => notify("deal.moved", { type: "success", messageArgs: { stage: stageName(to.name) } }),
        onError: (error) => notify(isOvertaken(error) ? "board.conflict" : sayError(error, translate), { type: isOvertaken(error) ? "warning" : "error" }),
        onSettled: () => refresh(),
    });
    const stages = pipeline(deal.pipeline_id)?.stages ?? [];
    const place = stage(deal.stage_id);
    const named = (one: Stage | undefined) => (
        <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75 }}>
            <Box aria-hidden="true" sx={{ width: 8, height: 8, borderRadius: "50%", bgcolor: one?.color ?? "divider" }} />
            {stageName(one?.name)}
        </Box>
    );
    if (!writable || !place) return named(place);
    const choose = (id: string) => {
        const to = stages.find((one) => one.id === id);
        if (!to || to.id === deal.stage_id) return;
        // A lost deal tells why.
        if (to.is_lost) setLosing(to);
        else move.mutate({ to });
    };
    return (
        <>
            <TextField select value={move.isPending ? move.variables.to.id : deal.stage_id} disabled={move.isPending} onChange={(event) => choose(event.target.value)} slotProps={{ select: { inputProps: { "aria-label": t("deal.stage") }, SelectDisplayProps: { "aria-label": t("deal.stage") } } }} sx={{ minWidth: 180, "& .MuiInputBase-input": { py: 0.625, fontSize: "0.8125rem" }, "& .MuiOutlinedInput-root": { minHeight: 32 } }}>
                {stages.map((one) => (
                    <MenuItem key={one.id} value={one.id}>
                        {named(one)}
                    </MenuItem>
                ))}
            </TextField>
            <LostReason
                open={losing !== null}
                name={deal.name}
                onClose={() => setLosing(null)}
                onReason={(reason) => {
                    if (losing) move.mutate({ to: losing, reason });
                    setLosing(null);
                }}
            />
        </>
    );
}

function Tasks({ deal }: { deal: Deal }) {
    const t = useT();
    const tasks = useDealTasks(deal.id);
    // Its place is kept from the beginning: what stands below must not jump when the answer comes.
    return (
        <Part title={t("nav.tasks")}>
            {tasks.error ? (
                <Failed error={tasks.error} retry={() => void tasks.refetch()} />
            ) : !tasks.data ? (
                <Box sx={{ minHeight: 49 }}>
                    <Lines count={1} height={30} />
                </Box>
            ) : tasks.data.length === 0 ? (
                <Muted sx={{ fontSize: "0.8125rem" }}>{t("tasks.none")}</Muted>
            ) : (
                <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0, border: 1, borderColor: "divider", borderRadius: 1 }}>
                    {tasks.data.map((task) => (
                        <TaskRow key={task.id} task={task} showOwner />
                    ))}
                </Box>
            )}
        </Part>
    );
}

function History({ deal }: { deal: Deal }) {
    const t = useT();
    const format = useFormat();
    const stageName = useStageName();
    const stays = useStays(deal.id);
    return (
        <Part title={t("deal.history")}>
            {stays.error ? (
                <Failed error={stays.error} retry={() => void stays.refetch()} />
            ) : !stays.data ? (
                <Lines count={3} />
            ) : (
                <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0, fontSize: "0.8125rem" }}>
                    {stays.data.map((stay) => (
                        <Box key={stay.id} component="li" sx={{ position: "relative", pl: 2.5, pb: 1.25, "&::before": { content: '""', position: "absolute", left: 2, top: 6, width: 9, height: 9, borderRadius: "50%", bgcolor: stay.color ?? "divider" }, "&:not(:last-of-type)::after": { content: '""', position: "absolute", left: 6, top: 18, bottom: -2, width: "1px", bgcolor: "divider" } }}>
                            <Box sx={{ display: "flex", gap: 1 }}>
                                <Box sx={{ fontWeight: 550 }}>{stageName(stay.stage_name) || t("deal.goneStage")}</Box>
                                <Muted sx={{ ml: "auto" }}>{stay.duration_seconds !== null && stay.duration_seconds !== undefined && format.duration(stay.duration_seconds)}</Muted>
                            </Box>
                            <Muted sx={{ fontSize: "0.75rem" }}>
                                <When at={stay.entered_at} exact />
                                {stay.moved_by && ` · ${stay.moved_by === "machine" ? t("deal.machine") : (stay.moved_by_name ?? t("deal.somebody"))}`}
                                {stay.reason && ` · ${stay.reason}`}
                            </Muted>
                        </Box>
                    ))}
                </Box>
            )}
        </Part>
    );
}
