import { expect, it } from "vitest";
import { groupOf } from "./page";
import { overdue } from "./row";

const BERLIN = "Europe/Berlin";
const now = new Date("2026-11-25T13:00:00Z");

it.each([
    ["2026-11-25T12:59:00Z", BERLIN, "overdue"],
    ["2026-11-25T22:59:00Z", BERLIN, "today"],
    ["2026-11-25T23:00:00Z", BERLIN, "tomorrow"],
    ["2026-11-25T23:00:00Z", "America/New_York", "today"],
    ["2026-11-29T09:00:00Z", BERLIN, "week"],
    ["2026-12-02T09:00:00Z", BERLIN, "later"],
    [null, BERLIN, "none"],
])("%s in %s is %s", (due, zone, group) => expect(groupOf(due, now, zone)).toBe(group));

it("a done task is never overdue", () => {
    expect(overdue({ due_at: "2026-11-24T09:00:00Z", status: "open" }, now.getTime())).toBe(true);
    expect(overdue({ due_at: "2026-11-24T09:00:00Z", status: "done" }, now.getTime())).toBe(false);
});
