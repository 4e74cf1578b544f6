// A deal on the board: what it is worth, when it may close, whose it is, and what comes next; a menu for those who do not drag.
import { Draggable } from "@hello-pangea/dnd";
import { Box, IconButton } from "@mui/material";
import { ArrowRight, CalendarClock, Ellipsis, Flag, PanelRight } from "lucide-react";
import { useState } from "react";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { type Action, ActionMenu } from "../../ui/actions";
import { type Stage, useTeam } from "../../ui/known";
import { useStageName } from "../../ui/labels";
import { Face, Hidden, Muted, When } from "../../ui/parts";
import type { Task } from "../tasks/changes";
import { overdue } from "../tasks/row";
import { cardName, type Deal } from "./order";

export interface CardProps {
    deal: Deal;
    /** Of the board: it need not stand on every card. */
    pipeline: string;
    at: number;
    writable: boolean;
    next: Task | null | undefined;
    /** Where it can go. */
    stages: readonly Stage[];
    onOpen: (deal: string) => void;
    onMove: (deal: string, stage: string) => void;
}

export function DealCard({ deal, pipeline, at, writable, next, stages, onOpen, onMove }: CardProps) {
    const t = useT();
    const format = useFormat();
    const { nameOf } = useTeam();
    const owner = deal.owner_name ?? nameOf(deal.owner_id);
    const late = deal.status === "open" && deal.expected_close_on && deal.expected_close_on < format.today();
    const about = [deal.lead_name && !deal.name.startsWith(deal.lead_name) ? deal.lead_name : null, deal.lead_company].filter(Boolean).join(" · ");
    return (
        <Draggable draggableId={deal.id} index={at} isDragDisabled={!writable}>
            {(drag, { isDragging }) => (
                <Box ref={drag.innerRef} {...drag.draggableProps} sx={{ position: "relative", mb: 0.75, "& .menu": { opacity: 0 }, "&:hover .menu, &:focus-within .menu": { opacity: 1 }, "@media (hover: none)": { "& .menu": { opacity: 1 } } }}>
                    <Box
                        {...drag.dragHandleProps}
                        role="button"
                        tabIndex={0}
                        data-deal={deal.id}
                        onClick={() => onOpen(deal.id)}
                        onKeyDown={(event: React.KeyboardEvent) => {
                            // Where it cannot be lifted, Space presses it as any button, and does not scroll the page.
                            if (event.key === "Enter" || (event.key === " " && !writable)) {
                                event.preventDefault();
                                onOpen(deal.id);
                            }
                        }}
                        sx={{ bgcolor: "background.paper", border: 1, borderColor: isDragging ? "primary.main" : "divider", borderRadius: 1, px: 1.25, py: 1, cursor: "pointer", userSelect: "none", boxShadow: isDragging ? "0 10px 26px rgb(0 0 0 / 20%)" : "none", "&:hover": { borderColor: "text.disabled" } }}
                    >
                        <Box sx={{ fontWeight: 570, fontSize: "m", lineHeight: 1.35, overflowWrap: "anywhere", pr: writable ? 2 : 0 }}>{cardName(deal, pipeline)}</Box>
                        {about && <Muted sx={{ display: "block", fontSize: "s", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{about}</Muted>}
                        <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 1, mt: 0.75, fontSize: "s" }}>
                            <Box sx={{ fontWeight: 620, fontSize: "m" }}>{format.money(deal.value_minor, deal.currency)}</Box>
                            {deal.expected_close_on && (
                                <Box sx={{ display: "inline-flex", alignItems: "center", gap: 0.375, color: late ? "bad.main" : "text.secondary" }}>
                                    <CalendarClock size={12} aria-hidden="true" />
                                    {format.date(deal.expected_close_on)}
                                </Box>
                            )}
                            <Box sx={{ ml: "auto" }} title={owner ?? t("board.noOwner")}>
                                {owner ? <Face name={owner} size={20} /> : <Muted>–</Muted>}
                                <Hidden>{owner ?? t("board.noOwner")}</Hidden>
                            </Box>
                        </Box>
                        {deal.status === "open" && <Next task={next} />}
                    </Box>
                    {writable && !isDragging && <Menu deal={deal} pipeline={pipeline} stages={stages} onOpen={onOpen} onMove={onMove} />}
                </Box>
            )}
        </Draggable>
    );
}

/** Overdue in red, none in amber; while it is not known, its room is kept. */
function Next({ task }: { task: Task | null | undefined }) {
    const t = useT();
    const late = task ? overdue(task) : false;
    const color = task === null ? "tier.warm.main" : late ? "bad.main" : "text.secondary";
    return (
        <Box data-step={task === undefined ? undefined : task === null ? "none" : late ? "late" : "open"} sx={{ display: "flex", alignItems: "center", gap: 0.5, mt: 0.5, minHeight: 18, fontSize: "s", color, fontWeight: late ? 600 : undefined }}>
            {task !== undefined && <Flag size={12} aria-hidden="true" style={{ flexShrink: 0 }} />}
            {task === null && t("next.nothing")}
            {task && (
                <>
                    <Box component="span" sx={{ minWidth: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
                        {task.title}
                    </Box>
                    <Box component="span" sx={{ ml: "auto", whiteSpace: "nowrap" }}>
                        {task.due_at ? <When at={task.due_at} /> : t("tasks.noDate")}
                    </Box>
                </>
            )}
        </Box>
    );
}

/** Beside the card's own button, not in it: a button holds no other. */
function Menu({ deal, pipeline, stages, onOpen, onMove }: Pick<CardProps, "deal" | "pipeline" | "stages" | "onOpen" | "onMove">) {
    const t = useT();
    const stageName = useStageName();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const actions: Action[] = [
        { key: "open", label: t("choice.open"), icon: PanelRight, run: () => onOpen(deal.id) },
        ...stages.filter(({ id }) => id !== deal.stage_id).map(({ id, name }) => ({ key: id, label: t("board.moveTo", { stage: stageName(name) }), icon: ArrowRight, run: () => onMove(deal.id, id) })),
    ];
    return (
        <>
            <IconButton className="menu" aria-label={t("board.menu", { name: cardName(deal, pipeline) })} aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)} sx={{ position: "absolute", top: 5, right: 4, minWidth: 24, minHeight: 24, p: 0.25, bgcolor: "background.paper" }}>
                <Ellipsis size={15} />
            </IconButton>
            <ActionMenu of={actions} anchor={anchor} onClose={() => setAnchor(null)} />
        </>
    );
}
