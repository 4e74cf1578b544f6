import { describe, expect, it } from "vitest";
import { formatter, minorUnits, regionFor } from "./format";
import { firstLanguage } from "../providers/i18n";

/** Spaces of several widths stand in formatted text. */
const plain = (text: string) => text.replaceAll(/[\u00a0\u202f\u2009]/g, " ");

describe("formats", () => {
    const german = formatter("de-DE", "Europe/Berlin");
    const english = formatter("en-GB", "America/New_York");

    it.each([
        [german.money(1_234_567, "EUR"), "12.345,67 €"],
        [german.money(12_000_000, "EUR"), "120.000 €"],
        [english.money(1_234_567, "EUR"), "€12,345.67"],
        [english.money(500, "JPY"), "JP¥500"],
        [german.moneyRound(6_612_850, "EUR"), "66.129 €"],
        [german.percent(76.9), "76,9 %"],
        [german.points(-5), "-5"],
        [german.points(12), "+12"],
        [german.points(0), "0"],
    ])("%s", (shown, expected) => expect(plain(shown)).toBe(expected));

    it("show a moment in the person's zone, and a civil date as it is everywhere", () => {
        expect(plain(german.dateTime("2026-11-25T23:30:00Z"))).toBe("26.11.2026, 00:30");
        expect(plain(english.dateTime("2026-11-25T23:30:00Z"))).toBe("25 Nov 2026, 18:30");
        expect(german.date("2026-11-25")).toBe("25.11.2026");
        expect(formatter("de-DE", "Pacific/Kiritimati").date("2026-11-25")).toBe("25.11.2026");
        expect(formatter("de-DE", "Pacific/Honolulu").date("2026-11-25")).toBe("25.11.2026");
    });

    it("write a moment so that spreadsheets sort it", () => {
        expect(german.stamp("2026-11-25T23:30:00Z")).toBe("2026-11-26 00:30");
    });

    it("say how long ago", () => {
        const now = Date.parse("2026-11-25T12:00:00Z");
        expect(german.relative("2026-11-25T11:55:00Z", now)).toBe("vor 5 Minuten");
        expect(german.relative("2026-11-24T11:00:00Z", now)).toBe("gestern");
        expect(english.relative("2026-11-28T12:00:00Z", now)).toBe("in 3 days");
    });

    it("know currencies without cents", () => {
        expect([minorUnits("EUR"), minorUnits("JPY"), minorUnits("KWD")]).toEqual([100, 1, 1000]);
    });
});

describe("the first language", () => {
    it.each([
        ["the browser's", null, ["de-AT", "en"], undefined, "de"],
        ["the next that the browser takes", null, ["fr-FR", "de"], "en", "de"],
        ["the browser's rather than the profile's", null, ["en-US"], "de", "en"],
        ["the profile's where the browser has neither", null, ["pl"], "de", "de"],
        ["English where nothing is known", null, ["pl"], undefined, "en"],
        ["what was chosen here before", "en", ["de"], "de", "en"],
        ["never one that is not there", "fr", ["pl"], null, "en"],
    ] as const)("is %s", (_, stored, wanted, profile, language) => expect(firstLanguage(stored, wanted, profile)).toBe(language));

    it("keeps the person's own region", () => {
        expect(regionFor("de", ["fr", "de-AT"])).toBe("de-AT");
        expect(regionFor("en", ["de-DE"])).toBe("en-GB");
    });
});
