import { describe, expect, it } from "vitest";
import { addDays, dayOf, daysBetween, fromLocal, hourOf, knownZone, startOf, toLocal } from "./zone";

const BERLIN = "Europe/Berlin";

it.each([
    ["2026-11-25T23:30:00Z", BERLIN, "2026-11-26", 0],
    ["2026-11-25T23:30:00Z", "America/New_York", "2026-11-25", 18],
    ["2026-07-01T22:00:00Z", BERLIN, "2026-07-02", 0],
    ["2026-12-31T11:00:00Z", "Pacific/Kiritimati", "2027-01-01", 1],
])("%s in %s is on %s at %i", (moment, zone, day, hour) => {
    expect(dayOf(moment, zone)).toBe(day);
    expect(hourOf(moment, zone)).toBe(hour);
});

describe("a day begins", () => {
    it.each([
        ["in winter", "2026-11-26", BERLIN, "2026-11-25T23:00:00.000Z"],
        ["in summer", "2026-07-02", BERLIN, "2026-07-01T22:00:00.000Z"],
        ["before the clocks go forward", "2026-03-29", BERLIN, "2026-03-28T23:00:00.000Z"],
        ["before the clocks go back", "2026-10-25", BERLIN, "2026-10-24T22:00:00.000Z"],
        ["at one o'clock, where midnight is left out", "2026-09-06", "America/Santiago", "2026-09-06T04:00:00.000Z"],
    ])("%s", (_, day, zone, moment) => expect(startOf(day, zone).toISOString()).toBe(moment));
});

describe("what a form shows", () => {
    it.each(["2026-11-25T13:30:00.000Z", "2026-07-01T13:30:00.000Z"])("comes back as %s", (moment) => expect(fromLocal(toLocal(moment, BERLIN), BERLIN)).toBe(moment));

    it("is the clock of the zone", () => {
        expect(toLocal("2026-11-25T13:30:12Z", BERLIN)).toBe("2026-11-25T14:30");
        expect(toLocal(null, BERLIN)).toBe("");
    });

    it("is the earlier of two equal times, and the next one for a time that is left out", () => {
        expect(fromLocal("2026-10-25T02:30", BERLIN)).toBe("2026-10-25T00:30:00.000Z");
        expect(fromLocal("2026-03-29T02:30", BERLIN)).toBe("2026-03-29T01:30:00.000Z");
    });
});

it("counts days over the change of the clocks", () => {
    expect(addDays("2026-03-28", 2)).toBe("2026-03-30");
    expect(daysBetween("2026-10-24", "2026-10-26")).toBe(2);
});

it("knows a zone, or says that it does not", () => {
    expect([knownZone(BERLIN), knownZone("Mars/Olympus"), knownZone(null)]).toEqual([BERLIN, undefined, undefined]);
});
