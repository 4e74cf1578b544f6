import { QueryClientProvider } from "@tanstack/react-query";
import { ThemeProvider } from "@mui/material/styles";
import { act, cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { type ReactNode, useState } from "react";
import { MemoryRouter } from "react-router-dom";
import { afterEach, expect, it, vi } from "vitest";
import { blocksClient } from "../blocks/stories";
import { contrast, faintIn } from "../theme/contrast";
import { makeTheme } from "../theme/theme";
import { type ColorIcon, ColorIconPick, COLORS } from "./color-icon-pick";
import { EntityPick } from "./entity-pick";
import { MoneyField, PersonPick, TagField } from "./inputs";
import { put, SortableList } from "./sortable-list";

afterEach(cleanup);
configure({ asyncUtilTimeout: 10_000 });
vi.setConfig({ testTimeout: 30_000 });

const show = (what: ReactNode) =>
    render(
        <MemoryRouter>
            <QueryClientProvider client={blocksClient()}>
                <ThemeProvider theme={makeTheme("light")}>{what}</ThemeProvider>
            </QueryClientProvider>
        </MemoryRouter>,
    );
function Held<V>({ first, spy, children }: { first: V; spy: (value: V) => void; children: (value: V, set: (value: V) => void) => ReactNode }) {
    const [value, set] = useState(first);
    return children(value, (next) => (spy(next), set(next)));
}

it("offers persons who may own it, those first who serve the pipeline, with how much they carry", () => {
    const spy = vi.fn();
    show(<PersonPick label="Owner" value={null} pipeline="p" none="Nobody" opened onChange={spy} />);
    expect(screen.getAllByRole("option").map((one) => one.textContent)).toEqual(["Nobody", "Aylin Demir5 of 12 deals", "Jonas Weberfull: 12 of 12 deals · other pipelines"]);
    fireEvent.click(screen.getAllByRole("option")[1]!);
    expect(spy).toHaveBeenCalledWith("a");
});

it("takes an amount as one writes it, and says what it cannot read", () => {
    const spy = vi.fn();
    show(
        <Held<number | null> first={100} spy={spy}>
            {(value, set) => <MoneyField label="Value" value={value} currency="EUR" onChange={set} />}
        </Held>,
    );
    const box = screen.getByRole("textbox", { name: "Value" }) as HTMLInputElement;
    fireEvent.change(box, { target: { value: "1234.5" } });
    expect(spy).toHaveBeenLastCalledWith(123450);
    fireEvent.blur(box);
    expect(box.value).toBe("1,234.50");
    fireEvent.change(box, { target: { value: "a lot" } });
    expect(spy).toHaveBeenLastCalledWith(Number.NaN);
    screen.getByText(/Write an amount/);
    fireEvent.change(box, { target: { value: "" } });
    expect(spy).toHaveBeenLastCalledWith(null);
});

it("ends a tag at a comma and where one leaves the field, and keeps each once", () => {
    const spy = vi.fn();
    show(
        <Held<readonly string[]> first={["vip"]} spy={spy}>
            {(value, set) => <TagField label="Tags" value={value} onChange={set} />}
        </Held>,
    );
    const box = screen.getByRole("combobox");
    fireEvent.change(box, { target: { value: "fair,vip," } });
    expect(spy).toHaveBeenLastCalledWith(["vip", "fair"]);
    fireEvent.change(box, { target: { value: "new" } });
    fireEvent.blur(box);
    expect(spy).toHaveBeenLastCalledWith(["vip", "fair", "new"]);
});

it("finds a record from two characters on", async () => {
    const search = vi.fn(async (q: string | undefined) => [{ id: q ?? "first" }]);
    show(<EntityPick of="test" search={search} nameOf={({ id }) => id} label="Record" value={null} onChange={() => undefined} />);
    const box = screen.getByRole("combobox");
    // Else the field takes back what is written: it shows what is chosen as long as nobody is in it.
    act(() => box.focus());
    fireEvent.change(box, { target: { value: "k" } });
    fireEvent.change(box, { target: { value: "kö" } });
    await waitFor(() => expect(search.mock.calls.map(([q]) => q)).toEqual([undefined, "kö"]));
    await screen.findByRole("option", { name: /kö/ });
});

it("knows how well colours stand out, and offers none that is lost in a theme", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
    expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 1);
    expect(faintIn("#ffff00")).toEqual(["light"]);
    expect(faintIn("#111111")).toEqual(["dark"]);
    expect(COLORS.filter((color) => faintIn(color).length > 0)).toEqual([]);
});

it("warns of a colour that is hard to see, and takes no half of one", () => {
    const spy = vi.fn();
    show(
        <Held<ColorIcon> first={{ color: COLORS[0], icon: "phone" }} spy={spy}>
            {(value, set) => <ColorIconPick value={value} onChange={set} />}
        </Held>,
    );
    const own = screen.getByRole("textbox");
    fireEvent.change(own, { target: { value: "#ff" } });
    expect(spy).not.toHaveBeenCalled();
    fireEvent.change(own, { target: { value: "FFFF00" } });
    expect(spy).toHaveBeenLastCalledWith({ color: "#ffff00", icon: "phone" });
    screen.getByText("Hard to see in: Light.");
    fireEvent.click(screen.getByRole("radio", { name: "trophy" }));
    expect(spy).toHaveBeenLastCalledWith({ color: "#ffff00", icon: "trophy" });
});

it("puts an entry up or down, and not beyond the ends", () => {
    const sorted = vi.fn();
    show(<SortableList label="Stages" items={["a", "b", "c"].map((id) => ({ id, name: id }))} onSort={sorted} />);
    fireEvent.click(screen.getByRole("button", { name: "b: up" }));
    expect(sorted).toHaveBeenLastCalledWith(["b", "a", "c"]);
    fireEvent.click(screen.getByRole("button", { name: "b: down" }));
    expect(sorted).toHaveBeenLastCalledWith(["a", "c", "b"]);
    expect((screen.getByRole("button", { name: "a: up" }) as HTMLButtonElement).disabled).toBe(true);
    expect((screen.getByRole("button", { name: "c: down" }) as HTMLButtonElement).disabled).toBe(true);
    expect([put(["a", "b", "c"], 0, 2), put(["a", "b", "c"], 2, 0)]).toEqual([["b", "c", "a"], ["c", "a", "b"]]);
});
