// What the board reads and does. A move shows at once; what the API refuses goes back to where it was.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef } from "react";
import { api, ifMatch, once, take, type Schemas } from "../../api/client";
import { ApiError, sayError } from "../../api/problem";
import { useReread } from "../../api/reread";
import { follow, versionFor } from "../../ui/change";
import { useStageName } from "../../ui/labels";
import { offerUndo } from "../../ui/undo";
import { type Board, cardName, type Deal, find, moved, type Place, placeOf, replaced, spotOn, type Spot } from "./order";
import { useNotify } from "../../ui/notify";
import { useTranslate } from "../../providers/i18n";

/** Deals per column; the rest is counted. */
export const SHOWN_PER_COLUMN = 100;

const boardKey = (pipeline: string) => ["board", pipeline];

export const useBoard = (pipeline: string | undefined) =>
    useQuery({
        queryKey: boardKey(pipeline ?? ""),
        queryFn: () => take(api.GET("/api/v1/pipelines/{id}/deals", { params: { path: { id: pipeline! }, query: { limit: SHOWN_PER_COLUMN } } })),
        enabled: pipeline !== undefined,
        // Colleagues move deals too.
        refetchInterval: 30_000,
    });

export const useDeal = (id: string | null) => useQuery({ queryKey: ["deal", id], queryFn: () => take(api.GET("/api/v1/deals/{id}", { params: { path: { id: id! } } })), enabled: id !== null });

export const useStays = (id: string) => useQuery({ queryKey: ["deal", id, "history"], queryFn: async () => (await take(api.GET("/api/v1/deals/{id}/history", { params: { path: { id }, query: { limit: 50 } } }))).data });

/** Somebody else was faster: changed, closed or removed it. */
export const isOvertaken = (error: unknown) => error instanceof ApiError && [404, 409, 412].includes(error.status);

/** What a move is taken back to: the version it was answered with, and the board as it was before. What somebody else did since is theirs. */
interface Back {
    version: number;
    shown: Board;
}

interface Move {
    id: string;
    to: Spot;
    place: ReturnType<typeof placeOf>;
    lostReason?: string | null;
    before: Board;
    /** It takes another move back, which is not offered again. */
    back?: Back;
}

export function useMove(pipeline: string) {
    const client = useQueryClient();
    const notify = useNotify();
    const translate = useTranslate();
    const refresh = useReread("deal");
    const stageName = useStageName();
    const key = boardKey(pipeline);
    const mutation = useMutation({
        // One after the other, as the person did them.
        scope: { id: `board-${pipeline}` },
        mutationFn: async ({ id, to, place, lostReason, before, back }: Move) => {
            // Two quick moves of one deal do not fight each other, although the board may not show the first one's version yet.
            const version = versionFor(id, back?.version ?? find(before, id)?.deal.version ?? 0);
            const deal = await take(api.POST("/api/v1/deals/{id}/move", { params: { path: { id }, header: { ...ifMatch(version), ...once() } }, body: { stage_id: to.stage, lost_reason: lostReason, ...place } }));
            follow(id, version, deal.version);
            return deal;
        },
        onSuccess: (deal, { id, to, before, back }) => {
            client.setQueryData<Board>(key, (board) => board && replaced(board, deal));
            const from = find(before, id);
            const stage = before.columns.find((column) => column.stage.id === to.stage)?.stage;
            if (back) notify("undo.done", { type: "success" });
            // Within its column one sees it, and puts it back as it was put there.
            else if (from && from.column.stage.id !== to.stage) offerUndo("deal.movedTo", () => again.current(id, { stage: from.column.stage.id, index: from.index }, from.deal.lost_reason, { version: deal.version, shown: before }), { messageArgs: { name: cardName(deal, before.name), stage: stageName(stage?.name) } });
        },
        onError: (error, { before }) => {
            client.setQueryData(key, before);
            const stale = isOvertaken(error);
            notify(stale ? "board.conflict" : sayError(error, translate), { type: stale ? "warning" : "error", autoHideDuration: 8000 });
        },
        onSettled: () => refresh(),
    });
    const { mutate } = mutation;
    const again = useRef<(id: string, to: Spot, lostReason?: string | null, back?: Back) => void>(() => {});
    const move = useCallback(
        (id: string, to: Spot, lostReason?: string | null, back?: Back) => {
            const before = client.getQueryData<Board>(key);
            if (!before) return;
            // An answer under way would show the deal at its old place for a moment.
            void client.cancelQueries({ queryKey: key });
            // Beside the neighbour it had, wherever that stands by now.
            const spot = back ? spotOn(before, back.shown, id, to) : to;
            client.setQueryData(key, moved(before, id, spot));
            mutate({ id, to, place: placeOf(before, id, spot), lostReason, before, back });
        },
        [client, mutate, pipeline],
    );
    again.current = move;
    return move;
}

/** Which deal, as it was seen. */
type Known = Pick<Deal, "id" | "version">;

export const createDeal = (body: Schemas["DealsCreateInput"]) => take(api.POST("/api/v1/deals", { params: { header: once() }, body }));
export const closeDeal = (deal: Known, outcome: Schemas["DealOutcome"], reason: string | null) => take(api.POST("/api/v1/deals/{id}/close", { params: { path: { id: deal.id }, header: { ...ifMatch(deal.version), ...once() } }, body: { outcome, reason } }));
/** To a place in a stage; without one, to its top. */
export const moveDeal = (deal: Known, stage: string, reason?: string | null, place: Place = { index: 0 }) => take(api.POST("/api/v1/deals/{id}/move", { params: { path: { id: deal.id }, header: { ...ifMatch(deal.version), ...once() } }, body: { stage_id: stage, ...place, lost_reason: reason } }));
export const updateDeal = (deal: Known, body: Schemas["DealsUpdateInput"]) => take(api.PATCH("/api/v1/deals/{id}", { params: { path: { id: deal.id }, header: ifMatch(deal.version) }, body }));
export const setLead = (deal: Known, lead: string | null) => take(api.PATCH("/api/v1/deals/{id}/lead", { params: { path: { id: deal.id }, header: ifMatch(deal.version) }, body: { lead_id: lead } }));
