// The filters behind "more": what the form says, what the API is asked, and back.
import { isDay as isRealDay } from "../../i18n/day";
import { addDays, dayOf, startOf } from "../../i18n/zone";
import type { MessageKey } from "../../providers/i18n";
import type { Filters } from "../../ui/list-state";

/** Shown as chips when they are set; set in the panel behind "more". */
export const FURTHER = ["source", "campaign", "tag", "min_score", "max_score", "created_from", "created_to", "active_from", "active_to"] as const;
export type Name = (typeof FURTHER)[number];

export const isDay = (name: string) => name.endsWith("_from") || name.endsWith("_to");
/** The form's last day is included; the API takes the moment before which. */
const after = (name: string) => (name.endsWith("_to") ? 1 : 0);

export function dayToMoment(name: string, day: string, zone?: string): string {
    return startOf(addDays(day, after(name)), zone).toISOString();
}

/** Empty for what is no moment: the address can say anything. */
export function momentToDay(name: string, moment: unknown, zone?: string): string {
    return typeof moment === "string" && !Number.isNaN(Date.parse(moment)) ? addDays(dayOf(moment, zone), -after(name)) : "";
}

/** What the form says as filters, with what cannot be: the API would refuse it, and the list would show that instead of leads. */
export function readFurther(given: Record<Name, string>, zone?: string): { filters: Filters; faults: Partial<Record<Name, MessageKey>> } {
    const filters: Filters = {};
    const faults: Partial<Record<Name, MessageKey>> = {};
    for (const name of FURTHER) {
        const text = given[name].trim();
        if (text === "") filters[name] = undefined;
        else if (isDay(name) && !isRealDay(text)) faults[name] = "form.date";
        else if (isDay(name)) filters[name] = dayToMoment(name, text, zone);
        else if (!name.endsWith("_score")) filters[name] = text;
        else if (Number.isInteger(Number(text))) filters[name] = Number(text);
        else faults[name] = "leads.filterFault.whole";
    }
    const { min_score: min, max_score: max } = filters;
    if (typeof min === "number" && typeof max === "number" && max < min) faults.max_score = "leads.filterFault.below";
    for (const period of ["created", "active"] as const) {
        const [from, to] = [given[`${period}_from`], given[`${period}_to`]];
        if (from && to && to < from) faults[`${period}_to`] = "leads.filterFault.before";
    }
    return { filters, faults };
}
