import { ThemeProvider } from "@mui/material/styles";
import { cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { CoreAdminContext, memoryStore } from "ra-core";
import { MemoryRouter, useLocation } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../api/client";
import { dataProvider } from "../providers/data";
import { i18nProvider } from "../providers/i18n";
import { makeTheme } from "../theme/theme";
import { Finder } from "./finder";

configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 30_000 });

/** Answers that are on their way: each search for leads waits until it is let through. */
let waiting: Map<string, () => void>;
const PEOPLE = [
    { id: "k", first_name: "Andreas", last_name: "Köhler", tier: "hot" },
    { id: "b", first_name: "Eva", last_name: "Brunner", tier: "cold" },
];

beforeEach(() => {
    waiting = new Map();
    session.start({ access_token: "t", expires_in: 900 });
    vi.stubGlobal("fetch", async (request: Request) => {
        const { pathname, searchParams } = new URL(request.url);
        const q = searchParams.get("q") ?? "";
        if (pathname !== "/api/v1/leads") return Response.json({ data: [], pagination: {} });
        await new Promise<void>((let_through) => waiting.set(q, let_through));
        return Response.json({ data: PEOPLE.filter((one) => one.last_name.toLowerCase().includes(q)), pagination: {} });
    });
});
afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
});

const Where = () => <output>{useLocation().pathname}</output>;
const where = () => document.querySelector("output")?.textContent;
const box = () => screen.getByRole("combobox");
const type = (value: string) => fireEvent.change(box(), { target: { value } });
const answer = async (q: string) => {
    await waitFor(() => expect([...waiting.keys()]).toContain(q));
    waiting.get(q)!();
};

async function show() {
    render(
        <MemoryRouter>
            <CoreAdminContext dataProvider={dataProvider} i18nProvider={i18nProvider} store={memoryStore()} authProvider={{ login: async () => {}, logout: async () => {}, checkAuth: async () => {}, checkError: async () => {}, getPermissions: async () => ["leads:read", "tasks:read"] }}>
                <ThemeProvider theme={makeTheme("light")}>
                    <Finder open onClose={() => {}} />
                    <Where />
                </ThemeProvider>
            </CoreAdminContext>
        </MemoryRouter>,
    );
    // Places are there once it is known what one may see.
    await screen.findByRole("option", { name: "Tasks" });
}

it("has a name", async () => {
    await show();
    expect(screen.getByRole("dialog", { name: "Search people, deals and pages" })).toBeTruthy();
});

it("opens with Enter what is typed, however late its answer is, and never what was found before", async () => {
    await show();
    type("köhler");
    await answer("köhler");
    await screen.findByText("Andreas Köhler");
    type("brunner");
    fireEvent.keyDown(box(), { key: "Enter" });
    await waitFor(() => expect([...waiting.keys()]).toContain("brunner"));
    expect(where()).toBe("/");
    await answer("brunner");
    await waitFor(() => expect(where()).toBe("/leads/b"));
});

it("forgets an Enter when something else is typed", async () => {
    await show();
    type("köhler");
    fireEvent.keyDown(box(), { key: "Enter" });
    type("brunner");
    await answer("brunner");
    await screen.findByText("Eva Brunner");
    expect(where()).toBe("/");
});

it("opens a page at once: nobody is waited for", async () => {
    await show();
    type("t");
    fireEvent.keyDown(box(), { key: "Enter" });
    await waitFor(() => expect(where()).toBe("/tasks"));
});
