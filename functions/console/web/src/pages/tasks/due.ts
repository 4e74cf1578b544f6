// When something is to be done, in a word: in the person's zone, at a time when people work.
import { addDays, dayOf, fromLocal, hourOf } from "../../i18n/zone";

export const DUES = ["today", "tomorrow", "week", "none"] as const;
export type Due = (typeof DUES)[number];

const [MORNING, EVENING] = ["09:00", "17:00"];

/** The moment that a word means; none for none. In the evening, today is in an hour. */
export function dueAt(due: Due, now: Date, zone?: string): string | null {
    const today = dayOf(now, zone);
    if (due === "none") return null;
    if (due === "today") return hourOf(now, zone) < 16 ? fromLocal(`${today}T${EVENING}`, zone) : new Date(now.getTime() + 3_600_000).toISOString();
    return fromLocal(`${addDays(today, due === "tomorrow" ? 1 : 7)}T${MORNING}`, zone);
}
