import { describe, expect, it } from "vitest";
import { changed, forgetLists, listAddress, type ListSpec, type ListView, parametersOf, readFilters, readList, rememberList, sameView, startOf, writeFilters, writeList } from "./list-state";

const ID = "0190a000-0000-7000-8000-000000000001";
const OTHER = "0190a000-0000-7000-8000-000000000002";
/** With fields that the API filters by, beside its plain parameters. */
const SPEC: ListSpec = {
    resource: "leads",
    filters: [
        { name: "q", kind: "search", plain: { in: "q" } },
        { name: "tier", kind: "choice", words: ["cold", "hot"], plain: { in: "tier" }, field: "tier" },
        { name: "total_score", kind: "number", plain: { min: "min_score", max: "max_score" }, field: "score" },
        { name: "owner_id", kind: "person", optional: true, plain: { in: "owner_id" }, field: "owner_id" },
        { name: "pipeline_id", kind: "id", plain: { in: "pipeline_id" } },
        { name: "created_at", kind: "moment", plain: { from: "created_from", before: "created_to" } },
        { name: "last_activity_at", kind: "moment", optional: true, plain: { from: "active_from", before: "active_to" }, field: "last_activity_at" },
        { name: "company", kind: "text", optional: true, field: "company" },
        { name: "pool", kind: "flag", plain: { is: "pool" } },
    ],
    sorts: ["total_score", "created_at"],
    sort: { field: "total_score", order: "DESC" },
    layouts: ["table", "agenda"],
};
const START = { sort: SPEC.sort, page: 1, perPage: 25, layout: "table", view: null, filters: {} };
const read = (search: string, base?: ListView) => readList(SPEC, new URLSearchParams(search), base);
const filter = (value: unknown) => `filter=${encodeURIComponent(JSON.stringify(value))}`;

describe("an address", () => {
    it("says what is shown", () => {
        const filters = { tier: "hot", q: "köhler", total_score: { min: 40 }, pool: true, owner_id: [ID, "none"], created_at: { from: "2026-11-23T23:00:00.000Z" } };
        expect(read(`${filter(filters)}&sort=created_at&order=ASC&page=3&per=50&layout=agenda&v=${ID}`)).toEqual({
            state: {
                filters: { q: { in: ["köhler"] }, tier: { in: ["hot"] }, total_score: { min: 40 }, owner_id: { in: [ID, "none"] }, created_at: { from: "2026-11-23T23:00:00.000Z" }, pool: { is: true } },
                sort: { field: "created_at", order: "ASC" },
                page: 3,
                perPage: 50,
                layout: "agenda",
                view: ID,
            },
            dropped: [],
        });
    });

    it("without parameters is the whole list", () => expect(read("")).toEqual({ state: START, dropped: [] }));

    it("of former releases is understood", () => {
        expect(read("displayedFilters=%7B%7D&filter=%7B%7D&order=DESC&page=1&perPage=25&sort=total_score")).toEqual({ state: START, dropped: [] });
        expect(read(filter({ min_score: 40, max_score: 90, created_to: "2026-11-23T23:00:00Z" }))).toEqual({ state: { ...START, filters: { total_score: { min: 40, max: 90 }, created_at: { before: "2026-11-23T23:00:00Z" } } }, dropped: [] });
    });

    it.each([
        ["sort=company&order=ASC", ["sort"]],
        [filter({ tier: "boiling" }), ["tier"]],
        [filter({ tier: ["hot", "boiling"] }), ["tier"]],
        [filter({ tier: { near: ["hot"] } }), ["tier"]],
        [filter({ tier: "none" }), ["tier"]],
        [filter({ total_score: { min: "many" } }), ["total_score"]],
        [filter({ min_score: "many" }), ["min_score"]],
        [filter({ owner_id: "you" }), ["owner_id"]],
        [filter({ pipeline_id: [ID, OTHER] }), ["pipeline_id"]],
        [filter({ created_at: { from: "yesterday" } }), ["created_at"]],
        [filter({ created_at: { empty: true } }), ["created_at"]],
        [filter({ last_activity_at: { last: "a while" } }), ["last_activity_at"]],
        [filter({ pool: "yes" }), ["pool"]],
        [filter({ pool: false }), ["pool"]],
        [filter({ shoe_size: 43 }), ["shoe_size"]],
        [filter({ toString: "x", __proto__: "y" }), ["toString"]],
        ["filter=%7B%22tier%22%3A", ["filter"]],
        [filter(["hot"]), ["filter"]],
        ["page=0", ["page"]],
        ["page=last", ["page"]],
        ["v=mine", ["v"]],
        ["per=7&layout=globe", []],
        // How tasks were narrowed before there were filters.
        ["status=done&who=all", ["status", "who"]],
    ])("%s: what is not known is left out and named", (search, dropped) => expect(read(search)).toEqual({ state: START, dropped }));

    it("keeps what is known beside what is not", () => {
        const { state, dropped } = read(`${filter({ tier: "hot", shoe_size: 43 })}&sort=company&page=2`);
        expect(state).toEqual({ ...START, filters: { tier: { in: ["hot"] } }, page: 2 });
        expect(dropped).toEqual(["shoe_size", "sort"]);
    });
});

describe("a state", () => {
    it.each(["", filter({ tier: ["hot", "cold"], total_score: { min: 0 } }), filter({ last_activity_at: { before: "-14d" }, company: { empty: false } }), "sort=created_at&order=DESC", "sort=total_score&order=ASC", "page=4", "per=100", "layout=agenda"])("is written as it is read: %s", (search) => {
        const { state } = read(search);
        expect(read(writeList(SPEC, state)).state).toEqual(state);
    });

    it("says only what differs", () => expect(writeList(SPEC, { ...START, filters: { tier: { in: [] }, total_score: { min: undefined } } })).toBe(""));

    it("begins at the first page when something else is found", () => {
        const state = read("page=4").state;
        expect(changed(state, { filters: { q: { in: ["x"] } } }).page).toBe(1);
        expect(changed(state, { page: 5 }).page).toBe(5);
    });
});

describe("a state that began with a view", () => {
    const base: ListView = { filters: { tier: { in: ["hot"] } }, sort: { field: "created_at", order: "ASC" }, layout: "table" };

    it("is the view where the address says nothing else, and nothing else is written", () => {
        const { state } = read(`v=${ID}`, base);
        expect(state).toEqual({ ...START, ...base, view: ID });
        expect(writeList(SPEC, state, base)).toBe(`v=${ID}`);
    });

    it("says also what was taken away", () => {
        const search = writeList(SPEC, { ...START, ...base, view: ID, filters: {} }, base);
        expect(new URLSearchParams(search).get("filter")).toBe("{}");
        expect(read(search, base).state.filters).toEqual({});
        expect(read(writeList(SPEC, { ...START, view: null }, null), base).state.filters).toEqual({});
    });

    it("is another one when anything of it is", () => {
        expect(sameView(base, { ...base, filters: { tier: { in: ["hot"] } } })).toBe(true);
        expect(sameView(base, { ...base, layout: "agenda" })).toBe(false);
        expect(sameView(base, startOf(SPEC))).toBe(false);
    });
});

describe("what the API is asked", () => {
    const now = Date.parse("2026-11-28T12:00:00Z");
    it.each([
        [{ q: "köhler", tier: "hot", pool: true }, { q: "köhler", tier: "hot", pool: true }],
        [{ tier: ["hot", "cold"] }, { "filter[tier][in]": "hot,cold" }],
        [{ tier: { not_in: ["hot"] } }, { "filter[tier][not_in]": "hot" }],
        [{ owner_id: "none" }, { "filter[owner_id][in]": "none" }],
        [{ owner_id: "me" }, { owner_id: OTHER }],
        [{ owner_id: ["me", "none"] }, { "filter[owner_id][in]": "me,none" }],
        [{ total_score: { min: 40, max: 90 } }, { min_score: 40, max_score: 90 }],
        [{ created_at: { from: "-14d" } }, { created_from: "2026-11-14T12:00:00.000Z" }],
        [{ created_at: { before: "2026-11-23T23:00:00Z" } }, { created_to: "2026-11-23T23:00:00Z" }],
        [{ last_activity_at: { before: "month" } }, { "filter[last_activity_at][before]": "month" }],
        [{ last_activity_at: { empty: true } }, { "filter[last_activity_at][empty]": true }],
        [{ company: ["Muster, Söhne & Co", "A\\B"] }, { "filter[company][in]": "Muster\\, Söhne & Co,A\\\\B" }],
    ])("for %j: %j", (written, expected) => expect(parametersOf(SPEC, readFilters(SPEC, written), { me: OTHER, now })).toEqual(expected));

    it("leaves `me` to the API for whoever is no member", () => expect(parametersOf(SPEC, { owner_id: { in: ["me"] } })).toEqual({ "filter[owner_id][in]": "me" }));
});

it("filters are written in their shortest form", () => expect(writeFilters({ tier: { in: ["hot"] }, owner_id: { in: [ID, "none"] }, pool: { is: true }, company: { not_in: ["A"] } })).toEqual({ tier: "hot", owner_id: [ID, "none"], pool: true, company: { not_in: ["A"] } }));

it("the way back leads to the list as it was, until it is forgotten", () => {
    expect(listAddress("leads")).toBe("/leads");
    rememberList("leads", "page=2");
    expect(listAddress("leads")).toBe("/leads?page=2");
    forgetLists();
    expect(listAddress("leads")).toBe("/leads");
});
