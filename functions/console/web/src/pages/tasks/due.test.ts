import { expect, it } from "vitest";
import { dueAt } from "./due";

it("is when people work, where the person is", () => {
    const noon = new Date("2026-11-28T11:00:00Z");
    expect(dueAt("today", noon, "Europe/Berlin")).toBe("2026-11-28T16:00:00.000Z");
    expect(dueAt("tomorrow", noon, "Europe/Berlin")).toBe("2026-11-29T08:00:00.000Z");
    expect(dueAt("week", noon, "Europe/Berlin")).toBe("2026-12-05T08:00:00.000Z");
    expect(dueAt("none", noon, "Europe/Berlin")).toBeNull();
});

it("is never over already: in the evening, today is in an hour", () => {
    const evening = new Date("2026-11-28T18:30:00Z");
    expect(dueAt("today", evening, "Europe/Berlin")).toBe("2026-11-28T19:30:00.000Z");
    // Where it is already tomorrow, tomorrow is another day.
    expect(dueAt("tomorrow", new Date("2026-11-28T23:30:00Z"), "Europe/Berlin")).toBe("2026-11-30T08:00:00.000Z");
});

it("keeps its clock time over the change to summer time", () => {
    expect(dueAt("tomorrow", new Date("2026-03-28T11:00:00Z"), "Europe/Berlin")).toBe("2026-03-29T07:00:00.000Z");
});
