import { expect, test } from "vitest";
import { others, pathOf } from "./bell";

const told = (of: object) => ({ id: "n", kind: "assigned", record_type: "lead", record_id: "r", record_name: "Anna", lead_id: "l", leads: 1, deals: 0, tasks: 0, actor_id: null, actor_name: null, error: null, created_at: "2026-11-28T10:00:00Z", read_at: null, ...of }) as Parameters<typeof pathOf>[0];

test("what one was told of is found where it is worked on", () => {
    expect(pathOf(told({ record_id: "l" }))).toBe("/leads/l");
    expect(pathOf(told({ record_type: "deal" }))).toBe("/board?deal=r");
    expect(pathOf(told({ record_type: "task" }))).toBe("/leads/l");
    expect(pathOf(told({ record_type: "task", lead_id: null }))).toBe("/tasks");
    expect(pathOf(told({ record_name: null }))).toBeNull();
});

test("what was given away at once is counted by what says most", () => {
    expect(others({ leads: 1, deals: 1, tasks: 1 })).toBeNull();
    expect(others({ leads: 3, deals: 9, tasks: 1 })).toEqual(["leads", 3]);
    expect(others({ leads: 0, deals: 2, tasks: 5 })).toEqual(["deals", 2]);
    expect(others({ leads: 0, deals: 0, tasks: 2 })).toEqual(["tasks", 2]);
});
