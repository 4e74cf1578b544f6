import { beforeEach, describe, expect, it, vi } from "vitest";
import { session } from "../api/client";
import { dataProvider, fileOf, listFile, order, patch, query } from "./data";
import { allows } from "./me";

describe("what is asked for", () => {
    it("leaves out what is not set", () => expect(query({ tier: "hot", q: "", owner_id: undefined, min_score: 0 })).toEqual({ tier: "hot", min_score: 0 }));

    it.each([
        [{ field: "total_score", order: "DESC" }, "-total_score"],
        [{ field: "created_at", order: "ASC" }, "created_at"],
        [{ field: "id", order: "ASC" }, undefined],
    ])("orders %j as %s", (sort, expected) => expect(order(sort)).toBe(expected));

    it("is a merge patch of what differs: cleared is null, untouched is absent", () => {
        const before = { id: "1", name: "A", email: "a@b.example", tags: ["x"], company: null };
        expect(patch({ ...before, name: "B", email: "", tags: ["x"], company: "" }, before)).toEqual({ name: "B", email: null });
    });
});

describe("the data provider", () => {
    const calls: Request[] = [];
    beforeEach(() => {
        calls.length = 0;
        session.start({ access_token: "t", expires_in: 900 });
        vi.stubGlobal("fetch", async (request: Request) => {
            calls.push(request.clone());
            return Response.json({ data: [{ id: "1" }], pagination: { page: 2, limit: 25, total: 26, total_pages: 2 }, id: "1", version: 4 });
        });
    });

    it("reads a page of a list", async () => {
        const answer = await dataProvider.getList("leads", { pagination: { page: 2, perPage: 25 }, sort: { field: "total_score", order: "DESC" }, filter: { tier: "hot", q: "" } });
        expect(answer).toEqual({ data: [{ id: "1" }], total: 26, meta: { atLeast: false } });
        const { pathname, searchParams } = new URL(calls[0]!.url);
        expect(pathname).toBe("/api/v1/leads");
        expect(Object.fromEntries(searchParams)).toEqual({ tier: "hot", page: "2", limit: "25", sort: "-total_score" });
        expect(calls[0]!.headers.get("authorization")).toBe("Bearer t");
    });

    it("reads the pool from its own list, which knows neither status nor pipeline", async () => {
        await dataProvider.getList("leads", { pagination: { page: 1, perPage: 25 }, sort: { field: "total_score", order: "DESC" }, filter: { pool: true, tier: "hot", status: "new", pipeline_id: "p" } });
        const { pathname, searchParams } = new URL(calls[0]!.url);
        expect(pathname).toBe("/api/v1/leads/unrouted");
        expect(Object.fromEntries(searchParams)).toEqual({ tier: "hot", page: "1", limit: "25", sort: "-total_score" });
    });

    it("says that a search for common words was not counted to its end", async () => {
        vi.stubGlobal("fetch", async () => Response.json({ data: [], pagination: { page: 1, limit: 25, total: 10_001, total_pages: 401, total_is_exact: false } }));
        const answer = await dataProvider.getList("leads", { pagination: { page: 1, perPage: 25 }, sort: { field: "id", order: "ASC" }, filter: { q: "gmbh" } });
        expect(answer).toMatchObject({ total: 10_001, meta: { atLeast: true } });
    });

    it("leaves files to the API: one request for a whole list, one for each hundred of what was selected", async () => {
        vi.stubGlobal("fetch", async (request: Request) => {
            calls.push(request.clone());
            return new Response("\ufeffName;Status\r\nA;Neu\r\n", { headers: { "content-type": "text/csv; charset=utf-8" } });
        });
        const style = { columns: ["name", "status"], language: "de", zone: "Europe/Berlin" };
        const sort = { field: "total_score", order: "DESC" };
        expect(await listFile("leads", { filter: { tier: "hot", q: "" }, sort }, style)).toBe("Name;Status\r\nA;Neu\r\n");
        expect(Object.fromEntries(new URL(calls[0]!.url).searchParams)).toEqual({ tier: "hot", sort: "-total_score", format: "csv", columns: "name,status", language: "de", zone: "Europe/Berlin" });
        expect(calls).toHaveLength(1);

        const ids = Array.from({ length: 101 }, (_, at) => `l${at}`);
        expect(await fileOf("leads", ids, { filter: { pool: true }, sort }, style)).toBe("Name;Status\r\nA;Neu\r\nA;Neu\r\n");
        expect(calls.slice(1).map((call) => [new URL(call.url).pathname, new URL(call.url).searchParams.get("ids")!.split(",").length])).toEqual([["/api/v1/leads/unrouted", 100], ["/api/v1/leads/unrouted", 1]]);
    });

    it("hands on why there is no file", async () => {
        const problem = { type: "urn:lotse:problem:invalid", title: "", status: 400, detail: "", errors: [{ pointer: "?format", code: "too_long", detail: "Narrow it." }] };
        vi.stubGlobal("fetch", async () => Response.json(problem, { status: 400, headers: { "content-type": "application/problem+json" } }));
        await expect(listFile("leads", {}, { columns: ["name"], language: "en", zone: "UTC" })).rejects.toMatchObject({ problem: { errors: [{ pointer: "?format" }] } });
    });

    it("reads many leads with few requests", async () => {
        await dataProvider.getMany("leads", { ids: Array.from({ length: 130 }, (_, at) => `l${at}`) });
        const asked = calls.map((call) => new URL(call.url).searchParams.get("ids")!.split(","));
        expect(asked.map((ids) => ids.length)).toEqual([100, 30]);
        expect(asked[1]![0]).toBe("l100");
    });

    it("guards a change by the version that was seen", async () => {
        await dataProvider.update("leads", { id: "1", data: { id: "1", company: "New" }, previousData: { id: "1", company: "Old", version: 3 } });
        expect(calls[0]!.method).toBe("PATCH");
        expect(calls[0]!.headers.get("if-match")).toBe('"3"');
        expect(await calls[0]!.json()).toEqual({ company: "New" });
    });

    it("makes a repeated creation harmless", async () => {
        await dataProvider.create("tasks", { data: { title: "Call", due_at: "" } });
        expect(calls[0]!.headers.get("idempotency-key")).toMatch(/^[0-9a-f-]{36}$/);
        expect(await calls[0]!.json()).toEqual({ title: "Call" });
    });
});

describe("scopes", () => {
    it.each([
        [["leads:read"], "leads", "list", true],
        [["leads:read"], "leads", "edit", false],
        [["leads:write"], "leads", "create", true],
        [["deals:read"], "leads", "show", false],
    ])("%j, %s, %s: %s", (scopes, area, action, expected) => expect(allows(scopes, area, action)).toBe(expected));
});
