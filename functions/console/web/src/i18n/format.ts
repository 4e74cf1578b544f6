// Numbers, money and moments as the person reads them: in their language, their region and their time zone.
import { useMemo } from "react";
import { type Language, useLanguage } from "../providers/i18n";
import { useZone } from "../ui/known";
import { dayOf, toLocal } from "./zone";

/** The person's own region where it speaks the language shown (`de-AT` for German), else the language's usual one. */
export function regionFor(language: Language, wanted: readonly string[] = navigator.languages): string {
    return wanted.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? (language === "de" ? "de-DE" : "en-GB");
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Format {
    region: string;
    number(value: number): string;
    /** Of 100. */
    percent(value: number): string;
    points(value: number): string;
    money(minor: number, currency: string): string;
    /** Without cents, for sums and estimates. */
    moneyRound(minor: number, currency: string): string;
    date(moment: string | Date): string;
    day(moment: string | Date): string;
    time(moment: string | Date): string;
    dateTime(moment: string | Date): string;
    /** `2026-11-25 14:30`: what spreadsheets of every language read as a date. */
    stamp(moment: string): string;
    /** `2026-11-25`: today where the person is. */
    today(): string;
    /** `in 3 days`, `5 minutes ago`. */
    relative(moment: string | Date, now?: number): string;
    duration(seconds: number): string;
    collate(left: string, right: string): number;
}

/** How many minor units make one: 100 for EUR, 1 for JPY. */
export function minorUnits(currency: string): number {
    const { maximumFractionDigits = 2 } = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
    return 10 ** maximumFractionDigits;
}

/** A civil date (`2026-11-25`) has no zone: it must not become the day before west of Greenwich. */
const isCivil = (value: string | Date): value is string => typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value);

function moment(value: string | Date): Date {
    return isCivil(value) ? new Date(`${value}T12:00:00Z`) : new Date(value);
}

export function formatter(region: string, timeZone?: string): Format {
    const number = new Intl.NumberFormat(region);
    const percent = new Intl.NumberFormat(region, { style: "percent", maximumFractionDigits: 1 });
    const points = new Intl.NumberFormat(region, { signDisplay: "exceptZero" });
    const date = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeZone });
    const civil = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeZone: "UTC" });
    const day = new Intl.DateTimeFormat(region, { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone });
    const time = new Intl.DateTimeFormat(region, { timeStyle: "short", timeZone });
    const dateTime = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short", timeZone });
    const relative = new Intl.RelativeTimeFormat(region, { numeric: "auto" });
    const collator = new Intl.Collator(region, { sensitivity: "base", numeric: true });
    const span = (amount: number, unit: string) => new Intl.NumberFormat(region, { style: "unit", unit, unitDisplay: "short" }).format(amount);
    return {
        region,
        number: (value) => number.format(value),
        percent: (value) => percent.format(value / 100),
        points: (value) => points.format(value),
        money: (minor, currency) =>
            new Intl.NumberFormat(region, { style: "currency", currency, minimumFractionDigits: minor % minorUnits(currency) === 0 ? 0 : undefined }).format(minor / minorUnits(currency)),
        moneyRound: (minor, currency) => new Intl.NumberFormat(region, { style: "currency", currency, maximumFractionDigits: 0 }).format(minor / minorUnits(currency)),
        date: (value) => (isCivil(value) ? civil : date).format(moment(value)),
        day: (value) => day.format(moment(value)),
        time: (value) => time.format(moment(value)),
        dateTime: (value) => dateTime.format(moment(value)),
        stamp: (value) => toLocal(value, timeZone).replace("T", " "),
        today: () => dayOf(Date.now(), timeZone),
        relative(value, now = Date.now()) {
            const distance = moment(value).getTime() - now;
            const size = Math.abs(distance);
            if (size < HOUR) return relative.format(Math.round(distance / MINUTE), "minute");
            if (size < DAY) return relative.format(Math.round(distance / HOUR), "hour");
            if (size < 45 * DAY) return relative.format(Math.round(distance / DAY), "day");
            if (size < 330 * DAY) return relative.format(Math.round(distance / (30 * DAY)), "month");
            return relative.format(Math.round(distance / (365 * DAY)), "year");
        },
        duration(seconds) {
            if (seconds < 60) return span(Math.max(0, Math.round(seconds)), "second");
            if (seconds < 3600) return span(Math.round(seconds / 60), "minute");
            if (seconds < 86_400) return span(Math.round(seconds / 3600), "hour");
            return span(Math.round(seconds / 86_400), "day");
        },
        collate: (left, right) => collator.compare(left, right),
    };
}

export function useFormat(): Format {
    const [language] = useLanguage();
    const zone = useZone();
    return useMemo(() => formatter(regionFor(language), zone), [language, zone]);
}
