import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { I18nContextProvider } from "ra-core";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "../api/problem";
import { i18nProvider } from "../providers/i18n";
import { Field, FormDialog } from "./form";

afterEach(cleanup);

type Person = { email: string; name: string };
const client = new QueryClient();

function dialog(values: Person, onSubmit: (values: Person, before: Person) => Promise<unknown>, onClose: () => void) {
    return (
        <QueryClientProvider client={client}>
            <I18nContextProvider value={i18nProvider}>
                <FormDialog open title="Title" submit="Save it" values={values} onClose={onClose} onSubmit={onSubmit}>
                    <Field name="email" label="Address" />
                    <Field name="name" label="Name" required />
                </FormDialog>
            </I18nContextProvider>
        </QueryClientProvider>
    );
}
function show(onSubmit: () => Promise<unknown>, onClose = vi.fn()) {
    render(dialog({ email: "", name: "x" }, onSubmit, onClose));
    return onClose;
}
const save = () => fireEvent.click(screen.getByRole("button", { name: "Save it" }));

it("shows what the API refuses at the field, and stays open", async () => {
    const refusal = new ApiError({ type: "urn:lotse:problem:invalid", title: "", status: 400, detail: "", errors: [{ pointer: "/email", code: "unheard_of", detail: "Send an address." }] });
    const onClose = show(() => Promise.reject(refusal));
    save();
    await screen.findByText("Send an address.");
    expect(screen.getByLabelText("Address").getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByLabelText(/Name/).getAttribute("aria-invalid")).toBe("false");
    expect(onClose).not.toHaveBeenCalled();
});

it("does not ask the API while something required is missing", async () => {
    const onSubmit = vi.fn(async () => undefined);
    show(onSubmit);
    fireEvent.change(screen.getByLabelText(/Name/), { target: { value: "" } });
    save();
    await waitFor(() => expect(screen.getByLabelText(/Name/).getAttribute("aria-invalid")).toBe("true"));
    expect(onSubmit).not.toHaveBeenCalled();
});

it("stays until what is under way has come to its end", async () => {
    let refuse = (_: Error) => {};
    const onClose = show(() => new Promise((_, reject) => (refuse = reject)));
    save();
    await waitFor(() => expect((screen.getByRole("button", { name: /Cancel/ }) as HTMLButtonElement).disabled).toBe(true));
    fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    expect(onClose).not.toHaveBeenCalled();
    refuse(new Error("no connection"));
    await screen.findByRole("alert");
    fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    expect(onClose).toHaveBeenCalledOnce();
});

it("does not take what the browser cannot read for no number", async () => {
    const onSubmit = vi.fn(async () => undefined);
    render(
        <QueryClientProvider client={client}>
            <I18nContextProvider value={i18nProvider}>
                <FormDialog open title="Title" submit="Save it" values={{ amount: "" }} onClose={vi.fn()} onSubmit={onSubmit}>
                    <Field name="amount" label="Amount" type="number" />
                </FormDialog>
            </I18nContextProvider>
        </QueryClientProvider>,
    );
    const amount = screen.getByLabelText("Amount");
    let unreadable = true;
    Object.defineProperty(amount, "validity", { get: () => ({ badInput: unreadable }) });
    save();
    await waitFor(() => expect(amount.getAttribute("aria-invalid")).toBe("true"));
    expect(onSubmit).not.toHaveBeenCalled();
    unreadable = false;
    fireEvent.change(amount, { target: { value: "12" } });
    save();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
});

it("closes when it is saved", async () => {
    const onClose = show(async () => undefined);
    save();
    await waitFor(() => expect(onClose).toHaveBeenCalled());
});

it("reads the record again when somebody else was faster, and keeps what the person changed apart from what they did", async () => {
    const stale = new ApiError({ type: "urn:lotse:problem:stale", title: "", status: 412, detail: "" });
    const onSubmit = vi.fn(async (_: Person, __: Person): Promise<unknown> => Promise.reject(stale));
    const reread = vi.spyOn(client, "invalidateQueries");
    const { rerender } = render(dialog({ email: "", name: "x" }, onSubmit, vi.fn()));
    fireEvent.change(screen.getByLabelText(/Name/), { target: { value: "mine" } });
    save();
    await waitFor(() => expect(reread).toHaveBeenCalled());
    rerender(dialog({ email: "theirs@b.example", name: "x" }, onSubmit, vi.fn()));
    onSubmit.mockResolvedValue(undefined);
    save();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledTimes(2));
    expect(onSubmit.mock.calls[1]).toEqual([{ email: "", name: "mine" }, { email: "", name: "x" }]);
});
