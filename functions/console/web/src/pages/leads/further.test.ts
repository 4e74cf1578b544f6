import { expect, it } from "vitest";
import { dayToMoment, FURTHER, momentToDay, type Name, readFurther } from "./further";

const BERLIN = "Europe/Berlin";
const form = (given: Partial<Record<Name, string>>) => ({ ...(Object.fromEntries(FURTHER.map((name) => [name, ""])) as Record<Name, string>), ...given });

it("asks for whole days where the person is, the last one included", () => {
    const { filters, faults } = readFurther(form({ created_from: "2026-11-24", created_to: "2026-11-25", min_score: "40", source: " website " }), BERLIN);
    expect(faults).toEqual({});
    expect(filters).toMatchObject({ created_from: "2026-11-23T23:00:00.000Z", created_to: "2026-11-25T23:00:00.000Z", min_score: 40, source: "website", tag: undefined });
});

it.each(["created_from", "created_to"])("%s comes back as the day that was chosen", (name) => {
    expect(momentToDay(name, dayToMoment(name, "2026-10-25", BERLIN), BERLIN)).toBe("2026-10-25");
});

it.each(["yesterday", 4, undefined])("%s in the address is no day", (moment) => expect(momentToDay("created_from", moment, BERLIN)).toBe(""));

it.each([
    [{ min_score: "40", max_score: "20" }, { max_score: "leads.filterFault.below" }],
    [{ created_from: "gestern" }, { created_from: "form.date" }],
    [{ min_score: "1.5" }, { min_score: "leads.filterFault.whole" }],
    [{ active_from: "2026-11-25", active_to: "2026-11-24" }, { active_to: "leads.filterFault.before" }],
    [{ active_from: "2026-11-25", active_to: "2026-11-25", min_score: "7", max_score: "7" }, {}],
] as const)("%j is refused at %j", (given, expected) => expect(readFurther(form(given), BERLIN).faults).toEqual(expected));
