import { describe, expect, it } from "vitest";
import { isDay, readDay, readMoment, showDay, showMoment } from "./day";

const TODAY = "2026-11-28";

describe("a day", () => {
    it.each([
        ["de-DE", "25.11.2026"],
        ["en-GB", "25/11/2026"],
        ["en-US", "11/25/2026"],
    ])("is written in %s as %s, and read again", (region, text) => {
        expect(showDay("2026-11-25", region)).toBe(text);
        expect(readDay(text, region, TODAY)).toBe("2026-11-25");
    });

    it.each([
        ["de-DE", "5.1.", "2026-01-05"],
        ["de-DE", "5. 1. 27", "2027-01-05"],
        ["en-US", "1/5", "2026-01-05"],
        ["en-GB", "5-1-2027", "2027-01-05"],
        ["de-DE", "2027-01-05", "2027-01-05"],
    ])("may be short: in %s %s is %s", (region, text, day) => expect(readDay(text, region, TODAY)).toBe(day));

    it.each(["31.2.2026", "2026-02-31", "morgen", "25", "1.2.3.4", "25.11.126", "0.0.2026", "25.11.2026 14:30"])("%s is none", (text) => expect(readDay(text, "de-DE", TODAY)).toBeNull());

    it("is known from what is none", () => expect(["2026-11-25", "2026-02-31", "25.11.2026", ""].map(isDay)).toEqual([true, false, false, false]));
});

describe("a moment", () => {
    it.each([
        ["de-DE", "25.11.2026 14:30"],
        ["en-GB", "25/11/2026 14:30"],
    ])("is written in %s as %s, and read again", (region, text) => {
        expect(showMoment("2026-11-25T14:30", region)).toBe(text);
        expect(readMoment(text, region, TODAY)).toBe("2026-11-25T14:30");
    });

    it("is read again as the United States write it", () => expect(readMoment(showMoment("2026-11-25T14:30", "en-US"), "en-US", TODAY)).toBe("2026-11-25T14:30"));

    it.each([
        ["en-US", "11/25 12:05 am", "2026-11-25T00:05"],
        ["en-US", "11/25 12:05 pm", "2026-11-25T12:05"],
        ["de-DE", "25.11., 8:05", "2026-11-25T08:05"],
        ["de-DE", "25.11.", "2026-11-25T09:00"],
    ])("in %s %s is %s", (region, text, moment) => expect(readMoment(text, region, TODAY)).toBe(moment));

    it.each(["25.11. 24:00", "25.11. 14:60", "14:30", "25.11. 13:00 pm"])("%s is none", (text) => expect(readMoment(text, "de-DE", TODAY)).toBeNull());
});
