import { describe, expect, it } from "vitest";
import { type Board, type Column, type Deal, find, moved, narrowed, placeOf, replaced, spotOn } from "./order";

const deal = (id: string, stage: string, value = 1000, currency = "EUR") => ({ id, name: id, stage_id: stage, value_minor: value, currency, probability: 10, status: "open", version: 1 }) as Deal;
const column = (id: string, deals: Deal[], stage: Partial<Column["stage"]> = {}): Column => ({
    stage: { id, name: id, color: "#000000", icon: "x", position: 1, probability: 10, is_won: false, is_lost: false, version: 1, ...stage },
    count: deals.length,
    value_minor: deals.filter((each) => each.currency === "EUR").reduce((sum, each) => sum + each.value_minor, 0),
    weighted_minor: deals.filter((each) => each.currency === "EUR").reduce((sum, each) => sum + (each.value_minor * each.probability) / 100, 0),
    other_currencies: [],
    deals,
});
const board = (): Board => ({
    pipeline_id: "p",
    name: "P",
    currency: "EUR",
    columns: [column("new", [deal("a", "new"), deal("b", "new"), deal("c", "new")]), column("talk", [deal("d", "talk")], { probability: 40 }), column("won", [], { is_won: true, probability: 100 })],
});
const ids = (of: Board, stage: string) => of.columns.find((each) => each.stage.id === stage)?.deals.map((each) => each.id);

describe("moving a deal", () => {
    it.each([
        ["down", 2, ["b", "c", "a"]],
        ["to where it is", 0, ["a", "b", "c"]],
        ["by one", 1, ["b", "a", "c"]],
    ])("within its column: %s", (_, index, expected) => {
        const after = moved(board(), "a", { stage: "new", index });
        expect(ids(after, "new")).toEqual(expected);
        expect(after.columns[0]?.count).toBe(3);
        expect(after.columns[0]?.value_minor).toBe(3000);
    });

    it("to another column takes count, value and probability along", () => {
        const after = moved(board(), "b", { stage: "talk", index: 1 });
        expect(ids(after, "new")).toEqual(["a", "c"]);
        expect(ids(after, "talk")).toEqual(["d", "b"]);
        expect(after.columns.map((each) => [each.count, each.value_minor, each.weighted_minor])).toEqual([
            [2, 2000, 200],
            [2, 2000, 500],
            [0, 0, 0],
        ]);
        expect(find(after, "b")?.deal).toMatchObject({ stage_id: "talk", probability: 40, status: "open" });
    });

    it("to a stage that is won closes it", () => {
        expect(find(moved(board(), "a", { stage: "won", index: 0 }), "a")?.deal.status).toBe("won");
    });

    it("never adds up another currency", () => {
        const start = board();
        start.columns[0]!.deals.push(deal("x", "new", 999, "USD"));
        start.columns[0]!.count += 1;
        const after = moved(start, "x", { stage: "talk", index: 0 });
        expect(after.columns.map((each) => [each.count, each.value_minor])).toEqual([[3, 3000], [2, 1000], [0, 0]]);
    });

    it("leaves the board it began with untouched", () => {
        const start = board();
        const copy = structuredClone(start);
        moved(start, "a", { stage: "talk", index: 0 });
        expect(start).toEqual(copy);
    });

    it("of a deal that is not there changes nothing", () => {
        const start = board();
        expect(moved(start, "nobody", { stage: "talk", index: 0 })).toBe(start);
    });
});

describe("the place that the API is asked for", () => {
    it.each([
        ["a", { stage: "new", index: 1 }, { before_deal_id: "c" }],
        ["a", { stage: "new", index: 2 }, { after_deal_id: "c" }],
        ["c", { stage: "new", index: 0 }, { before_deal_id: "a" }],
        ["a", { stage: "talk", index: 0 }, { before_deal_id: "d" }],
        ["a", { stage: "talk", index: 1 }, { after_deal_id: "d" }],
        ["a", { stage: "won", index: 0 }, { index: 0 }],
    ])("%s to %j is %j", (id, to, place) => expect(placeOf(board(), id, to)).toEqual(place));
});

it("an answer replaces the deal where it stands", () => {
    const after = replaced(board(), { ...deal("b", "new"), version: 7 });
    expect(find(after, "b")).toMatchObject({ index: 1, deal: { version: 7 } });
});

describe("narrowing a board", () => {
    const people: Record<string, Partial<Deal>> = { a: { lead_name: "Eva Müller", owner_id: "o1" }, b: { lead_company: "Müller AG", owner_id: "o2" }, c: { owner_id: "o1" }, d: { lead_name: "Eva Groß", owner_id: "o2", currency: "CHF" } };
    const named = (): Board => ({ ...board(), columns: board().columns.map((each) => ({ ...each, deals: each.deals.map((one) => ({ ...one, ...people[one.id] })) })) });
    const left = (text: string, owner?: string) => narrowed(named(), { text, owner }).columns.map((each) => each.deals.map((one) => one.id));

    it("to nothing in particular is the board itself", () => {
        const whole = named();
        expect(narrowed(whole, { text: "  ", owner: undefined })).toBe(whole);
    });

    it.each([
        ["a person or a company, whatever the case", "müller", undefined, [["a", "b"], [], []]],
        ["all words, in any order", "groß eva", undefined, [[], ["d"], []]],
        ["an owner", "", "o1", [["a", "c"], [], []]],
        ["both", "eva", "o2", [[], ["d"], []]],
        ["a name", "c", "o1", [["c"], [], []]],
    ])("by %s", (_, text, owner, expected) => expect(left(text, owner)).toEqual(expected));

    it("adds up what is left, other currencies apart", () => {
        const of = narrowed(named(), { text: "eva", owner: undefined });
        expect(of.columns.map((each) => [each.count, each.value_minor, each.weighted_minor, each.other_currencies])).toEqual([
            [1, 1000, 100, []],
            [1, 0, 0, [{ currency: "CHF", count: 1, value_minor: 1000, weighted_minor: 100 }]],
            [0, 0, 0, []],
        ]);
    });

    it.each([
        ["above the one below it", "d", "new", 0, 0],
        ["below the last that is seen", "d", "new", 2, 3],
        ["between two that are seen", "d", "new", 1, 2],
        ["over one that is hidden", "a", "new", 1, 2],
        ["at the top of a column that shows none", "a", "talk", 0, 0],
    ])("drops a deal %s", (_, id, stage, index, expected) => {
        const whole = named();
        // Of the first column a and c are seen, of the second none.
        const shown = narrowed(whole, { text: "", owner: "o1" });
        expect(spotOn(whole, shown, id, { stage, index })).toEqual({ stage, index: expected });
    });

    it("drops beside a neighbour that is still there, when others moved deals meanwhile", () => {
        const seen = named();
        const whole = moved(moved(named(), "b", { stage: "talk", index: 0 }), "d", { stage: "new", index: 0 });
        expect(ids(whole, "new")).toEqual(["d", "a", "c"]);
        // It was dropped above b, which is gone: above the next one then.
        expect(spotOn(whole, seen, "a", { stage: "new", index: 0 })).toEqual({ stage: "new", index: 1 });
        expect(spotOn(whole, seen, "c", { stage: "new", index: 2 })).toEqual({ stage: "new", index: 2 });
        expect(spotOn(whole, seen, "a", { stage: "talk", index: 1 })).toEqual({ stage: "talk", index: 0 });
    });

    it("looks for what a card shows, not for the pipeline it leaves out", () => {
        const routed = { ...board(), columns: [column("new", [{ ...deal("a", "new"), name: "Eva Müller – P" }])] };
        const of = (text: string) => narrowed(routed, { text, owner: undefined }).columns[0]?.count;
        expect([of("eva"), of("–")]).toEqual([1, 0]);
    });
});
