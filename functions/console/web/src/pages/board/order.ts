// Where a deal goes on the board, as pure functions: what the board looks like at once, and what the API is asked for.
import type { Schemas } from "../../api/client";

export type Board = Schemas["PipelinesDealsOutput"];
export type Column = Schemas["ColumnView"];
export type Deal = Schemas["DealView"];
export type Place = Pick<Schemas["DealsMoveInput"], "after_deal_id" | "before_deal_id" | "index">;

export interface Spot {
    stage: string;
    index: number;
}

export function find(board: Board, deal: string): { column: Column; deal: Deal; index: number } | null {
    for (const column of board.columns) {
        const index = column.deals.findIndex((each) => each.id === deal);
        if (index >= 0) return { column, deal: column.deals[index]!, index };
    }
    return null;
}

/** What the board is narrowed to. */
export interface Wanted {
    text: string;
    owner: string | undefined;
}

/** Routing names a deal after person and pipeline; on its own board the pipeline need not stand on every card. */
export const cardName = (deal: Deal, board: string) => deal.name.replace(` – ${board}`, "");

/** The board with only the deals that have all the words in their name, person or company, and that owner. Its figures are those of what is left. */
export function narrowed(board: Board, { text, owner }: Wanted): Board {
    const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0 && !owner) return board;
    const matches = (deal: Deal) => {
        const said = [cardName(deal, board.name), deal.lead_name, deal.lead_company].join(" ").toLocaleLowerCase();
        return (!owner || deal.owner_id === owner) && words.every((word) => said.includes(word));
    };
    const sums = (deals: Deal[]) => ({
        count: deals.length,
        value_minor: deals.reduce((sum, deal) => sum + deal.value_minor, 0),
        weighted_minor: Math.round(deals.reduce((sum, deal) => sum + deal.value_minor * deal.probability, 0) / 100),
    });
    const column = (one: Column): Column => {
        const deals = one.deals.filter(matches);
        const of = (currency: string) => sums(deals.filter((deal) => deal.currency === currency));
        const others = [...new Set(deals.map((deal) => deal.currency))].filter((currency) => currency !== board.currency);
        // All are counted; only those in the board's currency are added up.
        return { ...one, ...of(board.currency), count: deals.length, deals, other_currencies: others.map((currency) => ({ currency, ...of(currency) })) };
    };
    return { ...board, columns: board.columns.map(column) };
}

/** Where a place among the deals that were shown is on the board as it is now: beside the same neighbour. */
export function spotOn(board: Board, shown: Board, id: string, to: Spot): Spot {
    const whole = ids(board, id, to.stage);
    const seen = ids(shown, id, to.stage);
    const below = seen.slice(to.index).find((each) => whole.includes(each));
    if (below !== undefined) return { ...to, index: whole.indexOf(below) };
    const above = seen.slice(0, to.index).findLast((each) => whole.includes(each));
    return { ...to, index: above === undefined ? 0 : whole.indexOf(above) + 1 };
}

const ids = (board: Board, without: string, stage: string) => board.columns.find((column) => column.stage.id === stage)?.deals.map((deal) => deal.id).filter((id) => id !== without) ?? [];

/** The board with the deal at its new place; columns keep count and value of all their deals, also those that are not shown. */
export function moved(board: Board, id: string, to: Spot): Board {
    const found = find(board, id);
    const target = board.columns.find((column) => column.stage.id === to.stage);
    if (!found || !target) return board;
    const stays = found.column.stage.id === to.stage;
    const deal: Deal = stays ? found.deal : { ...found.deal, stage_id: to.stage, probability: target.stage.probability, status: target.stage.is_won ? "won" : target.stage.is_lost ? "lost" : "open" };
    return {
        ...board,
        columns: board.columns.map((column) => {
            let next = column;
            if (column.stage.id === found.column.stage.id) next = { ...add(next, found.deal, stays ? 0 : -1, board.currency), deals: next.deals.filter((each) => each.id !== id) };
            if (column.stage.id === to.stage) next = { ...add(next, deal, stays ? 0 : 1, board.currency), deals: [...next.deals.slice(0, to.index), deal, ...next.deals.slice(to.index)] };
            return next;
        }),
    };
}

/** Deals in other currencies are counted, and never added up with the board's. */
function add(column: Column, deal: Deal, sign: -1 | 0 | 1, currency: string): Column {
    const value = deal.currency === currency ? sign * deal.value_minor : 0;
    return { ...column, count: column.count + sign, value_minor: column.value_minor + value, weighted_minor: column.weighted_minor + Math.round((value * deal.probability) / 100) };
}

/** The place beside a neighbour: it holds although others move other deals meanwhile, which a number would not. */
export function placeOf(board: Board, id: string, to: Spot): Place {
    const others = board.columns.find((column) => column.stage.id === to.stage)?.deals.filter((deal) => deal.id !== id) ?? [];
    const below = others[to.index];
    if (below) return { before_deal_id: below.id };
    const above = others.at(-1);
    return above ? { after_deal_id: above.id } : { index: 0 };
}

/** The board with the deal as the API answered it. */
export function replaced(board: Board, deal: Deal): Board {
    return { ...board, columns: board.columns.map((column) => ({ ...column, deals: column.deals.map((each) => (each.id === deal.id ? { ...each, ...deal } : each)) })) };
}
