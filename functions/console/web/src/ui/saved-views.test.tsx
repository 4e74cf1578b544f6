import { ThemeProvider } from "@mui/material/styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter, useLocation, useNavigate } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../api/client";
import { LeadList } from "../pages/leads/list";
import { forgetMe } from "../providers/me";
import { rereadStored } from "../providers/store";
import { makeTheme } from "../theme/theme";
import { barriers } from "./blocks.testing";
import { forgetNotices, Notices } from "./notify";
import { readSort, viewOf, writeSort } from "./saved-views";
import { LEAD } from "../entities/lead";

vi.setConfig({ testTimeout: 60_000 });
configure({ asyncUtilTimeout: 15_000 });

const HOT = "0190a000-0000-7000-8000-00000000000a";
const NEW = "0190a000-0000-7000-8000-00000000000b";
const lead = { id: "a", first_name: "Lead", last_name: "A", email: "a@a.example", company: "Muster GmbH", tier: "hot", total_score: 60, status: "routed", tags: [], intents: {}, primary_intent: null, intent_confidence: 0, conflict: false, version: 1, created_at: "2026-11-01T10:00:00Z", pipeline_id: null, owner_id: null };
const kept = { id: HOT, list: "leads", name: "Warm ones", shared: true, owner_name: "Aylin", layout: "table", columns: [{ field: "company", width: 200 }, { field: "tier" }], filters: { tier: "warm" }, sort: "-created_at", is_default: false, may_change: true, version: 4 };
let views: (typeof kept)[];
const asked: { method: string; path: string; query: URLSearchParams; body: Record<string, unknown> | null; guard: string | null }[] = [];

beforeEach(() => {
    views = [kept];
    asked.length = 0;
    forgetMe();
    forgetNotices();
    localStorage.clear();
    rereadStored();
    session.start({ access_token: "t", expires_in: 900 });
    vi.stubGlobal("matchMedia", (media: string) => ({ matches: false, media, addEventListener: () => {}, removeEventListener: () => {}, addListener: () => {}, removeListener: () => {} }));
    vi.stubGlobal("fetch", async (request: Request) => {
        const { pathname, searchParams } = new URL(request.url);
        const body = ["POST", "PATCH"].includes(request.method) ? ((await request.clone().json()) as Record<string, unknown>) : null;
        asked.push({ method: request.method, path: pathname, query: searchParams, body, guard: request.headers.get("if-match") });
        const list = (data: unknown[]) => Response.json({ data, pagination: { page: 1, limit: 25, total: data.length, total_pages: 1 } });
        if (pathname === "/api/v1/saved-views") {
            if (request.method === "GET") return list(views);
            const made = { ...kept, id: NEW, version: 1, ...body } as typeof kept;
            views = [...views, made];
            return Response.json(made, { status: 201 });
        }
        if (pathname.startsWith("/api/v1/saved-views/")) {
            if (request.method === "DELETE") return new Response(null, { status: 204 });
            const after = { ...views.find(({ id }) => pathname.endsWith(id))!, ...body, version: 5 } as typeof kept;
            views = views.map((view) => (view.id === after.id ? after : view));
            return Response.json(after);
        }
        if (pathname === "/api/v1/auth/me") return Response.json({ scopes: ["leads:read", "leads:write"], tenant: { name: "T", zone: "Europe/Berlin", language: "en" }, member: { id: "0190a000-0000-7000-8000-0000000000ff", name: "Aylin", role: "sales", email: "a@a.example" } });
        if (pathname === "/api/v1/routing/config") return Response.json({ intents: [], tiers: [], min_confidence: 60 });
        return list(pathname === "/api/v1/leads" ? [lead] : []);
    });
});
afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
});

let search = "";
let back = () => {};
function Where() {
    search = useLocation().search;
    const go = useNavigate();
    back = () => void go(-1);
    return null;
}

async function show(at = "/leads") {
    render(
        <MemoryRouter initialEntries={[at]}>
            <QueryClientProvider client={new QueryClient()}>
                <ThemeProvider theme={makeTheme("light")}>
                    <LeadList />
                    <Where />
                    <Notices />
                </ThemeProvider>
            </QueryClientProvider>
        </MemoryRouter>,
    );
    await screen.findByText("Lead A");
    await waitFor(() => expect(screen.getByRole("button", { name: /^Mine/ })).toBeTruthy());
}
const button = (name: string | RegExp) => screen.getByRole("button", { name });
const questions = () => asked.filter(({ path, method }) => path === "/api/v1/leads" && method === "GET").map(({ query }) => query);
const heads = () => screen.getAllByRole("columnheader").map((cell) => cell.textContent).filter(Boolean);

it("is opened by its name, with its filters, order and columns, and stands in the address", async () => {
    await show();
    fireEvent.click(await screen.findByRole("button", { name: /^Warm ones/ }));
    await waitFor(() => expect(questions().at(-1)!.get("tier")).toBe("warm"));
    expect(questions().at(-1)!.get("sort")).toBe("-created_at");
    expect(heads()).toEqual(["Name", "Company", "Tier"]);
    expect(search).toBe(`?v=${HOT}`);
    expect(screen.queryByText("changed")).toBeNull();
    back();
    await waitFor(() => expect(button("All").getAttribute("aria-pressed")).toBe("true"));
    expect(heads()).toContain("Status");
});

it("asks nothing before it is known what a link's view shows, and says where there is none", async () => {
    await show(`/leads?v=${HOT}`);
    expect(questions().map((query) => query.get("tier"))).toEqual(["warm"]);
    cleanup();
    await show(`/leads?v=${NEW}`);
    expect((await screen.findByRole("alert")).textContent).toContain(": View.");
});

it("says what was changed, saves it or leaves it", async () => {
    await show(`/leads?v=${HOT}`);
    fireEvent.click(button("Columns"));
    fireEvent.click(screen.getByRole("menuitemcheckbox", { name: "Country" }));
    fireEvent.keyDown(screen.getByRole("menu"), { key: "Escape" });
    await screen.findByText("changed");
    expect(heads()).toEqual(["Name", "Company", "Tier", "Country"]);
    fireEvent.click(button("Discard"));
    await waitFor(() => expect(screen.queryByText("changed")).toBeNull());
    expect(heads()).toEqual(["Name", "Company", "Tier"]);

    fireEvent.click(button("Stop filtering by Tier"));
    await screen.findByText("changed");
    fireEvent.click(button("Save"));
    await waitFor(() => expect(screen.queryByText("changed")).toBeNull());
    const saved = asked.find(({ method }) => method === "PATCH")!;
    expect([saved.path, saved.guard]).toEqual([`/api/v1/saved-views/${HOT}`, '"4"']);
    expect(saved.body).toEqual({ filters: {}, sort: "-created_at", layout: "table", columns: [{ field: "company", width: 200 }, { field: "tier" }] });
    await waitFor(() => expect(search).toBe(`?v=${HOT}`));
});

it("is kept from what is shown, for oneself or the team", async () => {
    await show(`/leads?filter=${encodeURIComponent('{"tier":"hot"}')}`);
    fireEvent.click(button("Save as view"));
    fireEvent.change(await screen.findByRole("textbox", { name: /Name/ }), { target: { value: " My hot ones " } });
    fireEvent.submit(screen.getByRole("textbox", { name: /Name/ }));
    await waitFor(() => expect(search).toBe(`?v=${NEW}`));
    expect(asked.find(({ method }) => method === "POST")!.body).toMatchObject({ list: "leads", name: "My hot ones", shared: false, is_default: false, filters: { tier: "hot" }, sort: "-total_score" });
    expect(button(/^My hot ones/).getAttribute("aria-pressed")).toBe("true");
});

it("is what the list opens in, once one wants that; all of it is still one press away", async () => {
    await show(`/leads?v=${HOT}`);
    fireEvent.click(button("View “Warm ones”"));
    fireEvent.click(screen.getByRole("menuitem", { name: "Make this my default view" }));
    await waitFor(() => expect(asked.some(({ method, body }) => method === "PATCH" && body?.is_default === true)).toBe(true));
    await screen.findByText("“Warm ones” opens first from now on");
    cleanup();
    asked.length = 0;
    await show();
    // At once: it is remembered from last time.
    expect(questions()[0]!.get("tier")).toBe("warm");
    expect(button(/^Warm ones/).getAttribute("aria-pressed")).toBe("true");
    fireEvent.click(button("All"));
    await waitFor(() => expect(questions().at(-1)!.get("tier")).toBeNull());
    expect(new URLSearchParams(search).get("filter")).toBe("{}");
    expect(button("All").getAttribute("aria-pressed")).toBe("true");
});

it("goes when it is deleted, and comes back when that is taken back", async () => {
    await show(`/leads?v=${HOT}`);
    fireEvent.click(button("View “Warm ones”"));
    fireEvent.click(screen.getByRole("menuitem", { name: "Delete view" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: /^Warm ones/ })).toBeNull());
    await waitFor(() => expect(search).toBe(""));
    fireEvent.click(button("Undo"));
    await screen.findByRole("button", { name: /^Warm ones/ });
    expect(asked.find(({ method }) => method === "POST")!.body).toMatchObject({ name: "Warm ones", shared: true, filters: { tier: "warm" } });
});

it("cannot be changed by whoever may not, only left", async () => {
    views = [{ ...kept, may_change: false }];
    await show(`/leads?v=${HOT}`);
    fireEvent.click(button("Stop filtering by Tier"));
    await screen.findByText("changed");
    expect(screen.queryByRole("button", { name: "Save" })).toBeNull();
    expect(button("Save as view")).toBeTruthy();
    fireEvent.click(button("View “Warm ones”"));
    expect(screen.queryByRole("menuitem", { name: "Delete view" })).toBeNull();
});

it("keeps nobody out", async () => {
    await show(`/leads?v=${HOT}&filter=%7B%7D`);
    await screen.findByText("changed");
    expect(await barriers()).toEqual([]);
});

it("shows what the list still knows of it", () => {
    expect(viewOf(LEAD, { ...kept, filters: { tier: "warm", shoe_size: 43 }, sort: "-shoe_size" })).toEqual({ filters: { tier: { in: ["warm"] } }, sort: LEAD.sort, layout: "table" });
    expect(readSort(writeSort({ field: "created_at", order: "ASC" }), LEAD.sorts)).toEqual({ field: "created_at", order: "ASC" });
});
