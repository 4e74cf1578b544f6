import { expect, it } from "vitest";
import { differs, merge } from "./conflict";

const before = { job_title: "Laborant", company: "Muster", phone: "", tags: ["vip"] };

it("takes theirs where only they wrote, keeps mine where only I did", () => {
    const { values, conflicts } = merge(before, { ...before, phone: "+49 30 1" }, { ...before, company: "Muster GmbH", tags: ["vip", "fair"] });
    expect(values).toEqual({ job_title: "Laborant", company: "Muster GmbH", phone: "+49 30 1", tags: ["vip", "fair"] });
    expect(conflicts).toEqual({});
});

it("names what both of us wrote, and keeps mine in the form", () => {
    const { values, conflicts } = merge(before, { ...before, job_title: "Laborchef" }, { ...before, job_title: "Leiter Labor" });
    expect(values.job_title).toBe("Laborchef");
    expect(conflicts).toEqual({ job_title: "Leiter Labor" });
});

it("has nothing to say where both wrote the same", () => expect(merge(before, { ...before, phone: "+49 30 1" }, { ...before, phone: "+49 30 1" }).conflicts).toEqual({}));

it("names what they emptied while I changed it", () => expect(merge(before, { ...before, company: "Muster AG" }, { ...before, company: "" }).conflicts).toEqual({ company: "" }));

it("takes an empty field and no value for the same", () => {
    expect(differs({ phone: "" }, { phone: null })).toBe(false);
    expect(differs({ tags: ["a"] }, { tags: ["a"] })).toBe(false);
    expect(differs({ tags: ["a", "b"] }, { tags: ["a"] })).toBe(true);
});
