import polyglot from "ra-i18n-polyglot";
import { beforeEach, expect, it } from "vitest";
import { de } from "../i18n/de";
import { en } from "../i18n/en";
import { sayFault, sayFaultAway } from "./fault";

const german = polyglot(() => de as never, "de", [], { allowMissing: true }).translate;
const english = polyglot(() => en as never, "en", [], { allowMissing: true }).translate;

beforeEach(() => {
    document.documentElement.lang = "de";
});

it.each([
    ["/title", "too_long", "Write at most 1000 characters.", "Höchstens 1.000 Zeichen."],
    ["/password", "too_short", "Use at least 12 characters; a few words are easy to remember.", "Mindestens 12 Zeichen; ein paar Wörter merkt man sich leicht."],
    ["/capacity", "range", "Use a number from 0 to 1000.", "Geben Sie eine Zahl von 0 bis 1.000 ein."],
    ["/due_at", "range", "Send a moment of the years 2000 to 2099.", "Nur die Jahre 2000 bis 2099."],
    ["/tags", "too_many", "Give a lead at most 50 tags.", "Höchstens 50."],
    ["/priority", "unknown_value", "`urgent` is not one of the possible values. Possible here: `low`, `normal`, `high`.", "Möglich sind: low, normal, high."],
    ["/status", "unknown_value", "`x` is not one of the possible values. Possible here: `won` or `lost`.", "Möglich sind: won, lost."],
    ["/capacity", "type", "Send a whole number, not text.", "Geben Sie eine Zahl ein."],
    ["/owner_id", "unknown_value", "There is no active member of the team with this id who may own this; viewers may not. Choose somebody else.", "Im Team ist niemand, der so heißt, aktiv ist und dafür zuständig sein darf (wer nur liest, darf es nicht). Wählen Sie jemand anderen."],
    ["/country", "unknown_value", "Write the ISO code.", "Schreiben Sie das Land mit zwei Buchstaben, zum Beispiel DE."],
    ["/country", "range", "A sentence with no figure.", "Der Wert liegt außerhalb des Erlaubten."],
    ["/name", "unheard_of", "What the API says.", "What the API says."],
])("%s %s: %s", (pointer, code, detail, expected) => {
    expect(sayFault({ pointer, code, detail }, german)).toBe(expected);
});

it("says the limit of an amount in the money that the form asks for", () => {
    const fault = { pointer: "/value_minor", code: "range", detail: "Send a number from 0 to 100000000000." };
    expect(sayFault(fault, german, { value_minor: 100 })).toBe("Geben Sie einen Betrag von 0 bis 1.000.000.000 ein.");
});

it("keeps the API's own sentence in English", () => {
    expect(sayFault({ pointer: "/title", code: "too_long", detail: "Write at most 1000 characters." }, english)).toBe("Write at most 1000 characters.");
});

it("names the field where it stands elsewhere", () => {
    expect(sayFaultAway({ pointer: "?max_score", code: "range", detail: "" }, german)).toBe("Punkte bis: Der Wert liegt außerhalb des Erlaubten.");
    expect(sayFaultAway({ pointer: "/after_deal_id", code: "empty", detail: "" }, german)).toBe("Schreiben Sie etwas.");
});
