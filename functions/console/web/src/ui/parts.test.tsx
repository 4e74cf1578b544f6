import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Hidden } from "./parts";

afterEach(cleanup);

it("what only screen readers hear takes one pixel, not the width of what holds it", () => {
    render(<Hidden>Aylin Demir</Hidden>);
    const { width, height } = getComputedStyle(screen.getByText("Aylin Demir"));
    expect([width, height]).toEqual(["1px", "1px"]);
});
