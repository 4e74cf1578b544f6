// The board of a pipeline: a column per stage, deals to drag by mouse, finger or keyboard.
import { type BeforeCapture, DragDropContext, Draggable, Droppable, type DragStart, type DragUpdate, type DropResult, type ResponderProvided } from "@hello-pangea/dnd";
import { Box, Button, Skeleton, Tab, Tabs } from "@mui/material";
import { CalendarClock, Calendar, Check, CircleDot, FileText, Handshake, Inbox, KanbanSquare, Plus, Trophy, X, type LucideIcon } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { useFormat } from "../../i18n/format";
import { styleNonce } from "../../nonce";
import { useT } from "../../providers/i18n";
import { useOnline } from "../../shell/offline";
import { FilterMenu, SearchBox } from "../../ui/filters";
import { useMay, usePipelines, useTeam } from "../../ui/known";
import { useStageName } from "../../ui/labels";
import { Card, Empty, Face, Failed, Hidden, Muted, PageHead } from "../../ui/parts";
import { LostReason, NewDeal } from "./dialogs";
import { type Board, cardName, type Column, type Deal, find, narrowed, type Spot, spotOn } from "./order";
import { DealPanel } from "./panel";
import { SHOWN_PER_COLUMN, useBoard, useDeal, useMove } from "./queries";
import { bringWithinReach } from "./reach";

const STAGE_ICON: Record<string, LucideIcon> = { inbox: Inbox, check: Check, calendar: Calendar, "file-text": FileText, handshake: Handshake, trophy: Trophy, x: X };

export default function BoardPage() {
    const t = useT();
    const go = useNavigate();
    const may = useMay();
    const { pipelineId } = useParams();
    const [creating, setCreating] = useState(false);
    const { pipelines, error, refetch } = usePipelines();
    const [params] = useSearchParams();
    const deal = useDeal(params.get("deal"));
    const live = pipelines?.filter((pipeline) => !pipeline.archived_at || pipeline.id === pipelineId) ?? [];
    const chosen = pipelineId ?? live[0]?.id;
    const archived = live.find((pipeline) => pipeline.id === chosen)?.archived_at;
    // What a board is narrowed to holds for the next one too; which deal is open does not.
    const kept = new URLSearchParams([...params].filter(([name]) => name !== "deal")).toString();
    return (
        <>
            <PageHead title={t("nav.board")} tab={deal.data?.name ?? live.find((pipeline) => pipeline.id === chosen)?.name}>
                {live.length > 0 && !archived && may("deals", "write") && (
                    <Button variant="contained" startIcon={<Plus size={15} aria-hidden="true" />} onClick={() => setCreating(true)}>
                        {t("deal.new")}
                    </Button>
                )}
            </PageHead>
            {creating && <NewDeal pipeline={chosen} onClose={() => setCreating(false)} onCreated={(deal) => go(`/board/${deal.pipeline_id}?deal=${deal.id}`)} />}
            {error ? (
                <Card>
                    <Failed error={error} retry={() => void refetch()} />
                </Card>
            ) : pipelines && live.length === 0 ? (
                <Card>
                    <Empty icon={KanbanSquare} title={t("board.noPipelines")} hint={t("board.noPipelinesHint")} />
                </Card>
            ) : (
                <>
                    {live.length > 0 && (
                        <Tabs value={live.some((each) => each.id === chosen) ? chosen : false} onChange={(_, id: string) => go(`/board/${id}${kept && `?${kept}`}`)} variant="scrollable" scrollButtons={false} aria-label={t("board.pipelines")} sx={{ borderBottom: 1, borderColor: "divider", mb: 1.5 }}>
                            {live.map((pipeline) => (
                                <Tab key={pipeline.id} value={pipeline.id} label={pipeline.name} />
                            ))}
                        </Tabs>
                    )}
                    {chosen ? <Pipeline key={chosen} id={chosen} /> : <Waiting />}
                </>
            )}
        </>
    );
}

function Waiting() {
    const t = useT();
    return (
        <Box role="status" aria-label={t("state.loading")} sx={{ display: "flex", gap: 1.5, overflow: "hidden" }}>
            {[5, 3, 4, 2, 3].map((count, at) => (
                <Box key={at} sx={{ width: 264, flexShrink: 0, display: "grid", gap: 1, alignContent: "start" }}>
                    <Skeleton variant="rounded" height={36} />
                    {Array.from({ length: count }, (_, each) => (
                        <Skeleton key={each} variant="rounded" height={84} />
                    ))}
                </Box>
            ))}
        </Box>
    );
}

function Pipeline({ id }: { id: string }) {
    const t = useT();
    const format = useFormat();
    const may = useMay();
    // Without a connection nothing can be moved: it would look moved, and would not be.
    const online = useOnline();
    const board = useBoard(id);
    const move = useMove(id);
    const [params, setParams] = useSearchParams();
    const [losing, setLosing] = useState<{ id: string; to: Spot } | null>(null);
    const wanted = { text: params.get("q") ?? "", owner: params.get("owner") ?? undefined };
    const view = board.data && narrowed(board.data, wanted);
    const newest = useRef(board.data);
    newest.current = board.data;
    // While a deal is in the air the columns stay as they were when it was lifted, although others move deals too.
    const [held, setHeld] = useState<Board | null>(null);

    const set = useCallback((name: "deal" | "q" | "owner", value: string | undefined, replace = false) => setParams((now) => {
        const next = new URLSearchParams(now);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
    }, { replace }), [setParams]);
    const open = useCallback((deal: string | null) => set("deal", deal ?? undefined, deal === null), [set]);
    const word = useStageName();
    const stageName = (stage: string) => word(board.data?.columns.find((column) => column.stage.id === stage)?.stage.name);
    const dealName = (deal: string) => (board.data && find(board.data, deal)?.deal.name) ?? "";
    const scrolled = useRef<HTMLElement>(null);
    // Lifted by keyboard, it goes from column to column; before the columns are measured, those beside it must be in sight.
    const lift = ({ draggableId, mode }: BeforeCapture) => {
        const from = mode === "SNAP" && view ? find(view, draggableId)?.column.stage.id : undefined;
        if (from) bringWithinReach(scrolled.current, from);
    };
    const start = (drag: DragStart, { announce }: ResponderProvided) => {
        setHeld(view ?? null);
        announce(t("board.lifted", { name: dealName(drag.draggableId), stage: stageName(drag.source.droppableId), at: drag.source.index + 1 }));
    };
    const over = (drag: DragUpdate, { announce }: ResponderProvided) => {
        if (drag.mode === "SNAP" && drag.destination) bringWithinReach(scrolled.current, drag.destination.droppableId);
        announce(drag.destination ? t("board.over", { stage: stageName(drag.destination.droppableId), at: drag.destination.index + 1 }) : t("board.nowhere"));
    };
    const drop = (drag: DropResult, { announce }: ResponderProvided) => {
        const { destination, source, draggableId } = drag;
        setHeld(null);
        if (!destination || (destination.droppableId === source.droppableId && destination.index === source.index)) {
            announce(t("board.back"));
            return;
        }
        announce(t("board.dropped", { name: dealName(draggableId), stage: stageName(destination.droppableId), at: destination.index + 1 }));
        const whole = newest.current;
        const seen = held ?? view;
        if (!whole || !seen) return;
        const to = spotOn(whole, seen, draggableId, { stage: destination.droppableId, index: destination.index });
        const target = whole.columns.find((column) => column.stage.id === to.stage);
        // A lost deal tells why; until then it stays where it was.
        if (target?.stage.is_lost && source.droppableId !== to.stage) setLosing({ id: draggableId, to });
        else move(draggableId, to);
    };

    if (board.error && !board.data) return <Card><Failed error={board.error} retry={() => void board.refetch()} /></Card>;
    if (!board.data || !view) return <Waiting />;
    const whole = board.data;
    const seen = held ?? view;
    const running = seen.columns.filter((column) => !column.stage.is_won && !column.stage.is_lost);
    const total = (pick: (column: Column) => number) => running.reduce((sum, column) => sum + pick(column), 0);
    return (
        <>
            <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 2.5, rowGap: 1, mb: 1.5, fontSize: "0.8125rem" }}>
                <Narrow board={whole} text={wanted.text} owner={wanted.owner} set={set} />
                <span role="status">
                    <b>{format.number(total((column) => column.count))}</b> <Muted>{t("board.openDeals")}</Muted>
                </span>
                <span>
                    <b>{format.moneyRound(total((column) => column.value_minor), whole.currency)}</b> <Muted>{t("board.value")}</Muted>
                </span>
                <span>
                    <b>{format.moneyRound(total((column) => column.weighted_minor), whole.currency)}</b> <Muted>{t("board.weighted")}</Muted>
                </span>
            </Box>
            <DragDropContext nonce={styleNonce()} dragHandleUsageInstructions={t("board.instructions")} onBeforeCapture={lift} onDragStart={start} onDragUpdate={over} onDragEnd={drop}>
                <Box ref={scrolled} sx={{ position: "relative", display: "flex", gap: 1.25, overflowX: "auto", pb: 2, mx: { xs: -1.5, sm: 0 }, px: { xs: 1.5, sm: 0 }, scrollSnapType: { xs: "x proximity", sm: "none" }, alignItems: "stretch", minHeight: "calc(100dvh - 204px)" }} role="region" aria-label={t("nav.board")} tabIndex={0}>
                    {seen.columns.map((column) => (
                        <Stage key={column.stage.id} column={column} whole={whole.columns.find((one) => one.stage.id === column.stage.id) ?? column} narrowed={view !== whole} pipeline={whole.name} currency={whole.currency} writable={may("deals", "write") && online} onOpen={open} />
                    ))}
                </Box>
            </DragDropContext>
            <LostReason
                open={losing !== null}
                name={losing ? dealName(losing.id) : ""}
                onClose={() => setLosing(null)}
                onReason={(reason) => {
                    if (losing) move(losing.id, losing.to, reason);
                    setLosing(null);
                }}
            />
            <DealPanel id={params.get("deal")} onClose={() => open(null)} />
        </>
    );
}

/** What the board is narrowed to. It stays in the address. */
function Narrow({ board, text, owner, set }: { board: Board; text: string; owner: string | undefined; set: (name: "q" | "owner", value: string | undefined, replace?: boolean) => void }) {
    const t = useT();
    const { members } = useTeam();
    const has = new Set(board.columns.flatMap((column) => column.deals.map((deal) => deal.owner_id)));
    // Who left the team may still have deals here.
    const owners = members.filter(({ id, active }) => active || id === owner || has.has(id));
    return (
        <Box role="search" aria-label={t("board.search")} sx={{ display: "flex", flexWrap: "wrap", gap: 0.75, width: { xs: "100%", sm: "auto" } }}>
            <SearchBox label={t("board.search")} value={text} onSearch={(q) => set("q", q, true)} />
            <FilterMenu title={t("lead.owner")} value={owner} choices={owners.map(({ id, name }) => ({ value: id, name }))} onChoose={(next) => set("owner", next)} />
        </Box>
    );
}

/** `whole` is the column with the deals that the search leaves out. */
function Stage({ column, whole, narrowed, pipeline, currency, writable, onOpen }: { column: Column; whole: Column; narrowed: boolean; pipeline: string; currency: string; writable: boolean; onOpen: (deal: string) => void }) {
    const t = useT();
    const format = useFormat();
    const { stage } = column;
    const name = useStageName()(stage.name);
    const Icon = STAGE_ICON[stage.icon] ?? CircleDot;
    const hidden = whole.count - whole.deals.length;
    const nothing = hidden > 0 ? t("board.noMatchAmong", { shown: SHOWN_PER_COLUMN }) : t("board.noMatch");
    return (
        <Box component="section" aria-label={t("board.column", { stage: name, smart_count: column.count, value: format.money(column.value_minor, currency) })} data-stage={stage.id} data-stage-name={stage.name} sx={{ width: { xs: "80vw", sm: 256 }, flexShrink: 0, display: "flex", flexDirection: "column", scrollSnapAlign: "center", bgcolor: "subtle", borderRadius: 1.25, borderTop: `3px solid ${stage.color}` }}>
            <Box component="header" sx={{ px: 1.25, pt: 1, pb: 0.75 }}>
                <Box sx={{ display: "flex", alignItems: "center", gap: 0.75 }}>
                    <Icon size={15} aria-hidden="true" />
                    <Box component="h2" sx={{ m: 0, fontSize: "0.8125rem", fontWeight: 620 }}>
                        {name}
                    </Box>
                    <Muted sx={{ fontSize: "0.75rem" }}>{narrowed ? t("board.shownOf", { shown: format.number(column.count), count: format.number(whole.count) }) : format.number(column.count)}</Muted>
                    <Muted sx={{ ml: "auto", fontSize: "0.75rem" }}>{t("board.probability", { percent: format.percent(stage.probability) })}</Muted>
                </Box>
                <Box sx={{ fontSize: "0.8125rem", mt: 0.25, fontWeight: 550 }}>
                    {format.money(column.value_minor, currency)}
                    {column.other_currencies.map((sum) => (
                        <Muted key={sum.currency} sx={{ ml: 0.75, fontWeight: 400 }}>
                            + {format.money(sum.value_minor, sum.currency)}
                        </Muted>
                    ))}
                </Box>
            </Box>
            <Droppable droppableId={stage.id} isDropDisabled={!writable}>
                {(drop, { isDraggingOver }) => (
                    <Box ref={drop.innerRef} {...drop.droppableProps} sx={{ flex: 1, minHeight: 96, px: 0.75, pb: 0.75, borderRadius: 1.25, transition: "background-color 120ms", bgcolor: isDraggingOver ? "note.soft" : "transparent" }}>
                        {column.deals.map((deal, at) => (
                            <DealCard key={deal.id} deal={deal} pipeline={pipeline} at={at} writable={writable} onOpen={onOpen} />
                        ))}
                        {drop.placeholder}
                        {column.deals.length === 0 && !isDraggingOver && <Muted sx={{ display: "block", textAlign: "center", fontSize: "0.75rem", py: 3 }}>{narrowed && whole.count > 0 ? nothing : writable ? t("board.emptyStage") : t("board.nothing")}</Muted>}
                        {hidden > 0 && <Muted sx={{ display: "block", textAlign: "center", fontSize: "0.75rem", py: 1 }}>{narrowed ? t("board.notSearched", { smart_count: hidden }) : t("board.hidden", { smart_count: hidden, shown: SHOWN_PER_COLUMN })}</Muted>}
                    </Box>
                )}
            </Droppable>
        </Box>
    );
}

function DealCard({ deal, pipeline, at, writable, onOpen }: { deal: Deal; pipeline: string; at: number; writable: boolean; onOpen: (deal: string) => void }) {
    const t = useT();
    const format = useFormat();
    const { nameOf } = useTeam();
    const owner = deal.owner_name ?? nameOf(deal.owner_id);
    const late = deal.status === "open" && deal.expected_close_on && deal.expected_close_on < format.today();
    const about = [deal.lead_name && !deal.name.startsWith(deal.lead_name) ? deal.lead_name : null, deal.lead_company].filter(Boolean).join(" · ");
    return (
        <Draggable draggableId={deal.id} index={at} isDragDisabled={!writable}>
            {(drag, { isDragging }) => (
                <Box
                    ref={drag.innerRef}
                    {...drag.draggableProps}
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
                    sx={{ bgcolor: "background.paper", border: 1, borderColor: isDragging ? "primary.main" : "divider", borderRadius: 1, px: 1.25, py: 1, mb: 0.75, cursor: "pointer", userSelect: "none", boxShadow: isDragging ? "0 10px 26px rgb(0 0 0 / 20%)" : "none", "&:hover": { borderColor: "text.disabled" } }}
                >
                    <Box sx={{ fontWeight: 570, fontSize: "0.8125rem", lineHeight: 1.35, overflowWrap: "anywhere" }}>{cardName(deal, pipeline)}</Box>
                    {about && <Muted sx={{ display: "block", fontSize: "0.75rem", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{about}</Muted>}
                    <Box sx={{ display: "flex", alignItems: "center", gap: 1, mt: 0.75, fontSize: "0.75rem" }}>
                        <Box sx={{ fontWeight: 620, fontSize: "0.8125rem" }}>{format.money(deal.value_minor, deal.currency)}</Box>
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
                </Box>
            )}
        </Draggable>
    );
}
