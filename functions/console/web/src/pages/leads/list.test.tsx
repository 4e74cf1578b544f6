import { ThemeProvider } from "@mui/material/styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, createEvent, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter, useNavigate } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../../api/client";
import { forgetMe } from "../../providers/me";
import { rereadStored } from "../../providers/store";
import { barriers } from "../../ui/blocks.testing";
import { forgetChanges } from "../../ui/change";
import { forgetNotices, Notices } from "../../ui/notify";
import { makeTheme } from "../../theme/theme";
import { LeadList } from "./list";

const lead = (id: string, more: object = {}) => ({ id, first_name: "Lead", last_name: id.toUpperCase(), email: `${id}@a.example`, company: "Muster GmbH", job_title: "Leitung", tier: "hot", total_score: 60, status: "routed", tags: [], intents: {}, primary_intent: null, intent_confidence: 0, conflict: false, version: 1, last_activity_at: "2026-11-20T10:00:00Z", created_at: "2026-11-01T10:00:00Z", pipeline_id: "p1", stage_id: null, owner_id: "m1", source: "website", ...more });
const leads = [lead("a", { tags: ["vip"] }), lead("b"), lead("c", { owner_id: null })];
const pagination = { page: 1, limit: 25, total: 3, total_pages: 1 };
const list = (data: unknown[]) => ({ data, pagination });
const ANSWERS: Record<string, unknown> = {
    "/api/v1/leads": list(leads),
    "/api/v1/leads/unrouted": list([lead("a", { missing: { score: 7 } })]),
    "/api/v1/team": list([{ id: "m1", name: "Aylin Demir", active: true, role: "sales", load: 3, capacity: 10, pipeline_ids: ["p1"] }]),
    "/api/v1/pipelines": list([]),
    "/api/v1/routing/config": { intents: [], tiers: [{ name: "hot", min_score: 45 }], min_confidence: 60 },
    "/api/v1/auth/me": { scopes: ["leads:read", "leads:write"], tenant: { name: "T", zone: "Europe/Berlin", language: "en" }, member: null },
};
const asked: Request[] = [];
// A whole page takes its time where the machine has other work.
vi.setConfig({ testTimeout: 60_000 });
configure({ asyncUtilTimeout: 15_000 });

beforeEach(() => {
    asked.length = 0;
    Object.assign(leads[0]!, lead("a", { tags: ["vip"] }));
    forgetMe();
    forgetChanges();
    forgetNotices();
    localStorage.clear();
    rereadStored();
    session.start({ access_token: "t", expires_in: 900 });
    vi.stubGlobal("fetch", async (request: Request) => {
        asked.push(request.clone());
        const { pathname } = new URL(request.url);
        const one = leads.find(({ id }) => pathname === `/api/v1/leads/${id}`);
        // A colleague was faster with this one.
        if (new URL(request.url).searchParams.get("format") === "csv") return new Response("\ufeffName\r\n", { headers: { "content-type": "text/csv" } });
        if (pathname === "/api/v1/leads/bulk-update") return Response.json({ changed: [{ id: "a", version: 2 }], unchanged: 0, skipped: [{ id: "b", code: "changed", detail: "It was changed since." }], undo: { token: "u1", expires_at: "2026-11-28T12:10:00Z" } });
        if (request.method === "PATCH" && one?.id === "a") return Response.json(Object.assign(one, await request.clone().json(), { version: one.version + 1 }));
        if (request.method === "PATCH" && one?.id === "b") return Response.json({ type: "urn:lotse:problem:stale", title: "", status: 412, detail: "" }, { status: 412 });
        return Response.json(one ?? ANSWERS[pathname] ?? list([]));
    });
});
afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
});

async function show({ width, at = "/leads", mode = "light" }: { width: number; at?: string; mode?: "light" | "dark" }) {
    // What the theme asks for is a largest width, `(max-width:599.95px)`, or a smallest.
    vi.stubGlobal("matchMedia", (query: string) => ({ matches: width <= Number(/max-width: ?([\d.]+)px/.exec(query)?.[1] ?? 0), media: query, addEventListener: () => {}, removeEventListener: () => {}, addListener: () => {}, removeListener: () => {} }));
    render(
        <MemoryRouter initialEntries={[at]}>
            <QueryClientProvider client={new QueryClient()}>
                <ThemeProvider theme={makeTheme(mode)}>
                    <LeadList />
                    <Back />
                    <Notices />
                </ThemeProvider>
            </QueryClientProvider>
        </MemoryRouter>,
    );
    await screen.findByText("Lead A");
}
function Back() {
    const go = useNavigate();
    return <button onClick={() => go(-1)}>back</button>;
}
const button = (name: string | RegExp) => screen.getByRole("button", { name });
const boxes = () => screen.getAllByRole<HTMLInputElement>("checkbox", { name: /^Select Lead/ });

it("shows cards on a phone, with the facts that were chosen", async () => {
    await show({ width: 390 });
    expect(screen.queryByRole("table")).toBeNull();
    expect(screen.queryByText("Owner", { selector: "dt" })).toBeNull();
    fireEvent.click(button("Details"));
    fireEvent.click(screen.getByRole("menuitemcheckbox", { name: "Owner" }));
    fireEvent.click(screen.getByRole("menuitemcheckbox", { name: "Tier" }));
    fireEvent.keyDown(screen.getByRole("menu"), { key: "Escape" });
    const [first, , third] = screen.getAllByRole("listitem");
    expect(await within(first!).findByText("Aylin Demir")).toBeTruthy();
    expect(within(first!).queryByText("Hot")).toBeNull();
    // What a lead does not have takes no room.
    expect(within(third!).queryByText("Owner")).toBeNull();
});

it("sorts on a phone, where there are no headings to press", async () => {
    await show({ width: 390 });
    fireEvent.click(button("Sorted by: Highest score first"));
    fireEvent.click(screen.getByRole("menuitemradio", { name: "Last active first" }));
    await waitFor(() => expect(asked.map((request) => new URL(request.url).searchParams.get("sort"))).toContain("-last_activity_at"));
    expect(button("Sorted by: Last active first")).toBeTruthy();
});

it("chooses leads on a phone and changes them together; what failed stays chosen", async () => {
    // The framework writes refusals to the console as well.
    vi.spyOn(console, "error").mockImplementation(() => {});
    await show({ width: 390 });
    expect(screen.queryAllByRole("checkbox")).toEqual([]);
    fireEvent.click(button("Select"));
    fireEvent.click(screen.getByRole("checkbox", { name: "Select all on this page" }));
    expect(boxes().map((box) => box.checked)).toEqual([true, true, true]);
    fireEvent.click(boxes()[2]!);
    expect(screen.getByText("2 selected").getAttribute("role")).toBe("status");
    fireEvent.click(button("Add tag"));
    fireEvent.change(screen.getByRole("textbox", { name: /Tag/ }), { target: { value: "fair" } });
    fireEvent.submit(screen.getByRole("textbox", { name: /Tag/ }));
    await waitFor(() => expect(boxes().map((box) => box.checked)).toEqual([false, true, false]));
    const posted = () => Promise.all(asked.filter(({ method }) => method === "POST").map(async (request) => [new URL(request.url).pathname, await request.clone().json()]));
    // One request, however many they are.
    expect(await posted()).toEqual([["/api/v1/leads/bulk-update", { ids: ["a", "b"], change: { add_tags: ["fair"] } }]]);
    await screen.findByText("1 changed, 1 not: somebody has changed it meanwhile");
    fireEvent.click(button("Undo"));
    await waitFor(async () => expect((await posted())[1]).toEqual(["/api/v1/bulk-undo", { token: "u1" }]));
    fireEvent.click(button("Done"));
    expect(screen.queryAllByRole("checkbox")).toEqual([]);
});

it("is a table where there is room, and hot begins where the tenant says", async () => {
    await show({ width: 1280 });
    expect(screen.getAllByRole("columnheader").map((cell) => cell.textContent)).toContain("Last active");
    expect(boxes()).toHaveLength(3);
    fireEvent.click(button("Hot"));
    await waitFor(() => expect(asked.map((request) => new URL(request.url).searchParams.get("min_score"))).toContain("45"));
});

it("shows the pool with what each lacks, and no filter that means nothing there", async () => {
    await show({ width: 1280 });
    fireEvent.click(button("In the pool"));
    await screen.findByText("7 more points");
    const headings = screen.getAllByRole("columnheader").map((cell) => cell.textContent);
    expect(headings).toContain("What is missing");
    expect(headings).not.toContain("Pipeline");
    expect(screen.queryByRole("button", { name: "Status" })).toBeNull();
    expect(screen.getByRole("button", { name: "Tier" })).toBeTruthy();
});

/** What the list of leads was asked last; the tests' own history stands behind `back`. */
const question = () => new URL(asked.findLast(({ url }) => /\/leads(\/unrouted)?\?/.test(url))!.url).searchParams;

it.each([
    ["/leads?sort=company&order=ASC&filter={}&page=1&perPage=25", "Order"],
    [`/leads?filter=${encodeURIComponent('{"tier":"boiling"}')}`, "Tier"],
])("shows the list whatever its address says, and names what it left out: %s", async (at, name) => {
    await show({ width: 1280, at });
    expect(screen.getByRole("alert").textContent).toContain(`: ${name}.`);
    expect([question().get("sort"), question().get("tier")]).toEqual(["-total_score", null]);
    fireEvent.click(button("Hot"));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

it("goes back to the whole list, with the chips as they were", async () => {
    await show({ width: 1280 });
    expect(button("All").getAttribute("aria-pressed")).toBe("true");
    fireEvent.click(button("Hot"));
    await waitFor(() => expect(question().get("min_score")).toBe("45"));
    fireEvent.click(button("back"));
    await waitFor(() => expect(button("All").getAttribute("aria-pressed")).toBe("true"));
    expect(screen.queryByText(/^Score from/)).toBeNull();
});

it("selects a range with the Shift key", async () => {
    await show({ width: 1280 });
    fireEvent.click(boxes()[0]!);
    fireEvent.click(boxes()[2]!, { shiftKey: true });
    expect(boxes().map((box) => box.checked)).toEqual([true, true, true]);
});

it("opens a lead in a tab of its own with Ctrl or the middle button, as a link does", async () => {
    const open = vi.spyOn(window, "open").mockReturnValue(null);
    await show({ width: 1280 });
    const cell = screen.getAllByRole("cell").find((one) => one.textContent === "Routed")!;
    fireEvent.click(cell, { ctrlKey: true });
    fireEvent(cell, new MouseEvent("auxclick", { bubbles: true, button: 1 }));
    expect(open.mock.calls.map(([address]) => address)).toEqual(["/leads/a", "/leads/a"]);
});

it("takes a list along in one piece, in the columns and the order shown", async () => {
    const saved = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:x");
    await show({ width: 1280 });
    fireEvent.click(button("CSV"));
    await waitFor(() => expect(saved).toHaveBeenCalledOnce());
    const files = asked.map((request) => new URL(request.url)).filter((url) => url.searchParams.get("format") === "csv");
    expect(files.map((url) => url.pathname)).toEqual(["/api/v1/leads"]);
    expect(Object.fromEntries(files[0]!.searchParams)).toEqual({ format: "csv", sort: "-total_score", language: "en", zone: "Europe/Berlin", columns: "name,tier,total_score,primary_intent,intent_confidence,status,owner,pipeline,stage,last_activity_at" });

    // What is selected, and in the pool also what it lacks.
    fireEvent.click(button("In the pool"));
    await screen.findByText("7 more points");
    fireEvent.click(boxes()[0]!);
    fireEvent.click(within(screen.getByRole("region", { name: /selected/i })).getByRole("button", { name: "CSV" }));
    await waitFor(() => expect(saved).toHaveBeenCalledTimes(2));
    const last = new URL(asked.findLast((request) => request.url.includes("format=csv"))!.url);
    expect([last.pathname, last.searchParams.get("ids")]).toEqual(["/api/v1/leads/unrouted", "a"]);
    expect(last.searchParams.get("columns")).toContain("missing");
});

const patches = () => Promise.all(asked.filter(({ method }) => method === "PATCH").map(async (request) => [new URL(request.url).pathname, await request.clone().json(), request.headers.get("if-match")]));
const row = (id: string) => document.querySelector<HTMLElement>(`tr[data-lead="${id}"]`)!;

it("changes a cell where it stands, at once, and takes it back", async () => {
    await show({ width: 1280 });
    await within(row("a")).findByText("Aylin Demir");
    fireEvent.click(within(row("a")).getByRole("button", { name: "Change Owner of Lead A: Aylin Demir" }));
    fireEvent.click(await screen.findByRole("menuitemradio", { name: "Nobody" }));
    await waitFor(() => expect(within(row("a")).queryByText("Aylin Demir")).toBeNull());
    await screen.findByText("Owner of Lead A changed");
    expect(await patches()).toEqual([["/api/v1/leads/a", { owner_id: null }, '"1"']]);
    fireEvent.click(button("Undo"));
    await waitFor(async () => expect((await patches())[1]).toEqual(["/api/v1/leads/a", { owner_id: "m1" }, '"2"']));
    await within(row("a")).findByText("Aylin Demir");
});

it("goes from cell to cell by arrow keys", async () => {
    await show({ width: 1280 });
    const cells = await screen.findAllByRole("button", { name: /^Change Owner/ });
    cells[0]!.focus();
    fireEvent.keyDown(cells[0]!, { key: "ArrowDown" });
    expect(document.activeElement).toBe(cells[1]);
    fireEvent.keyDown(cells[1]!, { key: "ArrowUp" });
    expect(document.activeElement).toBe(cells[0]);
    // One of them all is a stop on the way through the page: the one that was last.
    const stops = () => [...document.querySelectorAll<HTMLElement>("[data-cell]")].filter((cell) => cell.tabIndex === 0);
    await waitFor(() => expect(stops()).toEqual([cells[0]]));
    const table = screen.getByRole("table");
    expect([table.getAttribute("aria-rowcount"), cells[0]!.closest("tr")!.getAttribute("aria-rowindex")]).toEqual([String(pagination.total + 1), "2"]);
});

const heads = () => screen.getAllByRole("columnheader").map((cell) => cell.textContent).filter(Boolean);

it("keeps columns as they were pulled, moved and chosen", async () => {
    await show({ width: 1280 });
    const edge = () => screen.getByRole("separator", { name: "Width of the column Score" });
    const before = Number(edge().getAttribute("aria-valuenow"));
    fireEvent.keyDown(edge(), { key: "ArrowRight" });
    expect(Number(edge().getAttribute("aria-valuenow"))).toBe(before + 16);
    fireEvent.doubleClick(edge());
    expect(Number(edge().getAttribute("aria-valuenow"))).toBe(before);
    fireEvent.keyDown(edge(), { key: "ArrowLeft" });
    expect(heads().slice(0, 3)).toEqual(["Name", "Tier", "Score"]);
    fireEvent.click(button("Columns"));
    const score = screen.getByRole("menuitemcheckbox", { name: "Score" });
    fireEvent.keyDown(score, { key: "ArrowUp", altKey: true });
    fireEvent.click(screen.getByRole("menuitemcheckbox", { name: "Country" }));
    fireEvent.keyDown(screen.getByRole("menu"), { key: "Escape" });
    await waitFor(() => expect(screen.queryByRole("menu")).toBeNull());
    expect([...heads().slice(0, 3), heads().at(-1)]).toEqual(["Name", "Score", "Tier", "Country"]);
    cleanup();
    await show({ width: 1280 });
    expect([...heads().slice(0, 3), heads().at(-1)]).toEqual(["Name", "Score", "Tier", "Country"]);
    expect(Number(edge().getAttribute("aria-valuenow"))).toBe(before - 16);
});

it("carries a column by mouse", async () => {
    await show({ width: 1280 });
    const carried = new Map<string, string>();
    const dataTransfer = { setData: (type: string, data: string) => carried.set(type, data), getData: (type: string) => carried.get(type) ?? "", get types() { return [...carried.keys()]; }, effectAllowed: "" };
    const head = (name: string) => screen.getByRole("columnheader", { name });
    fireEvent.dragStart(head("Status"), { dataTransfer });
    fireEvent.dragOver(head("Tier"), { dataTransfer });
    fireEvent.drop(head("Tier"), { dataTransfer });
    expect(heads().slice(0, 3)).toEqual(["Name", "Status", "Tier"]);
    // On the right half of the last one it comes to stand behind it.
    const last = screen.getAllByRole("columnheader").filter((cell) => cell.textContent).at(-1)!;
    const drop = createEvent.drop(last, { dataTransfer });
    Object.defineProperty(drop, "clientX", { value: 5 });
    fireEvent(last, drop);
    expect(heads().at(-1)).toBe("Status");
});

it("forgets what was chosen when something else is asked", async () => {
    await show({ width: 1280 });
    fireEvent.click(boxes()[0]!);
    expect(screen.getByText("1 selected")).toBeTruthy();
    fireEvent.click(button("Hot"));
    await waitFor(() => expect(screen.queryByText("1 selected")).toBeNull());
});

it("sorts by what the API sorts, and says so to those who do not see it", async () => {
    await show({ width: 1280 });
    expect(screen.getByRole("columnheader", { name: "Score" }).getAttribute("aria-sort")).toBe("descending");
    fireEvent.click(button("Last active"));
    await waitFor(() => expect(question().get("sort")).toBe("-last_activity_at"));
    expect(screen.getByRole("columnheader", { name: "Last active" }).getAttribute("aria-sort")).toBe("descending");
    fireEvent.click(button("Last active"));
    await waitFor(() => expect(question().get("sort")).toBe("last_activity_at"));
});

it("shows as many rows as one wants", async () => {
    await show({ width: 1280 });
    fireEvent.change(screen.getByRole("combobox", { name: "Rows per page" }), { target: { value: "100" } });
    await waitFor(() => expect(question().get("limit")).toBe("100"));
});

it("chooses all that match, not only those of the page, until something else is asked", async () => {
    ANSWERS["/api/v1/leads"] = { data: leads, pagination: { ...pagination, total: 159, total_pages: 7 } };
    await show({ width: 1280 });
    fireEvent.click(screen.getByRole("checkbox", { name: "Select all on this page" }));
    fireEvent.click(button("Select all 159 that match"));
    expect(screen.getByText("All 159 selected")).toBeTruthy();
    expect(boxes().every((box) => box.checked)).toBe(true);
    // The API itself knows which they are, and refuses where they are others by now.
    fireEvent.click(button("Assign owner"));
    fireEvent.click(await screen.findByRole("menuitem", { name: /Aylin Demir/ }));
    await waitFor(async () => expect(await asked.findLast(({ method }) => method === "POST")?.clone().json()).toEqual({ filter: "", expected: 159, change: { owner_id: "m1" } }));
    await waitFor(() => expect(screen.queryByText("All 159 selected")).toBeNull());
    fireEvent.click(screen.getByRole("checkbox", { name: "Select all on this page" }));
    fireEvent.click(button("Select all 159 that match"));
    fireEvent.click(button("Hot"));
    await waitFor(() => expect(screen.queryByText("All 159 selected")).toBeNull());
    ANSWERS["/api/v1/leads"] = list(leads);
});

it("narrows by a sentence that can be changed and taken away", async () => {
    await show({ width: 1280 });
    fireEvent.click(button("Tier"));
    fireEvent.click(await screen.findByRole("checkbox", { name: "Hot" }));
    await waitFor(() => expect(question().get("tier")).toBe("hot"));
    fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(button("Tier: Hot")).toBeTruthy();

    fireEvent.click(button("More filters"));
    fireEvent.click(screen.getByRole("menuitem", { name: "Last active" }));
    fireEvent.click(await screen.findByRole("radio", { name: "more than … days ago" }));
    fireEvent.change(screen.getByRole("spinbutton", { name: "Days" }), { target: { value: "30" } });
    fireEvent.click(button("Apply"));
    await screen.findByRole("button", { name: "Last active: more than 30 days ago" });
    await waitFor(() => expect(question().get("active_to")).toMatch(/^\d{4}-/));
    fireEvent.click(button("Stop filtering by Tier"));
    await waitFor(() => expect(question().get("tier")).toBeNull());
    expect(question().get("active_to")).toBeTruthy();
});

it("asks for nothing that cannot be", async () => {
    await show({ width: 1280 });
    const before = asked.length;
    fireEvent.click(button("More filters"));
    fireEvent.click(screen.getByRole("menuitem", { name: "Score" }));
    fireEvent.change(await screen.findByRole("spinbutton", { name: "From" }), { target: { value: "60" } });
    fireEvent.change(screen.getByRole("spinbutton", { name: "To" }), { target: { value: "40" } });
    fireEvent.click(button("Apply"));
    await screen.findByText("This is below the lowest score.");
    expect(asked).toHaveLength(before);
});

it.each([["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]] as const)("keeps nobody out: %s, %i px", async (mode, width) => {
    await show({ width, mode });
    if (width > 600) {
        fireEvent.click(boxes()[0]!);
        await within(row("a")).findByText("Aylin Demir");
    }
    expect(await barriers()).toEqual([]);
});

it("does to one row what its menu says", async () => {
    const open = vi.spyOn(window, "open").mockReturnValue(null);
    await show({ width: 1280 });
    fireEvent.click(button("Actions for Lead B"));
    fireEvent.click(screen.getByRole("menuitem", { name: "Open in a new tab" }));
    expect(open.mock.calls.map(([address]) => address)).toEqual(["/leads/b"]);
});

it("asks for several at once, for what is not, and for what is empty; one step back undoes the question", async () => {
    await show({ width: 1280 });
    fireEvent.click(button("Tier"));
    fireEvent.click(await screen.findByRole("checkbox", { name: "Hot" }));
    await waitFor(() => expect(screen.getByRole<HTMLInputElement>("checkbox", { name: "Hot" }).checked).toBe(true));
    fireEvent.click(screen.getByRole("checkbox", { name: "Warm" }));
    await waitFor(() => expect(question().get("filter[tier][in]")).toBe("hot,warm"));
    fireEvent.click(screen.getByRole("button", { name: "is not" }));
    await waitFor(() => expect(question().get("filter[tier][not_in]")).toBe("hot,warm"));
    fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(button("Tier: not Hot or Warm")).toBeTruthy();
    fireEvent.click(button("back"));
    await screen.findByRole("button", { name: "Tier" });

    fireEvent.click(button("Owner"));
    fireEvent.click(await screen.findByRole("checkbox", { name: "nobody" }));
    await waitFor(() => expect(question().get("filter[owner_id][in]")).toBe("none"));
    fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    await screen.findByRole("button", { name: "Owner: nobody" });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    fireEvent.click(button("More filters"));
    fireEvent.click(screen.getByRole("menuitem", { name: "Phone" }));
    fireEvent.click(await screen.findByRole("radio", { name: "empty" }));
    await waitFor(() => expect(question().get("filter[phone][empty]")).toBe("true"));
});
