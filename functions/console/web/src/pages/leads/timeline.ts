// What stands in the stream of a lead: which kinds can be asked for, and what is said once for several.
import type { TimelineEntry } from "./queries";

/** What one narrows the stream down to, and the API's kinds for it. Points stand with the events already. */
export const STREAMS = {
    all: "event,decision,task,deal,effect",
    person: "event",
    decision: "decision",
    task: "task",
    deal: "deal",
    machine: "effect",
} as const;
export type Stream = keyof typeof STREAMS;

/** One entry, or several of the machine's messages of one kind that came after each other. */
export interface Fold {
    key: string;
    entries: [TimelineEntry, ...TimelineEntry[]];
}

/** What the machine sent is folded; what people did, never. */
export function folded(entries: readonly TimelineEntry[]): Fold[] {
    const folds: Fold[] = [];
    for (const entry of entries) {
        const last = folds.at(-1);
        const before = last?.entries[0];
        if (last && before?.kind === "effect" && entry.kind === "effect" && before.body.effect === entry.body.effect && before.body.status === entry.body.status) last.entries.push(entry);
        else folds.push({ key: entry.id, entries: [entry] });
    }
    return folds;
}
