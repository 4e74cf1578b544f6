import { describe, expect, it } from "vitest";
import { changed, forgetLists, kinds, listAddress, type ListSpec, readList, rememberList, writeList } from "./list-state";

const ID = "0190a000-0000-7000-8000-000000000001";
const SPEC: ListSpec = {
    resource: "leads",
    filters: { tier: kinds.oneOf("cold", "hot"), q: kinds.text, min_score: kinds.whole, pool: kinds.on, owner_id: kinds.id, created_from: kinds.moment },
    sorts: ["total_score", "created_at"],
    sort: { field: "total_score", order: "DESC" },
    perPage: 25,
};
const read = (search: string) => readList(SPEC, new URLSearchParams(search));
const filter = (value: unknown) => `filter=${encodeURIComponent(JSON.stringify(value))}`;

describe("an address", () => {
    it("says what is shown", () => {
        const filters = { tier: "hot", q: "köhler", min_score: 40, pool: true, owner_id: ID, created_from: "2026-11-23T23:00:00.000Z" };
        expect(read(`${filter(filters)}&sort=created_at&order=ASC&page=3`)).toEqual({ state: { filters, sort: { field: "created_at", order: "ASC" }, page: 3 }, dropped: [] });
    });

    it("without parameters is the whole list", () => expect(read("")).toEqual({ state: { filters: {}, sort: SPEC.sort, page: 1 }, dropped: [] }));

    it("of the last release is understood", () => expect(read("displayedFilters=%7B%7D&filter=%7B%7D&order=DESC&page=1&perPage=25&sort=total_score")).toEqual({ state: { filters: {}, sort: SPEC.sort, page: 1 }, dropped: [] }));

    it.each([
        ["sort=company&order=ASC", ["sort"]],
        [filter({ tier: "boiling" }), ["tier"]],
        [filter({ tier: ["hot"] }), ["tier"]],
        [filter({ min_score: "many" }), ["min_score"]],
        [filter({ owner_id: "me" }), ["owner_id"]],
        [filter({ created_from: "yesterday" }), ["created_from"]],
        [filter({ pool: "yes" }), ["pool"]],
        [filter({ shoe_size: 43 }), ["shoe_size"]],
        [filter({ toString: "x", __proto__: "y" }), ["toString"]],
        ["filter=%7B%22tier%22%3A", ["filter"]],
        [filter(["hot"]), ["filter"]],
        ["page=0", ["page"]],
        ["page=last", ["page"]],
    ])("%s: what is not known is left out and named", (search, dropped) => expect(read(search)).toEqual({ state: { filters: {}, sort: SPEC.sort, page: 1 }, dropped }));

    it("keeps what is known beside what is not", () => {
        const { state, dropped } = read(`${filter({ tier: "hot", shoe_size: 43 })}&sort=company&page=2`);
        expect(state).toEqual({ filters: { tier: "hot" }, sort: SPEC.sort, page: 2 });
        expect(dropped).toEqual(["shoe_size", "sort"]);
    });
});

describe("a state", () => {
    it.each(["", filter({ tier: "hot", min_score: 0 }), "sort=created_at&order=DESC", "sort=total_score&order=ASC", "page=4"])("is written as it is read: %s", (search) => {
        const { state } = read(search);
        expect(read(writeList(SPEC, state)).state).toEqual(state);
    });

    it("says only what differs", () => expect(writeList(SPEC, { filters: { tier: undefined, q: "" }, sort: SPEC.sort, page: 1 })).toBe(""));

    it("begins at the first page when something else is found", () => {
        const state = read("page=4").state;
        expect(changed(state, { filters: { q: "x" } }).page).toBe(1);
        expect(changed(state, { page: 5 }).page).toBe(5);
    });
});

it("the way back leads to the list as it was, until it is forgotten", () => {
    expect(listAddress("leads")).toBe("/leads");
    rememberList("leads", "page=2");
    expect(listAddress("leads")).toBe("/leads?page=2");
    forgetLists();
    expect(listAddress("leads")).toBe("/leads");
});
