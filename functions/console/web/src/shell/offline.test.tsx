import { onlineManager, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { I18nContextProvider } from "ra-core";
import { afterEach, expect, it, vi } from "vitest";
import { i18nProvider } from "../providers/i18n";
import { Offline } from "./offline";

vi.mock("../ui/known", () => ({ useZone: () => "Europe/Berlin" }));
afterEach(() => {
    cleanup();
    act(() => onlineManager.setOnline(true));
});

function Leads() {
    const { data } = useQuery({ queryKey: ["leads"], queryFn: async () => "rows", initialData: "rows", initialDataUpdatedAt: Date.parse("2026-11-28T10:04:00Z"), staleTime: Number.POSITIVE_INFINITY });
    return <p>{data}</p>;
}

function show() {
    const client = new QueryClient();
    // Read later, and shown nowhere.
    client.setQueryData(["tasks"], [], { updatedAt: Date.parse("2026-11-28T10:09:00Z") });
    render(
        <QueryClientProvider client={client}>
            <I18nContextProvider value={i18nProvider}>
                <Offline />
                <Leads />
            </I18nContextProvider>
        </QueryClientProvider>,
    );
}

it("says nothing while there is a connection", () => {
    show();
    expect(screen.getByRole("status").textContent).toBe("");
});

it("says from when what is shown is, in the person's zone", () => {
    show();
    act(() => onlineManager.setOnline(false));
    expect(screen.getByRole("status").textContent).toMatch(/11:04/);
    act(() => onlineManager.setOnline(true));
    expect(screen.getByRole("status").textContent).toBe("");
});
