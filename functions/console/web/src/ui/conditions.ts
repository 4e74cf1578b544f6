// What is asked of a field, as a sentence: "Aylin or nobody", "more than 14 days ago", "not routed".
import type { EntityFilter } from "../entities/entity";
import type { Words } from "../entities/words";
import { addDays, dayOf } from "../i18n/zone";
import type { Choice } from "./filters";
import type { Condition } from "./list-state";

/** `-14d` as fourteen days; none where it is no such span. */
const DAYS = /^[+-]?(\d+)d$/;
export const daysOf = (span: string | undefined) => Number(DAYS.exec(span ?? "")?.[1] ?? Number.NaN) || null;

/** What is asked of a moment, as people think of it. */
export type Span = { mode: "last" | "ago" | "next"; days: number } | { mode: "between"; from: string; to: string } | { mode: "empty" | "filled" };

/** `from` and `to` are days; the last one is included. Moments are those of the person's zone. */
export function spanOf(condition: Condition | undefined, zone: string | undefined, isDay: boolean): Span | null {
    if (!condition) return null;
    const { from, before, last, next, empty } = condition;
    if (empty !== undefined) return { mode: empty ? "empty" : "filled" };
    const [recent, ahead] = [daysOf(last ?? (from?.startsWith("-") ? from : undefined)), daysOf(next)];
    if (recent && !before) return { mode: "last", days: recent };
    if (ahead) return { mode: "next", days: ahead };
    if (before?.startsWith("-") && daysOf(before)) return { mode: "ago", days: daysOf(before)! };
    const day = (value: string | undefined, shift: number) => (value === undefined || Number.isNaN(Date.parse(value)) ? "" : addDays(isDay ? value.slice(0, 10) : dayOf(value, zone), shift));
    return { mode: "between", from: day(from, 0), to: day(before, -1) };
}

/** "Without source" instead of "source: nothing". */
export const asksForNone = (filter: EntityFilter, condition: Condition) => filter.kind !== "person" && Object.keys(condition).length === 1 && condition.in?.length === 1 && condition.in[0] === "none";

export function sayCondition(filter: EntityFilter, condition: Condition, choices: readonly Choice[], { t, format, zone }: Words): string {
    const list = new Intl.ListFormat(format.region, { type: "disjunction" });
    const name = (value: string) => (value === "none" ? t(filter.kind === "person" ? "filter.nobody" : "filter.nothing") : value === "me" ? t("filter.me") : (choices.find((choice) => choice.value === value)?.name ?? value));
    const parts: string[] = [];
    if (condition.in) parts.push(list.format(condition.in.map(name)));
    if (condition.not_in) parts.push(t("filter.not", { values: list.format(condition.not_in.map(name)) }));
    const { per = 1 } = filter;
    const [min, max] = [condition.min, condition.max].map((value) => (value === undefined ? undefined : value / per));
    if (min !== undefined && max !== undefined) parts.push(`${format.number(min)}–${format.number(max)}`);
    else if (min !== undefined) parts.push(t("filter.from", { value: format.number(min) }));
    else if (max !== undefined) parts.push(t("filter.to", { value: format.number(max) }));
    if (condition.is !== undefined) parts.push(t(condition.is ? "team.yes" : "team.no"));
    if (filter.kind === "moment" || filter.kind === "day") {
        const span = spanOf(condition, zone, filter.kind === "day");
        if (span?.mode === "between") {
            const [from, to] = [span.from && format.date(span.from), span.to && format.date(span.to)];
            // Written by hand, such as `month-1m`.
            if (!from && !to) parts.push(Object.values(condition).join(" "));
            else if (from && to) parts.push(`${from} – ${to}`);
            else parts.push(from ? t("filter.from", { value: from }) : t("filter.to", { value: to }));
        } else if (span && "days" in span) parts.push(t(`filter.${span.mode}`, { smart_count: span.days }));
    }
    if (condition.empty !== undefined) parts.push(t(condition.empty ? "filter.empty" : "filter.filled"));
    return parts.join(", ");
}
