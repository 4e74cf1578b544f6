import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { type Key, keysNow, useKeys } from "./keys";

afterEach(cleanup);

function Page({ keys }: { keys: Key[] }) {
    useKeys(keys);
    return <input aria-label="note" />;
}
const key = (keys: string, run: () => void): Key => ({ keys, run, label: "keys.next" });
const press = (name: string, more: object = {}, target: Element | Document = document.body) => fireEvent.keyDown(target, { key: name, ...more });

it("works by one key and by two after each other", () => {
    const [one, two] = [vi.fn(), vi.fn()];
    render(<Page keys={[key("j", one), key("g l", two)]} />);
    press("j");
    expect(one).toHaveBeenCalledOnce();
    press("l");
    expect(two).not.toHaveBeenCalled();
    press("g");
    press("l");
    expect(two).toHaveBeenCalledOnce();
    press("g");
    press("x");
    press("l");
    expect(two).toHaveBeenCalledOnce();
});

it("does nothing where one writes, with other keys held, and under a dialog", () => {
    const run = vi.fn();
    render(<Page keys={[key("j", run)]} />);
    press("j", {}, screen.getByLabelText("note"));
    press("j", { ctrlKey: true });
    const over = document.body.appendChild(Object.assign(document.createElement("div"), { className: "MuiModal-root" }));
    press("j");
    over.remove();
    expect(run).not.toHaveBeenCalled();
    press("j");
    expect(run).toHaveBeenCalledOnce();
});

it("does what the latest look at the page says, and nothing when the page is gone", () => {
    const [before, after] = [vi.fn(), vi.fn()];
    const { rerender, unmount } = render(<Page keys={[key("j", before)]} />);
    rerender(<Page keys={[key("j", after)]} />);
    press("j");
    expect([before.mock.calls.length, after.mock.calls.length]).toEqual([0, 1]);
    expect(keysNow().map(({ keys }) => keys)).toEqual(["j"]);
    unmount();
    press("j");
    expect(after).toHaveBeenCalledOnce();
    expect(keysNow()).toEqual([]);
});
