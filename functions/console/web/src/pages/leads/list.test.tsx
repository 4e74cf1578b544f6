import { ThemeProvider } from "@mui/material/styles";
import { cleanup, configure, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { CoreAdminContext, memoryStore } from "ra-core";
import { MemoryRouter, useNavigate } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../../api/client";
import { forgetMe } from "../../providers/me";
import { dataProvider } from "../../providers/data";
import { i18nProvider } from "../../providers/i18n";
import { makeTheme } from "../../theme/theme";
import { LeadList } from "./list";

const lead = (id: string, more: object = {}) => ({ id, first_name: "Lead", last_name: id.toUpperCase(), email: `${id}@a.example`, company: "Muster GmbH", job_title: "Leitung", tier: "hot", total_score: 60, status: "routed", tags: [], intents: {}, primary_intent: null, intent_confidence: 0, conflict: false, version: 1, last_activity_at: "2026-11-20T10:00:00Z", created_at: "2026-11-01T10:00:00Z", pipeline_id: null, stage_id: null, owner_id: "m1", source: "website", ...more });
const leads = [lead("a", { tags: ["vip"] }), lead("b"), lead("c", { owner_id: null })];
const pagination = { page: 1, limit: 25, total: 3, total_pages: 1 };
const list = (data: unknown[]) => ({ data, pagination });
const ANSWERS: Record<string, unknown> = {
    "/api/v1/leads": list(leads),
    "/api/v1/leads/unrouted": list([lead("a", { missing: { score: 7 } })]),
    "/api/v1/team": list([{ id: "m1", name: "Aylin Demir", active: true }]),
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
    forgetMe();
    session.start({ access_token: "t", expires_in: 900 });
    vi.stubGlobal("fetch", async (request: Request) => {
        asked.push(request.clone());
        const { pathname } = new URL(request.url);
        const one = leads.find(({ id }) => pathname === `/api/v1/leads/${id}`);
        // A colleague was faster with this one.
        if (new URL(request.url).searchParams.get("format") === "csv") return new Response("\ufeffName\r\n", { headers: { "content-type": "text/csv" } });
        if (request.method === "PATCH" && one?.id === "b") return Response.json({ type: "urn:lotse:problem:stale", title: "", status: 412, detail: "" }, { status: 412 });
        return Response.json(one ?? ANSWERS[pathname] ?? list([]));
    });
});
afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
});

async function show({ width, at = "/leads" }: { width: number; at?: string }) {
    // What the theme asks for is a largest width, `(max-width:599.95px)`, or a smallest.
    vi.stubGlobal("matchMedia", (query: string) => ({ matches: width <= Number(/max-width: ?([\d.]+)px/.exec(query)?.[1] ?? 0), media: query, addEventListener: () => {}, removeEventListener: () => {}, addListener: () => {}, removeListener: () => {} }));
    render(
        <MemoryRouter initialEntries={[at]}>
            <CoreAdminContext dataProvider={dataProvider} i18nProvider={i18nProvider} store={memoryStore()} authProvider={{ login: async () => {}, logout: async () => {}, checkAuth: async () => {}, checkError: async () => {}, getPermissions: async () => ["leads:read", "leads:write"], canAccess: async () => true }}>
                <ThemeProvider theme={makeTheme("light")}>
                    <LeadList />
                    <Back />
                </ThemeProvider>
            </CoreAdminContext>
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
    expect(screen.getByRole("status").textContent).toBe("2 selected");
    fireEvent.click(button("Add tag"));
    fireEvent.change(screen.getByRole("textbox", { name: /Tag/ }), { target: { value: "fair" } });
    fireEvent.submit(screen.getByRole("textbox", { name: /Tag/ }));
    await waitFor(() => expect(boxes().map((box) => box.checked)).toEqual([false, true, false]));
    const changes = asked.filter((request) => request.method === "PATCH");
    expect(await Promise.all(changes.map((request) => request.json()))).toEqual([{ tags: ["vip", "fair"] }, { tags: ["fair"] }]);
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
