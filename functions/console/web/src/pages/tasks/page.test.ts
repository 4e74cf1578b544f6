import { expect, it } from "vitest";
import { groupOf, toLocalInput } from "./page";
import { overdue } from "./row";

const now = new Date(2026, 10, 25, 14, 0);
const at = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString();

it.each([
    [at(25, 13), "overdue"],
    [at(25, 23), "today"],
    [at(26, 0), "tomorrow"],
    [at(29, 9), "week"],
    [at(2 + 30, 9), "later"],
    [null, "none"],
])("%s is %s", (due, group) => expect(groupOf(due, now)).toBe(group));

it("a done task is never overdue", () => {
    expect(overdue({ due_at: at(24, 9), status: "open" }, now.getTime())).toBe(true);
    expect(overdue({ due_at: at(24, 9), status: "done" }, now.getTime())).toBe(false);
});

it("a moment goes into the form and out of it unchanged", () => {
    const moment = new Date(2026, 10, 25, 14, 30).toISOString();
    expect(new Date(toLocalInput(moment)).toISOString()).toBe(moment);
});
