import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { I18nContextProvider } from "ra-core";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "../api/problem";
import { i18nProvider } from "../providers/i18n";
import { Field, FormDialog } from "./form";

afterEach(cleanup);

function show(onSubmit: () => Promise<unknown>, onClose = vi.fn()) {
    render(
        <I18nContextProvider value={i18nProvider}>
            <FormDialog open title="Title" submit="Save it" values={{ email: "", name: "x" }} onClose={onClose} onSubmit={onSubmit}>
                <Field name="email" label="Address" />
                <Field name="name" label="Name" required />
            </FormDialog>
        </I18nContextProvider>,
    );
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

it("closes when it is saved", async () => {
    const onClose = show(async () => undefined);
    save();
    await waitFor(() => expect(onClose).toHaveBeenCalled());
});
