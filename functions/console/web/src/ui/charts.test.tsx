import { cleanup, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { show } from "./blocks.testing";
import { Bars, Funnel, OverTime, scaleTop, stepArea } from "./charts";

afterEach(cleanup);

const part = (name: string, color: string, value: number) => ({ name, color, value });
const rows = [
    { key: "a", name: "Lab", parts: [part("New", "#111", 30), part("Offer", "#222", 10)] },
    { key: "b", name: "Gym", parts: [part("New", "#111", 5), part("Offer", "#222", 0)] },
];
const widths = () => [...document.querySelectorAll("figure svg")].map((svg) => [...svg.querySelectorAll("rect")].slice(1).map((rect) => [rect.getAttribute("x"), rect.getAttribute("width")]));

it("bars share one scale, one part after the other", () => {
    show(<Bars label="Boards" rows={rows} shown={String} names="Pipeline" />);
    expect(widths()).toEqual([[["0%", "75%"], ["75%", "25%"]], [["0%", "12.5%"]]]);
    screen.getByRole("img", { name: "Boards. Lab: 40; Gym: 5" });
});

it("bars of shares are each as wide as the whole", () => {
    show(<Bars label="Boards" rows={rows} shown={String} share />);
    expect(widths()[1]).toEqual([["0%", "100%"]]);
    // The page shows the figures itself.
    expect(screen.queryByRole("button")).toBeNull();
});

it("a chart has a legend, and its figures as a table on demand", () => {
    show(<Bars label="Boards" rows={rows} shown={String} names="Pipeline" />);
    expect(screen.getAllByRole("listitem").map((one) => one.textContent)).toEqual(["New", "Offer"]);
    expect(screen.queryByRole("table")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Show figures" }));
    const cells = within(screen.getByRole("table")).getAllByRole("row").map((row) => [...row.children].map((cell) => cell.textContent));
    expect(cells).toEqual([["Pipeline", "New", "Offer"], ["Lab", "30", "10"], ["Gym", "5", "0"]]);
});

it("a value holds until the next one: the way goes across, then up", () => {
    expect(stepArea([{ x: 0, from: 100, to: 80 }, { x: 10, from: 90, to: 60 }, { x: 20, from: 90, to: 60 }])).toBe("M0 80H10V60H20V60V90V90H10V100H0Z");
    expect(stepArea([])).toBe("");
});

it("a scale ends at a round number that has a half", () => {
    expect([0, 1, 3, 7, 40, 41, 99, 286, 1200].map(scaleTop)).toEqual([2, 2, 4, 10, 40, 50, 100, 400, 2000]);
});

it("a course says its figures as well, and marks what is within reach only", () => {
    const day = (at: number) => `day ${at}`;
    show(<OverTime label="Score" series={[{ name: "Fit", color: "#111" }]} points={[{ at: 0, values: [10] }, { at: 100, values: [60] }]} marks={[part("hot", "#f00", 45), part("very hot", "#f0f", 900)]} day={day} moment={(at) => `at ${at}`} shown={String} names="When" />);
    expect(document.querySelectorAll("line[stroke-dasharray]").length).toBe(1);
    fireEvent.click(screen.getByRole("button", { name: "Show figures" }));
    expect(screen.getAllByRole("cell").map((cell) => cell.textContent)).toEqual(["at 0", "10", "at 100", "60"]);
});

it("a funnel says what is left of the step before", () => {
    show(<Funnel label="Ways" steps={[{ key: "a", ...part("Leads", "#111", 200) }, { key: "b", ...part("Routed", "#222", 50) }, { key: "c", ...part("Won", "#333", 10) }]} shown={String} percent={(value) => `${value} %`} />);
    screen.getByRole("img", { name: "Ways. Leads: 200; Routed: 50 (25 %); Won: 10 (20 %)" });
});
