// Where a lead stands now beside what was decided about it then: a decision explains the figures of its day, and they go on changing.
import type { Decision, LeadDetails } from "./queries";

export interface Since {
    points: number;
    intents: { intent: string; from: number; to: number }[];
}

/** What has changed since the decision; nothing where it still says what is. */
export function since({ inputs }: Decision, lead: Pick<LeadDetails, "total_score" | "intents">): Since | null {
    const then = new Map(inputs.intents.map(({ intent, confidence }) => [intent, confidence]));
    const intents = [...new Set([...then.keys(), ...Object.keys(lead.intents)])]
        .map((intent) => ({ intent, from: then.get(intent) ?? 0, to: lead.intents[intent] ?? 0 }))
        // To one decimal, as they are shown.
        .filter(({ from, to }) => Math.round(from * 10) !== Math.round(to * 10));
    const points = lead.total_score - inputs.total_score;
    return points === 0 && intents.length === 0 ? null : { points, intents };
}

/**
 * What is shown of the decisions: where the lead stands now, and what was decided last. `verdict` is what evaluating the lead answered,
 * which counts as long as the lead has not changed since.
 */
export function standing(decisions: readonly Decision[], verdict: Decision | undefined, lead: Pick<LeadDetails, "total_score">): { now?: Decision; then?: Decision } {
    const then = decisions.find(({ id }) => id);
    const computed = decisions.find(({ id }) => !id);
    const fresh = verdict && !verdict.id && verdict.inputs.total_score === lead.total_score && (!then || verdict.decided_at > then.decided_at) ? verdict : undefined;
    return { now: fresh ?? computed, then };
}
