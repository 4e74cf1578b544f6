// Dates as people write them in their language and region. Browsers show their own date fields in the browser's language, which need not
// be the page's.

/** `2026-11-25`, or with a clock time `2026-11-25T14:30`: as fields hold them. */
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const MOMENT = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})$/;

export const isDay = (value: string) => DAY.test(value) && real(value) !== null;
export const isMoment = (value: string) => MOMENT.test(value);

/** When a day is given without a time, work begins then. */
const MORNING = "09:00";

type Part = "day" | "month" | "year";

const TWO_DIGITS = { day: "2-digit", month: "2-digit", year: "numeric", timeZone: "UTC" } as const;

const order = (region: string): Part[] => new Intl.DateTimeFormat(region, TWO_DIGITS).formatToParts(0).flatMap(({ type }) => (type === "day" || type === "month" || type === "year" ? [type] : []));

/** Whether the calendar has this day. */
function real(day: string): string | null {
    const at = new Date(`${day}T00:00:00Z`);
    return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 10) === day ? day : null;
}

/** `25.11.2026` in German, `25/11/2026` in Britain, `11/25/2026` in the United States. */
export function showDay(day: string, region: string): string {
    return isDay(day) ? new Intl.DateTimeFormat(region, TWO_DIGITS).format(new Date(`${day}T00:00:00Z`)) : day;
}

export function showMoment(moment: string, region: string): string {
    const [, day, hour, minute] = MOMENT.exec(moment) ?? [];
    if (!day) return moment;
    const time = new Intl.DateTimeFormat(region, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" }).format(new Date(`${day}T${hour}:${minute}:00Z`));
    return `${showDay(day, region)} ${time}`;
}

/** The day that a text means; null where it means none. Without a year it is the one of `today`. */
export function readDay(text: string, region: string, today: string): string | null {
    const written = text.trim();
    if (DAY.test(written)) return real(written);
    const numbers = written.split(/[^\d]+/).filter(Boolean);
    if (!/^[\d\s./,-]+$/.test(written) || numbers.length < 2 || numbers.length > 3) return null;
    const parts = order(region).filter((part) => part !== "year" || numbers.length === 3);
    const of = Object.fromEntries(parts.map((part, at) => [part, numbers[at]!])) as Record<Part, string>;
    const year = of.year ?? today.slice(0, 4);
    if (year.length !== 2 && year.length !== 4) return null;
    return real(`${year.length === 2 ? `20${year}` : year}-${of.month.padStart(2, "0")}-${of.day.padStart(2, "0")}`);
}

/** The same with a clock time behind it: `25.11. 14:30`, `11/25/2026 2:30 pm`. */
export function readMoment(text: string, region: string, today: string): string | null {
    const written = text.trim();
    if (isMoment(written)) return written;
    const [, front, hour, minute, half] = /^(.+?)[\s,]+(\d{1,2}):(\d{2})\s*([ap])?\.?m?\.?$/i.exec(written) ?? [];
    const day = readDay(front ?? written, region, today);
    if (!day) return null;
    if (hour === undefined) return `${day}T${MORNING}`;
    const twelve = half !== undefined;
    const hours = twelve ? (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0) : Number(hour);
    if (hours > 23 || Number(minute) > 59 || (twelve && (Number(hour) < 1 || Number(hour) > 12))) return null;
    return `${day}T${String(hours).padStart(2, "0")}:${minute}`;
}
