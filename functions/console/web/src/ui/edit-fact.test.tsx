import { TextField } from "@mui/material";
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { barriers, show, Surroundings } from "./blocks.testing";
import { EditFact } from "./edit-fact";
import { Facts } from "./facts";

beforeEach(() => sessionStorage.clear());
afterEach(cleanup);

const fact = (save?: (value: string) => Promise<unknown>) => (
    <Facts>
        <EditFact label="Phone" value="123" draft="lead/a/phone" save={save} editor={({ value, label, change }) => <TextField value={value} autoFocus onChange={(event) => change(event.target.value)} slotProps={{ htmlInput: { "aria-label": label } }} />}>
            123
        </EditFact>
    </Facts>
);
const edit = () => fireEvent.click(screen.getByRole("button", { name: "Change Phone" }));
const box = () => screen.getByRole("textbox", { name: "Phone" }) as HTMLInputElement;
const type = (value: string) => fireEvent.change(box(), { target: { value } });

it("is saved by Enter", async () => {
    const save = vi.fn(async () => ({}));
    show(fact(save));
    edit();
    type("456");
    fireEvent.keyDown(box(), { key: "Enter" });
    expect(save).toHaveBeenCalledWith("456", { value: "123", version: undefined });
    expect(screen.queryByRole("textbox")).toBeNull();
    await waitFor(() => expect(screen.queryByText("not saved")).toBeNull());
});

it("sends nothing where nothing was changed", () => {
    const save = vi.fn(async () => ({}));
    show(fact(save));
    edit();
    fireEvent.keyDown(box(), { key: "Enter" });
    expect(save).not.toHaveBeenCalled();
});

it("keeps what was written over Escape and a reload, and says so", () => {
    const save = vi.fn(async () => ({}));
    show(fact(save));
    edit();
    type("456");
    fireEvent.keyDown(box(), { key: "Escape" });
    expect(save).not.toHaveBeenCalled();
    screen.getByText("not saved");
    cleanup();
    show(fact(save));
    screen.getByText("not saved");
    edit();
    expect(box().value).toBe("456");
    type("123");
    fireEvent.keyDown(box(), { key: "Escape" });
    expect(screen.queryByText("not saved")).toBeNull();
});

it("keeps what was refused", async () => {
    show(fact(async () => null));
    edit();
    type("abc");
    fireEvent.keyDown(box(), { key: "Enter" });
    await screen.findByText("not saved");
    edit();
    expect(box().value).toBe("abc");
});

it("offers nothing to those who may only read", async () => {
    show(fact());
    expect(screen.queryByRole("button")).toBeNull();
    expect(await barriers()).toEqual([]);
});

it("saves what one began with, although somebody else has written meanwhile: the older version is refused", () => {
    const [before, after] = [vi.fn(async () => ({})), vi.fn(async () => ({}))];
    const { rerender } = show(fact(before));
    edit();
    type("456");
    rerender(<Surroundings>{fact(after)}</Surroundings>);
    fireEvent.keyDown(box(), { key: "Enter" });
    expect(before).toHaveBeenCalledWith("456", expect.objectContaining({ value: "123" }));
    expect(after).not.toHaveBeenCalled();
});

it("saves a draft over what one saw when one began it, also after a reload", () => {
    const save = vi.fn(async () => ({}));
    const at = (value: string, version: number) => (
        <Facts>
            <EditFact label="Phone" value={value} version={version} draft="lead/a/phone" save={save} editor={({ value, label, change }) => <TextField value={value} autoFocus onChange={(event) => change(event.target.value)} slotProps={{ htmlInput: { "aria-label": label } }} />}>
                {value}
            </EditFact>
        </Facts>
    );
    show(at("123", 3));
    edit();
    type("456");
    fireEvent.keyDown(box(), { key: "Escape" });
    cleanup();
    show(at("789", 4));
    edit();
    fireEvent.keyDown(box(), { key: "Enter" });
    expect(save).toHaveBeenCalledWith("456", { value: "123", version: 3 });
});
