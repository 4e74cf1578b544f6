import { expect, test } from "vitest";
import { placeOf, Seen } from "./live";

const LEAD = "01a1ea0d-46cb-748e-81a5-491da0899a75";

test("a page says which record it shows", () => {
    expect(placeOf(`/leads/${LEAD}`, "")).toBe(`lead:${LEAD}`);
    expect(placeOf(`/leads/${LEAD}/events`, "?x=1")).toBe(`lead:${LEAD}`);
    expect(placeOf("/leads", "")).toBeUndefined();
    expect(placeOf("/leads/new", "")).toBeUndefined();
    expect(placeOf("/board/p", `?deal=${LEAD}`)).toBe(`deal:${LEAD}`);
    expect(placeOf("/board", "?deal=x")).toBeUndefined();
    expect(placeOf("/tasks", `?deal=${LEAD}`)).toBeUndefined();
});

const change = (id: string, record_type: string, member_id: string | null) => ({ id, record_type, member_id, record_id: LEAD, action: "update", version: 2, at: "2026-11-28T10:00:00Z", actor_kind: "person", member_name: null });

test("what others change is read again once, what one has changed oneself is not", () => {
    const seen = new Seen();
    const answer = (changes: ReturnType<typeof change>[], more = false) => seen.take({ cursor: "2026-11-28T10:00:05Z", changes, more }, "me");
    expect(answer([change("1", "lead", "sam"), change("2", "deal", "me"), change("3", "lead", null)])).toEqual(["lead"]);
    expect(seen.cursor).toBe("2026-11-28T10:00:05Z");
    expect(answer([change("1", "lead", "sam"), change("4", "task", "sam")])).toEqual(["task"]);
    expect(answer([change("5", "pipeline", "sam")])).toEqual([]);
    expect(answer([change("6", "deal", "me")], true)).toEqual(["lead", "deal", "task", "member"]);
});
