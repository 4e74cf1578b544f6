import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { ThemeProvider } from "@mui/material/styles";
import { act, cleanup, configure, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes, useLocation } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../../api/client";
import { forgetMe } from "../../providers/me";
import { rereadStored } from "../../providers/store";
import { makeTheme } from "../../theme/theme";
import { ALL_RIGHTS, barriers, somebody } from "../../ui/blocks.testing";
import { forgetChanges } from "../../ui/change";
import { forgetNotices, Notices } from "../../ui/notify";
import { forgetUndo } from "../../ui/undo";
import { firstOf } from "../tasks/next-steps";
import BoardPage from "./page";

configure({ asyncUtilTimeout: 15_000 });
vi.setConfig({ testTimeout: 60_000 });

const stage = (id: string, name: string, more: object = {}) => ({ id, name, color: "#336699", icon: "check", probability: 50, position: 0, is_won: false, is_lost: false, version: 1, ...more });
const STAGES = [stage("s1", "Neu"), stage("s2", "Angebot"), stage("w", "Gewonnen", { is_won: true, probability: 100 }), stage("l", "Verloren", { is_lost: true, probability: 0 })];
const deal = (id: string, name: string, stage_id: string, more: object = {}) => ({ id, name, stage_id, pipeline_id: "p", lead_id: "x", lead_name: "Anna Muster", lead_company: "Labor", owner_id: null, value_minor: 100000, currency: "EUR", probability: 50, status: stage_id === "w" ? "won" : stage_id === "l" ? "lost" : "open", lost_reason: null, position: 1, version: 5, routed: false, created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", ...more });
const task = (id: string, deal_id: string | null, title: string, due_at: string | null = null) => ({ id, deal_id, title, due_at, kind: "call", priority: "normal", status: "open", version: 1, created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z" });

let deals: ReturnType<typeof deal>[];
let asked: { method: string; path: string; body: Record<string, unknown> | null; version: string | null }[];
const posts = () => asked.filter(({ method }) => method === "POST").map(({ path, body, version }) => [path, body, version]);

beforeEach(() => {
    deals = [deal("a", "Alpha", "s1"), deal("b", "Beta", "s1"), deal("c", "Gamma", "s2"), deal("d", "Delta", "w")];
    asked = [];
    localStorage.clear();
    rereadStored();
    sessionStorage.clear();
    forgetMe();
    forgetChanges();
    forgetUndo();
    forgetNotices();
    session.start({ access_token: "t", expires_in: 900 });
    vi.stubGlobal("fetch", async (request: Request) => {
        const { pathname } = new URL(request.url);
        const text = await request.clone().text();
        const body = text ? (JSON.parse(text) as Record<string, unknown>) : null;
        asked.push({ method: request.method, path: pathname, body, version: request.headers.get("if-match") });
        const list = (data: unknown[]) => Response.json({ data, pagination: { page: 1, limit: 25, total: data.length, total_pages: 1 } });
        if (pathname === "/api/v1/auth/me") return Response.json(somebody(ALL_RIGHTS));
        if (pathname === "/api/v1/pipelines") return list([{ id: "p", name: "Lab", currency: "EUR", archived_at: null, stages: STAGES }]);
        if (pathname === "/api/v1/pipelines/p/deals") {
            const columns = STAGES.map((stage) => {
                const here = deals.filter((deal) => deal.stage_id === stage.id);
                return { stage, deals: here, count: here.length, value_minor: here.length * 100000, weighted_minor: here.length * 50000, other_currencies: [] };
            });
            return Response.json({ id: "p", name: "Lab", currency: "EUR", columns });
        }
        if (pathname === "/api/v1/tasks") return list([task("t1", "a", "Nachfassen", "2020-01-01T09:00:00Z"), task("t2", "c", "Muster schicken"), task("t3", null, "Anderes")]);
        const moved = /^\/api\/v1\/deals\/(\w+)\/(move|close)$/.exec(pathname);
        if (moved) {
            const [, id, how] = moved;
            const to = how === "move" ? (body!.stage_id as string) : body!.outcome === "won" ? "w" : "l";
            deals = deals.map((one) => (one.id === id ? { ...deal(one.id, one.name, to), version: one.version + 1 } : one));
            return Response.json(deals.find((one) => one.id === id));
        }
        const one = /^\/api\/v1\/deals\/(\w+)$/.exec(pathname)?.[1];
        if (one) return Response.json(deals.find(({ id }) => id === one));
        return list([]);
    });
});
afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
});

const Where = () => <output>{useLocation().search}</output>;
const where = () => document.querySelector("output")?.textContent;

async function open(at = "/board/p", mode: "light" | "dark" = "light") {
    const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    client.setQueryData(["me"], somebody(ALL_RIGHTS));
    render(
        <MemoryRouter initialEntries={[at]}>
            <QueryClientProvider client={client}>
                <ThemeProvider theme={makeTheme(mode)}>
                    <main>
                        <Routes>
                            <Route path="/board/:pipelineId" element={<BoardPage />} />
                        </Routes>
                    </main>
                    <Notices />
                    <Where />
                </ThemeProvider>
            </QueryClientProvider>
        </MemoryRouter>,
    );
    await waitFor(() => expect(card("a")).not.toBeNull());
    await waitFor(() => expect(step("a")).toBe("late"));
}
const card = (id: string) => document.querySelector<HTMLElement>(`[data-deal="${id}"]`);
const step = (id: string) => card(id)?.querySelector("[data-step]")?.getAttribute("data-step");
const column = (id: string) => document.querySelector<HTMLElement>(`[data-stage="${id}"]`)!;
const cards = (id: string) => [...column(id).querySelectorAll<HTMLElement>("[data-deal]")].map((one) => one.dataset.deal);
const press = (key: string) => fireEvent.keyDown(document.body, { key });

it("says on each card what comes next: overdue, open, or that there is nothing", async () => {
    await open();
    expect([step("a"), step("b"), step("c")]).toEqual(["late", "none", "open"]);
    expect(card("a")!.textContent).toContain("Nachfassen");
});

it("keeps won and lost deals behind rails, which open and stay open", async () => {
    await open();
    expect(column("w").hasAttribute("data-folded")).toBe(true);
    expect(cards("w")).toEqual([]);
    fireEvent.click(within(column("w")).getByRole("button", { name: /^1 ?Gewonnen ?Show deals$/ }));
    expect(cards("w")).toEqual(["d"]);
    cleanup();
    await open();
    expect(cards("w")).toEqual(["d"]);
    fireEvent.click(within(column("w")).getByRole("button", { name: "Fold “Gewonnen”" }));
    expect(cards("w")).toEqual([]);
});

it("moves a deal by its menu, and takes it back to where it was", async () => {
    await open();
    fireEvent.click(screen.getByRole("button", { name: "What can be done with “Beta”" }));
    fireEvent.click(screen.getByRole("menuitem", { name: "To “Angebot”" }));
    await waitFor(() => expect(posts()).toEqual([["/api/v1/deals/b/move", { stage_id: "s2", before_deal_id: "c" }, '"5"']]));
    await screen.findByText("Beta → Angebot");
    fireEvent.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(posts()[1]).toEqual(["/api/v1/deals/b/move", { stage_id: "s1", after_deal_id: "a", lost_reason: null }, '"6"']));
});

it("asks why before a deal is lost by its menu", async () => {
    await open();
    fireEvent.click(screen.getByRole("button", { name: "What can be done with “Beta”" }));
    fireEvent.click(screen.getByRole("menuitem", { name: "To “Verloren”" }));
    const dialog = await screen.findByRole("dialog", { name: /Beta/ });
    expect(posts()).toEqual([]);
    fireEvent.change(within(dialog).getByRole("textbox"), { target: { value: "Budget" } });
    fireEvent.submit(dialog.querySelector("form")!);
    await waitFor(() => expect(posts()).toEqual([["/api/v1/deals/b/move", { stage_id: "l", index: 0, lost_reason: "Budget" }, '"5"']]));
});

it("opens a deal beside the board, its neighbours by ← →, and closes it by Escape", async () => {
    await open();
    fireEvent.click(card("a")!);
    await screen.findByRole("dialog", { name: "Alpha" });
    press("ArrowRight");
    await screen.findByRole("dialog", { name: "Beta" });
    press("ArrowRight");
    await screen.findByRole("dialog", { name: "Gamma" });
    press("ArrowLeft");
    await screen.findByRole("dialog", { name: "Beta" });
    expect(where()).toBe("?deal=b");
    // The board is there to be worked with.
    fireEvent.click(card("c")!);
    await screen.findByRole("dialog", { name: "Gamma" });
    press("Escape");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(where()).toBe("");
    // One goes on at the card that was open.
    expect(document.activeElement).toBe(card("c"));
});

it("takes a won deal back to its stage and place", async () => {
    await open("/board/p?deal=b");
    const panel = await screen.findByRole("dialog", { name: "Beta" });
    await act(async () => void fireEvent.click(await within(panel).findByRole("button", { name: "Won" })));
    await waitFor(() => expect(posts()).toEqual([["/api/v1/deals/b/close", { outcome: "won", reason: null }, '"5"']]));
    fireEvent.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() => expect(posts()[1]).toEqual(["/api/v1/deals/b/move", { stage_id: "s1", after_deal_id: "a", lost_reason: null }, '"6"']));
});

it("opens a deal in the stage whose + was pressed", async () => {
    await open();
    fireEvent.click(within(column("s2")).getByRole("button", { name: "Add a deal to “Angebot”" }));
    await screen.findByRole("dialog", { name: "New deal" });
    expect(within(column("w")).queryByRole("button", { name: /Add a deal/ })).toBeNull();
});

it("keeps nobody out, in both themes, also beside an open deal", async () => {
    for (const mode of ["light", "dark"] as const) {
        await open("/board/p?deal=b", mode);
        await screen.findByRole("dialog", { name: "Beta" });
        expect(await barriers()).toEqual([]);
        cleanup();
    }
});

it("the first open task of a deal is its next step", () => {
    const tasks = [task("t1", "a", "x"), task("t2", "a", "y"), task("t3", null, "z"), { ...task("t4", "b", "w"), status: "done" }] as Parameters<typeof firstOf>[0];
    expect([...firstOf(tasks)].map(([deal, { id }]) => [deal, id])).toEqual([["a", "t1"]]);
});
