// The board of a pipeline: a column per stage, deals to drag by mouse, finger or keyboard.
import { type BeforeCapture, DragDropContext, type DragStart, type DragUpdate, type DropResult, type ResponderProvided } from "@hello-pangea/dnd";
import { Box } from "@mui/material";
import { useCallback, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useSearchParams } from "react-router-dom";
import { useFormat } from "../../i18n/format";
import { styleNonce } from "../../nonce";
import { useT } from "../../providers/i18n";
import { useStored } from "../../providers/store";
import { useOnline } from "../../shell/offline";
import { FilterMenu, SearchBox } from "../../ui/filters";
import { useMay, useTeam } from "../../ui/known";
import { useStageName } from "../../ui/labels";
import { Card, Failed, Muted } from "../../ui/parts";
import { PANEL_WIDTH } from "../../ui/side-panel";
import { useNextSteps } from "../tasks/next-steps";
import { isRail, Stage } from "./column";
import { LostReason, NewDeal } from "./dialogs";
import { fits, GAP, useWidth } from "./fit";
import { type Board, type Column, find, narrowed, type Spot, spotOn } from "./order";
import { DealPanel } from "./panel";
import { useBoard, useMove } from "./queries";
import { bringWithinReach } from "./reach";
import { Waiting } from "./waiting";

const NONE: readonly string[] = [];

export function Pipeline({ id }: { id: string }) {
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
    const [carrying, setCarrying] = useState(false);
    const [adding, setAdding] = useState<string | null>(null);
    const [unfolded, setUnfolded] = useStored<readonly string[]>("board.unfolded", NONE);
    const next = useNextSteps();
    const [frame, width] = useWidth();

    const set = useCallback((name: "deal" | "q" | "owner", value: string | undefined, replace = false) => setParams((now) => {
        const next = new URLSearchParams(now);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
    }, { replace }), [setParams]);
    const openDeal = params.get("deal");
    // From one deal to the next is no step to go back to.
    const open = useCallback((deal: string | null) => set("deal", deal ?? undefined, deal === null || openDeal !== null), [set, openDeal]);
    const word = useStageName();
    const stageName = (stage: string) => word(board.data?.columns.find((column) => column.stage.id === stage)?.stage.name);
    const dealName = (deal: string) => (board.data && find(board.data, deal)?.deal.name) ?? "";
    const scrolled = useRef<HTMLElement>(null);
    // Lifted by keyboard, it goes from column to column; before the columns are measured, those beside it must be in sight.
    const lift = ({ draggableId, mode }: BeforeCapture) => {
        // The rails open before the places to drop on are measured.
        flushSync(() => setCarrying(true));
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
        setCarrying(false);
        if (!destination || (destination.droppableId === source.droppableId && destination.index === source.index)) {
            announce(t("board.back"));
            return;
        }
        announce(t("board.dropped", { name: dealName(draggableId), stage: stageName(destination.droppableId), at: destination.index + 1 }));
        const whole = newest.current;
        const seen = held ?? view;
        if (!whole || !seen) return;
        carry(draggableId, source.droppableId, spotOn(whole, seen, draggableId, { stage: destination.droppableId, index: destination.index }));
    };
    const carry = (id: string, from: string | undefined, to: Spot) => {
        const target = newest.current?.columns.find((column) => column.stage.id === to.stage);
        // A lost deal tells why; until then it stays where it was.
        if (target?.stage.is_lost && from !== to.stage) setLosing({ id, to });
        else move(id, to);
    };
    const toTop = useCallback((id: string, stage: string) => latest.current(id, newest.current ? find(newest.current, id)?.column.stage.id : undefined, { stage, index: 0 }), []);
    const latest = useRef(carry);
    latest.current = carry;

    if (board.error && !board.data) return <Card><Failed error={board.error} retry={() => void board.refetch()} /></Card>;
    if (!board.data || !view) return <Waiting />;
    const whole = board.data;
    const seen = held ?? view;
    const running = seen.columns.filter((column) => !isRail(column));
    const rails = seen.columns.filter((column) => isRail(column) && !unfolded.includes(column.stage.id)).length;
    const fitting = fits(width, seen.columns.length - rails, rails);
    const stages = whole.columns.map((column) => column.stage);
    const writable = may("deals", "write") && online;
    const total = (pick: (column: Column) => number) => running.reduce((sum, column) => sum + pick(column), 0);
    return (
        // Beside the open deal the board has the rest of the page.
        <Box ref={frame} sx={{ mr: { lg: openDeal ? `${PANEL_WIDTH - 24}px` : 0 } }}>
            <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 2.5, rowGap: 1, mb: 1.5, fontSize: "m" }}>
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
                <Box ref={scrolled} role="region" aria-label={t("nav.board")} tabIndex={0} sx={{ position: "relative", display: "flex", gap: `${GAP}px`, ...(fitting ? { overflow: "hidden", height: "calc(100dvh - 212px)", minHeight: 360 } : { overflowX: "auto", scrollSnapType: { xs: "x proximity", sm: "none" }, minHeight: "calc(100dvh - 204px)", pb: 2, mx: { xs: -1.5, sm: 0 }, px: { xs: 1.5, sm: 0 } }), alignItems: "stretch" }}>
                    {seen.columns.map((column) => (
                        <Stage
                            key={column.stage.id}
                            column={column}
                            whole={whole.columns.find((one) => one.stage.id === column.stage.id) ?? column}
                            narrowed={view !== whole}
                            pipeline={whole.name}
                            currency={whole.currency}
                            writable={writable}
                            next={next}
                            stages={stages}
                            fitting={fitting}
                            carrying={carrying}
                            unfolded={unfolded.includes(column.stage.id)}
                            onUnfold={(open) => setUnfolded(open ? [...unfolded, column.stage.id] : unfolded.filter((id) => id !== column.stage.id))}
                            onAdd={writable && !isRail(column) ? () => setAdding(column.stage.id) : undefined}
                            onOpen={open}
                            onMove={toTop}
                        />
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
            {adding && <NewDeal pipeline={id} stage={adding} onClose={() => setAdding(null)} onCreated={(deal) => open(deal.id)} />}
            {openDeal && <DealPanel id={openDeal} order={seen.columns.flatMap((column) => column.deals.map((deal) => deal.id))} onOpen={open} onClose={() => open(null)} />}
        </Box>
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
