import { expect, it } from "vitest";
import { fits } from "./fit";

it("five columns with won and lost fit a small laptop beside the navigation, and no phone", () => {
    expect(fits(1280 - 216 - 48, 5, 2)).toBe(true);
    expect(fits(390 - 24, 5, 2)).toBe(false);
    expect(fits(1280 - 216 - 48, 9, 2)).toBe(false);
});
