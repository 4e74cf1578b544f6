import { describe, expect, it } from "vitest";
import type { Decision } from "./queries";
import { since, standing } from "./standing";

const decision = (more: { id?: string | null; score?: number; at?: string; intents?: Record<string, number> } = {}) =>
    ({
        id: more.id === undefined ? "d1" : more.id,
        decided_at: more.at ?? "2026-10-13T10:00:00Z",
        inputs: { total_score: more.score ?? 148, intents: Object.entries(more.intents ?? { b2b: 40, research: 37.1 }).map(([intent, confidence]) => ({ intent, confidence })) },
    }) as unknown as Decision;

describe("since the decision", () => {
    it("points and intents have changed", () => {
        expect(since(decision(), { total_score: 286, intents: { research: 44.7, b2b: 38.3, co_creation: 0 } })).toEqual({
            points: 138,
            intents: [
                { intent: "b2b", from: 40, to: 38.3 },
                { intent: "research", from: 37.1, to: 44.7 },
            ],
        });
    });

    it("an intent may have come or gone", () => expect(since(decision({ intents: { b2b: 40 } }), { total_score: 148, intents: { research: 12 } })?.intents).toEqual([{ intent: "b2b", from: 40, to: 0 }, { intent: "research", from: 0, to: 12 }]));

    it("nothing may have changed", () => expect(since(decision(), { total_score: 148, intents: { b2b: 40.04, research: 37.1 } })).toBeNull());
});

describe("what stands there", () => {
    const [stored, computed, verdict] = [decision(), decision({ id: null, score: 286 }), decision({ id: null, score: 286, at: "2026-11-28T10:00:00Z" })];
    const lead = { total_score: 286 };

    it("is where it stands now, and what was decided", () => expect(standing([computed, stored], undefined, lead)).toEqual({ now: computed, then: stored }));
    it("is what evaluating it said, where that is newer", () => expect(standing([stored], verdict, lead)).toEqual({ now: verdict, then: stored }));
    it("is not what was said of other points", () => expect(standing([stored], verdict, { total_score: 290 })).toEqual({ now: undefined, then: stored }));
    it("is not what was said before the last decision", () => {
        const later = decision({ at: "2026-11-28T11:00:00Z" });
        expect(standing([later], verdict, lead)).toEqual({ now: undefined, then: later });
    });
    it("is the decision itself, where evaluating it came to one", () => expect(standing([stored], decision({ id: "d2", score: 286 }), lead).now).toBeUndefined());
    it("is nothing where nothing was decided", () => expect(standing([], undefined, lead)).toEqual({ now: undefined, then: undefined }));
});
