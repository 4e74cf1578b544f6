import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { ThemeProvider } from "@mui/material/styles";
import { cleanup, configure, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, Route, Routes, useLocation } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../../api/client";
import { forgetMe } from "../../providers/me";
import { makeTheme } from "../../theme/theme";
import { ALL_RIGHTS, barriers, somebody } from "../../ui/blocks.testing";
import { forgetChanges } from "../../ui/change";
import { forgetNotices, Notices } from "../../ui/notify";
import { forgetUndo } from "../../ui/undo";
import { LeadPage } from "./page";

configure({ asyncUtilTimeout: 15_000 });
vi.setConfig({ testTimeout: 60_000 });

const A = "0190b5a0-0000-7000-8000-00000000000a";
const B = "0190b5a0-0000-7000-8000-00000000000b";
const lead = (id: string, name: string, more: object = {}) => ({ id, first_name: name, last_name: "Muster", email: `${name}@a.example`, phone: null, company: "Labor", job_title: "Leitung", tier: "hot", total_score: 60, scores: { demographic: 20, engagement: 20, behavior: 20 }, status: "engaged", tags: [], intents: {}, primary_intent: null, intent_confidence: 0, conflict: false, suppressed: false, suspected_duplicates: [], version: 4, created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", custom: {}, ...more });
const task = (id: string, title: string, due_at: string | null) => ({ id, title, due_at, kind: "call", priority: "normal", status: "open", version: 1, created_at: "2026-11-01T10:00:00Z", updated_at: "2026-11-01T10:00:00Z", lead_id: A });

let leads: Record<string, ReturnType<typeof lead>>;
let tasks: ReturnType<typeof task>[];
let asked: { method: string; path: string; search: string; body: Record<string, unknown> | null; version: string | null }[];
const sent = (method: string) => asked.filter((one) => one.method === method);

beforeEach(() => {
    leads = { [A]: lead(A, "Anna"), [B]: lead(B, "Berta") };
    tasks = [task("t1", "Angebot nachfassen", "2020-01-01T09:00:00Z"), task("t2", "Muster schicken", null)];
    asked = [];
    sessionStorage.clear();
    forgetMe();
    forgetChanges();
    forgetUndo();
    session.start({ access_token: "t", expires_in: 900 });
    vi.stubGlobal("fetch", async (request: Request) => {
        const { pathname, search } = new URL(request.url);
        const text = await request.clone().text();
        const body = text ? (JSON.parse(text) as Record<string, unknown>) : null;
        asked.push({ method: request.method, path: pathname, search, body, version: request.headers.get("if-match") });
        const list = (data: unknown[]) => Response.json({ data, pagination: { page: 1, limit: 25, total: data.length, total_pages: 1 } });
        const one = /^\/api\/v1\/leads\/([^/]+)$/.exec(pathname)?.[1];
        if (pathname === "/api/v1/auth/me") return Response.json(somebody(ALL_RIGHTS));
        if (one && request.method === "PATCH") leads[one] = { ...leads[one]!, ...body, version: leads[one]!.version + 1 };
        if (one) return Response.json(leads[one]);
        const ticked = /^\/api\/v1\/tasks\/([^/]+)(\/complete)?$/.exec(pathname);
        if (ticked) {
            const was = [...tasks, task(ticked[1]!, "Angebot nachfassen", "2020-01-01T09:00:00Z")].find(({ id }) => id === ticked[1])!;
            const now = { ...was, ...body, version: was.version + 1, status: ticked[2] ? "done" : ((body?.status as string | undefined) ?? was.status) };
            tasks = now.status === "open" ? [now, ...tasks.filter(({ id }) => id !== now.id)] : tasks.filter(({ id }) => id !== now.id);
            return Response.json(now);
        }
        if (pathname === "/api/v1/tasks" && request.method === "POST") {
            const made = { ...task("t9", String(body!.title), body!.due_at as string), kind: String(body!.kind) };
            tasks = [...tasks, made];
            return Response.json(made, { status: 201 });
        }
        if (pathname === "/api/v1/tasks") return list(tasks);
        if (pathname === "/api/v1/routing/config") return Response.json({ intents: [], tiers: [], min_score: 40, min_confidence: 60 });
        if (pathname.endsWith("/breakdown")) return Response.json({ total_score: 60, scores: { demographic: 20, engagement: 20, behavior: 20 }, rules: [], next_expiry_at: null });
        return list([]);
    });
});
afterEach(() => {
    cleanup();
    forgetNotices();
    vi.unstubAllGlobals();
});

const Where = () => <output>{useLocation().pathname}</output>;
const where = () => document.querySelector("output")?.textContent;

async function open(mode: "light" | "dark" = "light") {
    const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    client.setQueryData(["leads", "list", {}], { data: [leads[A], leads[B]], total: 2 });
    render(
        <MemoryRouter initialEntries={[`/leads/${A}`]}>
            <QueryClientProvider client={client}>
                <ThemeProvider theme={makeTheme(mode)}>
                    <Routes>
                        <Route path="/leads/:id/*" element={<LeadPage />} />
                    </Routes>
                    <Notices />
                    <Where />
                </ThemeProvider>
            </QueryClientProvider>
        </MemoryRouter>,
    );
    await screen.findByRole("heading", { level: 1, name: "Anna Muster" });
    await screen.findByText("Angebot nachfassen");
}
const press = (key: string) => fireEvent.keyDown(document.body, { key });

it("begins with the next step, which is ticked there, and taken back", async () => {
    await open();
    const next = document.querySelector("[data-next]")!;
    expect(next.getAttribute("data-next")).toBe("t1");
    expect(next.textContent).toContain("Overdue");
    fireEvent.click(screen.getByRole("checkbox", { name: "Complete: Angebot nachfassen" }));
    await waitFor(() => expect(sent("POST").map(({ path, version }) => [path, version])).toEqual([["/api/v1/tasks/t1/complete", '"1"']]));
    await waitFor(() => expect(document.querySelector("[data-next]")!.getAttribute("data-next")).toBe("t2"));
    fireEvent.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(sent("PATCH").map(({ path, version, body }) => [path, version, body])).toEqual([["/api/v1/tasks/t1", '"2"', { status: "open" }]]));
    await waitFor(() => expect(document.querySelector("[data-next]")!.getAttribute("data-next")).toBe("t1"));
});

it("moves the date of the next step in two clicks", async () => {
    await open();
    fireEvent.click(within(document.querySelector<HTMLElement>("[data-next]")!).getByRole("button", { name: /Overdue/ }));
    fireEvent.click(screen.getByRole("menuitem", { name: "no date" }));
    await waitFor(() => expect(sent("PATCH").map(({ path, body }) => [path, body])).toEqual([["/api/v1/tasks/t1", { due_at: null }]]));
});

it("takes a new task by keyboard alone: n, the words, Enter", async () => {
    await open();
    press("n");
    const line = screen.getByRole("textbox", { name: "New task" }) as HTMLInputElement;
    expect(document.activeElement).toBe(line);
    fireEvent.change(line, { target: { value: "Rückruf" } });
    fireEvent.submit(line.closest("form")!);
    await waitFor(() => expect(sent("POST").map(({ path, body }) => [path, body!.title, body!.lead_id])).toEqual([["/api/v1/tasks", "Rückruf", A]]));
    await screen.findByText("Rückruf");
    expect(line.value).toBe("");
});

it("warns when there is no next step", async () => {
    await open();
    tasks = [];
    fireEvent.click(screen.getByRole("checkbox", { name: "Complete: Angebot nachfassen" }));
    await screen.findByText("No next step – write one down");
});

it("keeps a task that is not finished writing", async () => {
    await open();
    fireEvent.change(screen.getByRole("textbox", { name: "New task" }), { target: { value: "Halb" } });
    cleanup();
    await open();
    expect((screen.getByRole("textbox", { name: "New task" }) as HTMLInputElement).value).toBe("Halb");
});

it("changes a fact where it stands, and takes it back with the version that brought", async () => {
    await open();
    fireEvent.click(screen.getByRole("button", { name: "Change Company" }));
    fireEvent.change(screen.getByRole("textbox", { name: "Company" }), { target: { value: "Muster AG" } });
    fireEvent.keyDown(screen.getByRole("textbox", { name: "Company" }), { key: "Enter" });
    await screen.findByText("Company: Muster AG");
    await waitFor(() => expect(leads[A]!.company).toBe("Muster AG"));
    fireEvent.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(sent("PATCH").map(({ body, version }) => [body, version])).toEqual([[{ company: "Muster AG" }, '"4"'], [{ company: "Labor" }, '"5"']]));
});

it("goes to the next lead of the list and back by j and k, and stops at its ends", async () => {
    await open();
    screen.getByText("1 of 2");
    press("k");
    expect(where()).toBe(`/leads/${A}`);
    press("j");
    await screen.findByRole("heading", { level: 1, name: "Berta Muster" });
    expect(where()).toBe(`/leads/${B}`);
    press("k");
    await screen.findByRole("heading", { level: 1, name: "Anna Muster" });
});

it("keeps what is rarely needed behind a button", async () => {
    await open();
    expect(screen.queryByRole("button", { name: "Recalculate" })).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "More actions" }));
    fireEvent.click(screen.getByRole("menuitem", { name: "Recalculate" }));
    await waitFor(() => expect(sent("POST").map(({ path }) => path)).toEqual([`/api/v1/scoring/leads/${A}/recalculate`]));
});

it("keeps nobody out, in both themes", async () => {
    for (const mode of ["light", "dark"] as const) {
        await open(mode);
        expect(await barriers()).toEqual([]);
        cleanup();
    }
});
