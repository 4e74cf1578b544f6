// The other lists are the same blocks: what is theirs alone.
import { ThemeProvider } from "@mui/material/styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { MemoryRouter, useLocation } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../api/client";
import { forgetMe } from "../providers/me";
import { rereadStored } from "../providers/store";
import { makeTheme } from "../theme/theme";
import { barriers } from "../ui/blocks.testing";
import { forgetChanges } from "../ui/change";
import { forgetNotices, Notices } from "../ui/notify";
import DealList from "./deals/list";
import TaskList from "./tasks/page";
import TeamList from "./team/page";

vi.setConfig({ testTimeout: 60_000 });
configure({ asyncUtilTimeout: 15_000 });

const ME = "0190a000-0000-7000-8000-0000000000ff";
const OTHER = "0190a000-0000-7000-8000-0000000000fe";
const LINE = "0190a000-0000-7000-8000-0000000000aa";
const STAGE = "0190a000-0000-7000-8000-0000000000ab";
const members = [
    { id: ME, name: "Aylin Demir", email: "aylin@a.example", role: "sales", active: true, load: 3, capacity: 10, pipeline_ids: [LINE], lead_of_team: true, version: 1, created_at: "2026-01-01T10:00:00Z" },
    { id: OTHER, name: "Jonas Weber", email: "jonas@a.example", role: "viewer", active: false, load: 0, capacity: 5, pipeline_ids: [], lead_of_team: false, version: 1, created_at: "2026-01-02T10:00:00Z" },
];
const tasks = [
    { id: "t1", title: "Call back", kind: "call", priority: "high", status: "open", due_at: "2020-01-01T10:00:00Z", owner_id: ME, owner_name: "Aylin Demir", lead_id: "l1", lead_name: "Eva Brunner", version: 1, created_at: "2026-01-01T10:00:00Z" },
    { id: "t2", title: "Some day", kind: "todo", priority: "normal", status: "open", due_at: null, owner_id: ME, owner_name: "Aylin Demir", version: 1, created_at: "2026-01-01T10:00:00Z" },
];
const deals = [{ id: "d1", name: "Big one", lead_id: "l1", lead_name: "Eva Brunner", lead_company: "Muster GmbH", pipeline_id: LINE, stage_id: STAGE, status: "open", value_minor: 1_234_500, currency: "EUR", probability: 40, owner_id: ME, owner_name: "Aylin Demir", expected_close_on: "2020-01-01", source: null, campaign: null, lost_reason: null, created_at: "2026-01-01T10:00:00Z", closed_at: null, version: 7 }];
const ANSWERS: Record<string, unknown[]> = {
    "/api/v1/team": members,
    "/api/v1/tasks": tasks,
    "/api/v1/deals": deals,
    "/api/v1/pipelines": [{ id: LINE, name: "B2B", stages: [{ id: STAGE, name: "Offer", color: "#123456", probability: 40, is_won: false, is_lost: false }] }],
};
const asked: Request[] = [];

beforeEach(() => {
    asked.length = 0;
    forgetMe();
    forgetChanges();
    forgetNotices();
    localStorage.clear();
    rereadStored();
    session.start({ access_token: "t", expires_in: 900 });
    vi.stubGlobal("fetch", async (request: Request) => {
        asked.push(request.clone());
        const { pathname } = new URL(request.url);
        if (pathname === "/api/v1/auth/me") return Response.json({ scopes: ["leads", "deals", "tasks", "team"].flatMap((area) => [`${area}:read`, `${area}:write`]), tenant: { name: "T", zone: "Europe/Berlin", language: "en" }, member: { id: ME, name: "Aylin Demir", email: "aylin@a.example", role: "sales" } });
        if (pathname === "/api/v1/routing/config") return Response.json({ intents: [], tiers: [], min_confidence: 60 });
        if (request.method === "PATCH") return Response.json({ ...deals[0], ...((await request.clone().json()) as object), version: 8 });
        const data = ANSWERS[pathname] ?? [];
        return Response.json({ data, pagination: { page: 1, limit: 25, total: data.length, total_pages: 1 } });
    });
});
afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
});

const Where = () => <output>{useLocation().pathname + useLocation().search}</output>;
const where = () => document.querySelector("output")!.textContent!;

function show(page: ReactNode, at: string, { width = 1280, mode = "light" as "light" | "dark" } = {}) {
    vi.stubGlobal("matchMedia", (query: string) => ({ matches: width <= Number(/max-width: ?([\d.]+)px/.exec(query)?.[1] ?? 0), media: query, addEventListener: () => {}, removeEventListener: () => {}, addListener: () => {}, removeListener: () => {} }));
    render(
        <MemoryRouter initialEntries={[at]}>
            <QueryClientProvider client={new QueryClient()}>
                <ThemeProvider theme={makeTheme(mode)}>
                    <main>{page}</main>
                    <Where />
                    <Notices />
                </ThemeProvider>
            </QueryClientProvider>
        </MemoryRouter>,
    );
}
const button = (name: string | RegExp) => screen.getByRole("button", { name });
const questions = (resource: string) => asked.filter(({ url, method }) => method === "GET" && new URL(url).pathname === `/api/v1/${resource}`).map(({ url }) => new URL(url).searchParams).filter((query) => query.get("page") !== null);

it("tasks begin with one's own open ones by day, and are asked for once", async () => {
    show(<TaskList />, "/tasks");
    await screen.findByText("Call back");
    expect(questions("tasks").map((query) => [query.get("status"), query.get("owner_id"), query.get("sort")])).toEqual([["open", ME, "due_at"]]);
    expect(screen.getByRole("heading", { name: "Overdue" })).toBeTruthy();
    expect(screen.getByRole("heading", { name: "Without a date" })).toBeTruthy();
    fireEvent.click(button("Everyone's"));
    await waitFor(() => expect(questions("tasks").at(-1)!.get("owner_id")).toBeNull());
    // Now it matters whose each is.
    expect(await screen.findAllByText("Aylin Demir")).not.toHaveLength(0);
});

it("tasks are a table as well, and one opens on the list's own page, which keeps what it shows", async () => {
    show(<TaskList />, "/tasks?layout=table&page=1");
    const link = await screen.findByRole("link", { name: "Call back" });
    expect(screen.getAllByRole("columnheader").map((cell) => cell.textContent).filter(Boolean).slice(0, 3)).toEqual(["Title", "Due", "Owner"]);
    fireEvent.click(link);
    const dialog = await screen.findByRole("dialog", { name: "Edit task" });
    expect(where()).toContain("layout=table");
    expect(within(dialog).getByRole<HTMLInputElement>("textbox", { name: /Title/ }).value).toBe("Call back");
    fireEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(where()).not.toContain("task=");
});

it("deals are a table of what the boards show, with values changed in their cell", async () => {
    show(<DealList />, "/deals");
    await screen.findByRole("link", { name: "Big one" });
    expect(questions("deals")[0]!.get("status")).toBe("open");
    expect(screen.getByText("Offer")).toBeTruthy();
    fireEvent.click(button(/^Change Value of Big one/));
    const box = await screen.findByRole("textbox", { name: "Value" });
    expect((box as HTMLInputElement).value).toBe("12345");
    fireEvent.change(box, { target: { value: "much" } });
    fireEvent.submit(box);
    await screen.findByText("Enter a number.");
    fireEvent.change(box, { target: { value: "99.5" } });
    fireEvent.submit(box);
    await screen.findByText("Value of Big one changed");
    const change = asked.find(({ method }) => method === "PATCH")!;
    expect([new URL(change.url).pathname, change.headers.get("if-match"), await change.json()]).toEqual(["/api/v1/deals/d1", '"7"', { value_minor: 9950 }]);
});

it("the team is a list with roles, loads and pipelines; one opens in its form", async () => {
    show(<TeamList />, "/team");
    const row = (await screen.findByRole("link", { name: "Aylin Demir" })).closest("tr")!;
    expect(within(row).getByText("3 of 10 deals")).toBeTruthy();
    expect(within(row).getByText("B2B")).toBeTruthy();
    fireEvent.click(within(row).getByRole("link", { name: "Aylin Demir" }));
    const dialog = await screen.findByRole("dialog", { name: "Edit Aylin Demir" });
    expect(within(dialog).getByRole<HTMLInputElement>("textbox", { name: /E-mail/ }).value).toBe("aylin@a.example");
    fireEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
    fireEvent.click(await screen.findByRole("button", { name: "E-mail" }).catch(() => button("Name")));
    await waitFor(() => expect(questions("team").at(-1)!.get("sort")).toBe("-name"));
});

it.each(
    (["light", "dark"] as const).flatMap((mode) =>
        ([1280, 390] as const).flatMap((width) => ([["tasks", <TaskList key="t" />, "/tasks", "Call back"], ["task table", <TaskList key="t" />, "/tasks?layout=table", "Call back"], ["deals", <DealList key="d" />, "/deals", "Big one"], ["team", <TeamList key="m" />, "/team", "Aylin Demir"]] as const).map(([name, page, at, sign]) => ({ mode, width, name, page, at, sign }))),
    ),
)("$name keeps nobody out: $mode, $width px", async ({ mode, width, page, at, sign }) => {
    show(page, at, { mode, width });
    await screen.findAllByText(sign);
    expect(await barriers()).toEqual([]);
});
