import { expect, it } from "vitest";
import { type Member, owners } from "./owners";

const member = (name: string, more: Partial<Member> = {}): Member => ({ id: name, name, active: true, role: "sales", load: 3, capacity: 12, pipeline_ids: ["b2b"], ...more });
const team = [member("Zoe"), member("Peter", { role: "viewer" }), member("Jonas", { load: 12 }), member("Olga", { active: false }), member("Aylin"), member("Ben", { pipeline_ids: ["research"] })];
const names = (pipeline?: string, current?: string) => owners(team, pipeline, current, (left, right) => left.localeCompare(right)).map(({ member }) => member.name);

it("offers nobody who only reads or has left", () => expect(names().sort()).toEqual(["Aylin", "Ben", "Jonas", "Zoe"]));
it("offers first who serves the pipeline and has room", () => expect(names("b2b")).toEqual(["Aylin", "Zoe", "Jonas", "Ben"]));
it("offers whose it is already, whoever that is", () => expect(names("b2b", "Olga")).toContain("Olga"));
it("says who is full and who belongs to other pipelines", () => {
    const said = Object.fromEntries(owners(team, "b2b", null, (left, right) => left.localeCompare(right)).map(({ member, serves, full }) => [member.name, [serves, full]]));
    expect(said).toEqual({ Aylin: [true, false], Zoe: [true, false], Jonas: [true, true], Ben: [false, false] });
});
