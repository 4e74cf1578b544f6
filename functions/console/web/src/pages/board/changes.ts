// What one does with a deal away from the board. All of it can be taken back: a closed deal goes back to the stage and the place it had.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import type { Schemas } from "../../api/client";
import { useStageName } from "../../ui/labels";
import { useChange } from "../../ui/change";
import type { Stage } from "../../ui/known";
import { type Board, type Deal, find, type Place, placeOf } from "./order";
import { closeDeal, moveDeal } from "./queries";

export function useDealChange() {
    const client = useQueryClient();
    const change = useChange("deal");
    const stageName = useStageName();
    /** Where it is on the board, as far as that has been read. */
    const place = useCallback(
        (deal: Deal): Place => {
            const board = client.getQueryData<Board>(["board", deal.pipeline_id]);
            const found = board && find(board, deal.id);
            return found ? placeOf(board, deal.id, { stage: deal.stage_id, index: found.index }) : { index: 0 };
        },
        [client],
    );
    const back = (deal: Deal) => {
        const was = place(deal);
        return (version: number) => moveDeal({ id: deal.id, version }, deal.stage_id, deal.lost_reason, was);
    };
    return {
        close: (deal: Deal, outcome: Schemas["DealOutcome"], reason: string | null) =>
            change({
                record: deal,
                fields: { status: outcome, lost_reason: reason },
                send: (version) => closeDeal({ id: deal.id, version }, outcome, reason),
                undo: back(deal),
                said: outcome === "won" ? "deal.wonDone" : "deal.lostDone",
            }),
        move: (deal: Deal, to: Stage, reason?: string) =>
            change({
                record: deal,
                fields: { stage_id: to.id, probability: to.probability, status: to.is_won ? "won" : to.is_lost ? "lost" : "open", lost_reason: reason ?? null },
                send: (version) => moveDeal({ id: deal.id, version }, to.id, reason),
                undo: back(deal),
                said: "deal.moved",
                args: { stage: stageName(to.name) },
            }),
    };
}
