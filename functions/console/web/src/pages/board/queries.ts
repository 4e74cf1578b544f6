// What the board reads and does. A move shows at once; what the API refuses goes back to where it was.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNotify, useTranslate } from "ra-core";
import { useCallback, useRef } from "react";
import { api, ifMatch, once, take, type Schemas } from "../../api/client";
import { ApiError, sayError } from "../../api/problem";
import { useReread } from "../../api/reread";
import { type Board, type Deal, find, moved, placeOf, replaced, type Spot } from "./order";

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

export const useDealTasks = (id: string) => useQuery({ queryKey: ["tasks", "deal", id], queryFn: async () => (await take(api.GET("/api/v1/tasks", { params: { query: { deal_id: id, limit: 20 } } }))).data });

/** Somebody else was faster: changed, closed or removed it. */
export const isOvertaken = (error: unknown) => error instanceof ApiError && [404, 409, 412].includes(error.status);

interface Move {
    id: string;
    to: Spot;
    place: ReturnType<typeof placeOf>;
    lostReason?: string;
    before: Board;
}

export function useMove(pipeline: string) {
    const client = useQueryClient();
    const notify = useNotify();
    const translate = useTranslate();
    const refresh = useReread("deal");
    /** Versions that answers brought and the board may not show yet: two quick moves of one deal must not fight each other. */
    const versions = useRef(new Map<string, number>());
    const key = boardKey(pipeline);
    const mutation = useMutation({
        // One after the other, as the person did them.
        scope: { id: `board-${pipeline}` },
        mutationFn: ({ id, to, place, lostReason, before }: Move) => {
            const shown = find(before, id)?.deal.version ?? 0;
            const version = Math.max(shown, versions.current.get(id) ?? 0);
            return take(api.POST("/api/v1/deals/{id}/move", { params: { path: { id }, header: { ...ifMatch(version), ...once() } }, body: { stage_id: to.stage, lost_reason: lostReason, ...place } }));
        },
        onSuccess: (deal) => {
            versions.current.set(deal.id, deal.version);
            client.setQueryData<Board>(key, (board) => board && replaced(board, deal));
        },
        onError: (error, { before }) => {
            client.setQueryData(key, before);
            const stale = isOvertaken(error);
            notify(stale ? "board.conflict" : sayError(error, translate), { type: stale ? "warning" : "error", autoHideDuration: 8000 });
        },
        onSettled: () => refresh(),
    });
    const { mutate } = mutation;
    return useCallback(
        (id: string, to: Spot, lostReason?: string) => {
            const before = client.getQueryData<Board>(key);
            if (!before) return;
            // An answer under way would show the deal at its old place for a moment.
            void client.cancelQueries({ queryKey: key });
            client.setQueryData(key, moved(before, id, to));
            mutate({ id, to, place: placeOf(before, id, to), lostReason, before });
        },
        [client, mutate, pipeline],
    );
}

export const createDeal = (body: Schemas["DealsCreateInput"]) => take(api.POST("/api/v1/deals", { params: { header: once() }, body }));
export const closeDeal = (deal: Deal, outcome: Schemas["DealOutcome"], reason: string | null) => take(api.POST("/api/v1/deals/{id}/close", { params: { path: { id: deal.id }, header: { ...ifMatch(deal.version), ...once() } }, body: { outcome, reason } }));
/** To the top of another stage. */
export const moveDeal = (deal: Deal, stage: string, reason?: string) => take(api.POST("/api/v1/deals/{id}/move", { params: { path: { id: deal.id }, header: { ...ifMatch(deal.version), ...once() } }, body: { stage_id: stage, index: 0, lost_reason: reason } }));
export const updateDeal = (deal: Deal, body: Schemas["DealsUpdateInput"]) => take(api.PATCH("/api/v1/deals/{id}", { params: { path: { id: deal.id }, header: ifMatch(deal.version) }, body }));
export const setLead = (deal: Deal, lead: string | null) => take(api.PATCH("/api/v1/deals/{id}/lead", { params: { path: { id: deal.id }, header: ifMatch(deal.version) }, body: { lead_id: lead } }));
