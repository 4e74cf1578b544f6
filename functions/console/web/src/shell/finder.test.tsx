import { ThemeProvider } from "@mui/material/styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter, useLocation } from "react-router-dom";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session } from "../api/client";
import { makeTheme } from "../theme/theme";
import { Finder } from "./finder";
import { forgetRecents, seen } from "./recent";

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
        if (pathname === "/api/v1/auth/me") return Response.json({ scopes: ["leads:read", "tasks:read"], tenant: { name: "T", zone: "Europe/Berlin", language: "en" }, member: null });
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
            <QueryClientProvider client={new QueryClient()}>
                <ThemeProvider theme={makeTheme("light")}>
                    <Finder open onClose={() => {}} />
                    <Where />
                </ThemeProvider>
            </QueryClientProvider>
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

it("knows commands by their name, and does them", async () => {
    await show();
    type("dark");
    await answer("dark");
    fireEvent.keyDown(box(), { key: "Enter" });
    await waitFor(() => expect(localStorage.getItem("lotse.set.appearance")).toBe('"dark"'));
    localStorage.clear();
});

it("offers what was looked at last before anything is written", async () => {
    seen({ kind: "lead", to: "/leads/k", text: "Andreas Köhler" });
    await show();
    expect(screen.getAllByRole("option")[0]!.textContent).toContain("Andreas Köhler");
    fireEvent.keyDown(box(), { key: "Enter" });
    await waitFor(() => expect(where()).toBe("/leads/k"));
    forgetRecents();
});
