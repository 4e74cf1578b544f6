import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { I18nContextProvider } from "ra-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/problem";
import { i18nProvider } from "../providers/i18n";
import { Field, FormDialog } from "./form";

afterEach(cleanup);

type Person = { email: string; name: string };
vi.mock("./known", () => ({ useZone: () => "Europe/Berlin" }));

const client = new QueryClient();

function dialog(values: Person, onSubmit: (values: Person, before: Person) => Promise<unknown>, onClose: () => void, draft?: string) {
    return (
        <QueryClientProvider client={client}>
            <I18nContextProvider value={i18nProvider}>
                <FormDialog open title="Title" submit="Save it" values={values} onClose={onClose} onSubmit={onSubmit} draft={draft}>
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
    // What they did is in the form and in what it began with: the difference is the person's change alone.
    expect(onSubmit.mock.calls[1]).toEqual([{ email: "theirs@b.example", name: "mine" }, { email: "theirs@b.example", name: "x" }]);
});

it("shows what somebody else wrote into the same field, beside what the person wrote, and lets them choose", async () => {
    const stale = new ApiError({ type: "urn:lotse:problem:stale", title: "", status: 412, detail: "" });
    const onSubmit = vi.fn(async (_: Person, __: Person): Promise<unknown> => Promise.reject(stale));
    const { rerender } = render(dialog({ email: "", name: "x" }, onSubmit, vi.fn()));
    fireEvent.change(screen.getByLabelText(/Name/), { target: { value: "mine" } });
    save();
    await screen.findByRole("alert");
    rerender(dialog({ email: "", name: "theirs" }, onSubmit, vi.fn()));
    await screen.findByText(/Saved now: theirs/);
    expect(screen.getByRole("alert").textContent).toMatch(/one of the fields you edited/);
    expect(screen.getByLabelText<HTMLInputElement>(/Name/).value).toBe("mine");
    fireEvent.click(screen.getByRole("button", { name: "Use this" }));
    expect(screen.getByLabelText<HTMLInputElement>(/Name/).value).toBe("theirs");
    onSubmit.mockResolvedValue(undefined);
    save();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledTimes(2));
    expect(onSubmit.mock.calls[1]).toEqual([{ email: "", name: "theirs" }, { email: "", name: "theirs" }]);
});

it("shows it also where the record was read again by itself, and nothing was refused", async () => {
    const onSubmit = vi.fn(async () => undefined);
    const { rerender } = render(dialog({ email: "", name: "x" }, onSubmit, vi.fn()));
    fireEvent.change(screen.getByLabelText(/Name/), { target: { value: "mine" } });
    rerender(dialog({ email: "", name: "theirs" }, onSubmit, vi.fn()));
    await screen.findByText(/Saved now: theirs/);
});

it("asks before what is written is lost", async () => {
    const onClose = show(async () => undefined);
    fireEvent.change(screen.getByLabelText(/Address/), { target: { value: "a@b.example" } });
    fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    fireEvent.click(await screen.findByRole("button", { name: "Keep editing" }));
    expect(onClose).not.toHaveBeenCalled();
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(screen.getByLabelText<HTMLInputElement>(/Address/).value).toBe("a@b.example");
    fireEvent.click(screen.getByRole("button", { name: /Cancel/ }));
    fireEvent.click(await screen.findByRole("button", { name: "Discard" }));
    expect(onClose).toHaveBeenCalledOnce();
});

it("does not ask where nothing is written", () => {
    const onClose = show(async () => undefined);
    fireEvent.keyDown(screen.getByRole("dialog"), { key: "Escape" });
    expect(onClose).toHaveBeenCalledOnce();
});

describe("what is written and not saved", () => {
    beforeEach(() => sessionStorage.clear());

    const kept = (values: Person, onSubmit: (values: Person, before: Person) => Promise<unknown> = async () => undefined) => dialog(values, onSubmit, vi.fn(), "person/1");
    const address = () => screen.getByLabelText<HTMLInputElement>(/Address/);
    /** The session ends, or the page is loaded anew: the form is gone without a word. */
    function write(text: string) {
        const { unmount } = render(kept({ email: "", name: "x" }));
        fireEvent.change(address(), { target: { value: text } });
        unmount();
    }

    it("is there again when the form is", async () => {
        write("a@b.example");
        render(kept({ email: "", name: "x" }));
        expect(address().value).toBe("a@b.example");
        expect((await screen.findByRole("alert")).textContent).toMatch(/Restored what you entered/);
        fireEvent.click(screen.getByRole("button", { name: "Discard" }));
        expect(address().value).toBe("");
        expect(screen.queryByRole("alert")).toBeNull();
    });

    it("is brought together with what the record says by now", async () => {
        write("mine@b.example");
        render(kept({ email: "theirs@b.example", name: "y" }));
        expect(address().value).toBe("mine@b.example");
        expect(screen.getByLabelText<HTMLInputElement>(/Name/).value).toBe("y");
        await screen.findByText(/Saved now: theirs@b.example/);
    });

    it("is over once it is saved", async () => {
        const onSubmit = vi.fn(async () => undefined);
        const { unmount } = render(kept({ email: "", name: "x" }, onSubmit));
        fireEvent.change(address(), { target: { value: "a@b.example" } });
        save();
        await waitFor(() => expect(onSubmit).toHaveBeenCalled());
        await waitFor(() => expect(Object.keys(sessionStorage)).toEqual([]));
        unmount();
    });

    it("is not kept without a name for it", () => {
        const { unmount } = render(dialog({ email: "", name: "x" }, async () => undefined, vi.fn()));
        fireEvent.change(address(), { target: { value: "secret" } });
        unmount();
        expect(Object.keys(sessionStorage)).toEqual([]);
    });
});
