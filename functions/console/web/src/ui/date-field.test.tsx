import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { I18nContextProvider } from "ra-core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { i18nProvider } from "../providers/i18n";
import { Field, FormDialog } from "./form";

vi.mock("./known", () => ({ useZone: () => "Europe/Berlin" }));
// The page is English here and the person in Britain, whatever the browser's own fields would show.
beforeEach(() => void vi.spyOn(navigator, "languages", "get").mockReturnValue(["en-GB"]));
afterEach(cleanup);

function show(values: { on: string; due: string }) {
    const onSubmit = vi.fn(async () => undefined);
    render(
        <QueryClientProvider client={new QueryClient()}>
            <I18nContextProvider value={i18nProvider}>
                <FormDialog open title="Title" submit="Save" values={values} onClose={() => {}} onSubmit={onSubmit}>
                    <Field name="on" label="Close date" type="date" />
                    <Field name="due" label="Due" type="datetime-local" />
                </FormDialog>
            </I18nContextProvider>
        </QueryClientProvider>,
    );
    return onSubmit;
}
const field = (name: string) => screen.getByRole<HTMLInputElement>("textbox", { name });
const write = (name: string, text: string) => {
    fireEvent.change(field(name), { target: { value: text } });
    fireEvent.blur(field(name));
};
const save = () => fireEvent.click(screen.getByRole("button", { name: "Save" }));

it("shows dates as the person writes them, and saves them as the API does", async () => {
    const onSubmit = show({ on: "2026-11-25", due: "2026-11-25T14:30" });
    expect([field("Close date").value, field("Due").value]).toEqual(["25/11/2026", "25/11/2026 14:30"]);
    write("Close date", "5/1/27");
    write("Due", "05/01/2027 8:05");
    expect([field("Close date").value, field("Due").value]).toEqual(["05/01/2027", "05/01/2027 08:05"]);
    save();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
    expect(onSubmit.mock.calls[0]!.slice(0, 1)).toEqual([{ on: "2027-01-05", due: "2027-01-05T08:05" }]);
});

it("may be emptied", async () => {
    const onSubmit = show({ on: "2026-11-25", due: "" });
    write("Close date", "");
    save();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
    expect(onSubmit.mock.calls[0]!.slice(0, 1)).toEqual([{ on: "", due: "" }]);
});

it("keeps what cannot be read, and asks for a date", async () => {
    const onSubmit = show({ on: "", due: "" });
    write("Close date", "31/02/2026");
    save();
    await screen.findByText(/Please enter a date/);
    expect(field("Close date").value).toBe("31/02/2026");
    expect(onSubmit).not.toHaveBeenCalled();
});
