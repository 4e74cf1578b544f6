import { beforeEach, expect, it } from "vitest";
import { keepDraft, readDraft } from "../ui/drafts";
import { listAddress, rememberList } from "../ui/list-state";
import { mayReturn, signedIn, signedOut } from "./traces";

const traces = () => [listAddress("leads"), readDraft("lead/1", ["company"]) !== null];
const work = () => {
    rememberList("leads", "page=2");
    keepDraft("lead/1", { before: { company: "" }, values: { company: "Muster" }, at: 1 });
};

beforeEach(() => {
    sessionStorage.clear();
    signedOut();
    sessionStorage.clear();
});

it("whoever follows a link and signs in comes to it", () => expect(mayReturn("aylin@a.example")).toBe(true));

it("whose session ended goes on where they were", () => {
    signedIn("aylin@a.example");
    work();
    expect(mayReturn("Aylin@a.example")).toBe(true);
    signedIn("Aylin@a.example");
    expect(traces()).toEqual(["/leads?page=2", true]);
});

it("somebody else begins at the start, and finds nothing of theirs", () => {
    signedIn("aylin@a.example");
    work();
    expect(mayReturn("jonas@a.example")).toBe(false);
    signedIn("jonas@a.example");
    expect(traces()).toEqual(["/leads", false]);
});

it("so does everybody after signing out", () => {
    signedIn("aylin@a.example");
    work();
    signedOut();
    expect(traces()).toEqual(["/leads", false]);
    expect(mayReturn("aylin@a.example")).toBe(false);
});

it("a draft of a form that has other fields by now is none", () => {
    work();
    expect(readDraft("lead/1", ["company", "email"])).toBeNull();
    sessionStorage.setItem("lotse.draft.lead/1", "{");
    expect(readDraft("lead/1", ["company"])).toBeNull();
});
