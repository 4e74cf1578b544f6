import { cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { Async, roomOf } from "./async";
import { show } from "./blocks.testing";
import { Fact, Facts } from "./facts";
import { Card } from "./parts";
import { SimpleTable } from "./simple-table";

afterEach(cleanup);

const reading = <T,>(of: { data?: T; error?: unknown }, refetch = vi.fn()) => ({ data: of.data, error: of.error ?? null, refetch });
const part = (of: { data?: string[]; error?: unknown }, refetch = vi.fn()) => (
    <Async of={reading(of, refetch)} lines={4} height={30} empty={<p>nothing here</p>}>
        {(data) => <p>{data.join(" ")}</p>}
    </Async>
);

it("keeps the same room while it loads, where it failed and where there is nothing", () => {
    for (const of of [{}, { error: new Error("x") }, { data: [] }]) {
        const { container } = show(part(of));
        expect(getComputedStyle(container.firstElementChild!).minHeight).toBe(`${roomOf(4, 30)}px`);
        cleanup();
    }
});

it("says that it loads, what went wrong with a way to try again, that there is nothing, and else shows it", () => {
    show(part({}));
    screen.getByRole("status", { name: "Loading" });
    cleanup();
    const again = vi.fn();
    show(part({ error: new Error("x") }, again));
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(again).toHaveBeenCalledOnce();
    cleanup();
    show(part({ data: [] }));
    screen.getByText("nothing here");
    cleanup();
    show(part({ data: ["a", "b"] }));
    screen.getByText("a b");
});

it("keeps showing what was read when it cannot be read again", () => {
    show(part({ data: ["a"], error: new Error("x") }));
    screen.getByText("a");
    expect(screen.queryByRole("alert")).toBeNull();
});

it("a fact that is not known is a dash, and nought is a fact", () => {
    show(
        <Facts>
            <Fact label="Phone">{""}</Fact>
            <Fact label="Deals">{0}</Fact>
        </Facts>,
    );
    expect(screen.getAllByRole("definition").map((one) => one.textContent)).toEqual(["–", "0"]);
});

it("a table has heads of columns, a name, and scrolls in a frame that the keyboard reaches", () => {
    show(
        <Card>
            <SimpleTable label="Sums" rows={[{ name: "A", sum: 3 }]} keyOf={({ name }) => name} columns={[{ key: "name", label: "Name", cell: ({ name }) => name }, { key: "sum", label: "Sum", figure: true, cell: ({ sum }) => sum }]} />
        </Card>,
    );
    expect(screen.getAllByRole("columnheader").map((one) => one.textContent)).toEqual(["Name", "Sum"]);
    expect(screen.getByRole("group", { name: "Sums" }).tabIndex).toBe(0);
    expect(getComputedStyle(screen.getByRole("cell", { name: "3" })).textAlign).toBe("right");
});
