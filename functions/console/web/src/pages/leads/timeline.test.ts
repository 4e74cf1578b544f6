import { expect, it } from "vitest";
import type { TimelineEntry } from "./queries";
import { folded } from "./timeline";

const entry = (id: string, kind: string, body: object = {}) => ({ id, at: "2026-11-28T10:00:00Z", kind, body }) as unknown as TimelineEntry;
const sent = (id: string, status = "done", effect = "slack") => entry(id, "effect", { effect, status });
const shape = (entries: TimelineEntry[]) => folded(entries).map((fold) => fold.entries.map(({ id }) => id).join("+"));

it("folds messages of one kind and outcome that came after each other", () => {
    expect(shape([sent("a"), sent("b"), sent("c", "failed"), sent("d", "done", "mail"), sent("e", "done", "mail")])).toEqual(["a+b", "c", "d+e"]);
});

it("folds nothing that people did, and nothing over it", () => {
    expect(shape([entry("a", "task"), entry("b", "task"), sent("c"), entry("d", "event"), sent("e")])).toEqual(["a", "b", "c", "d", "e"]);
});
