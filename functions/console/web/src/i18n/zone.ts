// Days and clock times in a time zone that need not be the browser's. JavaScript's own dates know only that one and UTC.

const DAY = 86_400_000;

/** The zone, unless this browser does not know it. */
export function knownZone(zone: string | null | undefined): string | undefined {
    if (!zone) return undefined;
    try {
        new Intl.DateTimeFormat("en", { timeZone: zone });
        return zone;
    } catch {
        return undefined;
    }
}

export const browserZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

const clocks = new Map<string | undefined, Intl.DateTimeFormat>();

/** What calendar and clock show in the zone, as if it were UTC: numbers to reckon with. */
function shown(at: number, zone: string | undefined): number {
    let clock = clocks.get(zone);
    if (!clock) {
        clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
        clocks.set(zone, clock);
    }
    const part = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, Number(value)])) as Record<string, number>;
    return Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute, part.second);
}

/** The moment at which the zone shows this. Shown twice, in autumn, it is the earlier; never shown, in spring, it is right after the gap. */
function momentOf(wanted: number, zone: string | undefined): number {
    const candidates = [-DAY, DAY].map((away) => wanted - (shown(wanted + away, zone) - (wanted + away)));
    const fitting = candidates.filter((at) => shown(at, zone) === wanted);
    return fitting.length > 0 ? Math.min(...fitting) : Math.max(...candidates);
}

const ms = (moment: string | number | Date) => Math.floor(new Date(moment).getTime() / 1000) * 1000;

/** `2026-11-25`: the day that the moment falls on in the zone. */
export function dayOf(moment: string | number | Date, zone?: string): string {
    return new Date(shown(ms(moment), zone)).toISOString().slice(0, 10);
}

/** The first moment of the day in the zone. */
export function startOf(day: string, zone?: string): Date {
    return new Date(momentOf(Date.parse(`${day}T00:00:00Z`), zone));
}

export function addDays(day: string, days: number): string {
    return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

export function daysBetween(from: string, to: string): number {
    return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY);
}

/** `2026-11-25T14:30`, as `datetime-local` fields have it, which know no zone. */
export function toLocal(moment: string | null | undefined, zone?: string): string {
    return moment ? new Date(shown(ms(moment), zone)).toISOString().slice(0, 16) : "";
}

export function fromLocal(text: string, zone?: string): string {
    return new Date(momentOf(Date.parse(`${text}Z`), zone)).toISOString();
}

export function hourOf(moment: string | number | Date, zone?: string): number {
    return new Date(shown(ms(moment), zone)).getUTCHours();
}
