import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { ThemeProvider } from "@mui/material/styles";
import { act, cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { Suspense } from "react";
import { MemoryRouter, useLocation } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../api/client";
import { wanted } from "../pages/leads/new";
import { forgetMe } from "../providers/me";
import { makeTheme } from "../theme/theme";
import { ALL_RIGHTS, barriers, somebody } from "../ui/blocks.testing";
import { useAppKeys } from "./commands";
import { KeyHelp } from "./key-help";
import { QuickAdd } from "./quick-add";
import { startAdding } from "./quick-add-state";
import { forgetRecents, recents, seen } from "./recent";

configure({ asyncUtilTimeout: 15_000 });
vi.setConfig({ testTimeout: 60_000 });

const known = { id: "k", first_name: "Andreas", last_name: "Köhler", company: "VetLab", email: "koehler@vetlab.example", tier: "hot" };
let asked: { method: string; path: string; search: string; body: Record<string, unknown> | null }[];
const posts = () => asked.filter(({ method }) => method === "POST");

beforeEach(() => {
    asked = [];
    sessionStorage.clear();
    forgetMe();
    startAdding(null);
    session.start({ access_token: "t", expires_in: 900 });
    vi.stubGlobal("fetch", async (request: Request) => {
        const { pathname, search, searchParams } = new URL(request.url);
        const text = await request.clone().text();
        asked.push({ method: request.method, path: pathname, search, body: text ? (JSON.parse(text) as Record<string, unknown>) : null });
        if (pathname === "/api/v1/auth/me") return Response.json(somebody(ALL_RIGHTS));
        if (pathname === "/api/v1/leads" && request.method === "POST") {
            if (searchParams.get("force") === "true") return Response.json({ ...known, id: "new", total_score: 12 }, { status: 201 });
            return Response.json({ type: "urn:lotse:problem:conflict", title: "", status: 409, detail: "This person seems to be a lead already.", code: "duplicate_lead", matches: [{ ...known, matched: ["email"] }] }, { status: 409 });
        }
        const data = pathname === "/api/v1/leads" && searchParams.get("q")?.includes("koehler") ? [known] : pathname === "/api/v1/pipelines" ? [{ id: "p", name: "Labor", currency: "EUR", stages: [], archived_at: null }] : [];
        return Response.json({ data, pagination: { page: 1, limit: 25, total: data.length, total_pages: 1 } });
    });
});
afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
});

const Where = () => <output>{useLocation().pathname}</output>;
function Keys() {
    useAppKeys();
    return null;
}

async function show(at = "/tasks") {
    const client = new QueryClient();
    client.setQueryData(["me"], somebody(ALL_RIGHTS));
    client.setQueryData(["lead", "k"], { ...known, pipeline_id: "p" });
    render(
        <MemoryRouter initialEntries={[at]}>
            <QueryClientProvider client={client}>
                <ThemeProvider theme={makeTheme("light")}>
                    <Keys />
                    <Suspense>
                        <QuickAdd />
                    </Suspense>
                    <KeyHelp />
                    <Where />
                </ThemeProvider>
            </QueryClientProvider>
        </MemoryRouter>,
    );
}
const press = (key: string) => fireEvent.keyDown(document.body, { key });
/** What it opens is loaded first. */
const choose = (name: string) => act(async () => void fireEvent.click(screen.getByRole("menuitem", { name })));
const field = (name: string) => screen.getByRole("textbox", { name });
const write = (name: string, value: string) => fireEvent.change(field(name), { target: { value } });

it("begins with c, offers what one may add, and keeps nobody out", async () => {
    await show();
    press("c");
    await screen.findByRole("dialog", { name: "Add new" });
    expect(screen.getAllByRole("menuitem").map((one) => one.textContent)).toEqual(["New lead", "New deal", "New task"]);
    expect(await barriers()).toEqual([]);
});

it("says who is there already while one writes, and adds a second one only when told to", async () => {
    await show();
    press("c");
    await choose("New lead");
    await screen.findByRole("textbox", { name: "E-mail" });
    write("E-mail", "koehler@vetlab.example");
    await screen.findByText("May already exist:");
    expect(screen.getByRole("link", { name: "Andreas Köhler" }).getAttribute("href")).toBe("/leads/k");
    fireEvent.click(screen.getByRole("button", { name: "Add lead" }));
    fireEvent.click(await screen.findByRole("button", { name: "Add anyway" }));
    await waitFor(() => expect(posts().map(({ search, body }) => [search, body!.email])).toEqual([["", "koehler@vetlab.example"], ["?force=true", "koehler@vetlab.example"]]));
    // It opens, with what it scores and why.
    await waitFor(() => expect(document.querySelector("output")?.textContent).toBe("/leads/new"));
});

it("begins a deal with the lead that is open", async () => {
    await show("/leads/k");
    press("c");
    await choose("New deal");
    expect(((await screen.findByRole("textbox", { name: /^Name/ })) as HTMLInputElement).value).toBe("Andreas Köhler");
});

it("begins a task about the lead that is open", async () => {
    await show("/leads/k");
    press("c");
    await choose("New task");
    await screen.findByText("About: Andreas Köhler");
    write("Title", "Call back");
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(posts().map(({ path, body }) => [path, body!.title, body!.lead_id])).toEqual([["/api/v1/tasks", "Call back", "k"]]));
});

it("goes where a key leads, and says which keys there are", async () => {
    await show();
    press("g");
    press("l");
    expect(document.querySelector("output")?.textContent).toBe("/leads");
    press("?");
    const help = await screen.findByRole("dialog", { name: "Keyboard shortcuts" });
    expect(help.textContent).toContain("Leads");
    expect([...help.querySelectorAll("dt")].map((one) => one.textContent)).toEqual(expect.arrayContaining(["c", "?", "gl", "gb", "CtrlK", "CtrlZ"]));
    expect(await barriers()).toEqual([]);
});

it("searches for an address once it is one, else for a name", () => {
    const of = (email: string, first_name = "", last_name = "") => wanted({ email, first_name, last_name });
    expect([of("koe"), of("k@v.example"), of("", "Andreas"), of("", "Andreas", "Köhler"), of("x@", "", "Köhler"), of("", "", "K")]).toEqual([null, "k@v.example", null, "Andreas Köhler", "Köhler", null]);
});

it("remembers what was looked at last, the latest first and each once", () => {
    for (const name of ["a", "b", "a"]) seen({ kind: "lead", to: `/leads/${name}`, text: name });
    expect(recents().map(({ text }) => text)).toEqual(["a", "b"]);
    forgetRecents();
    expect(recents()).toEqual([]);
});
