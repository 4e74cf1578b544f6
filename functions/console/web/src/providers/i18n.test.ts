import { expect, it } from "vitest";
import { translator } from "./i18n";

const say = translator({ a: { plain: "%{name} is here", many: "%{smart_count} lead |||| %{smart_count} leads" } });

it.each([
    ["a.plain", { name: "Eva" }, "Eva is here"],
    ["a.plain", {}, "%{name} is here"],
    ["a.plain", { name: 0 }, "0 is here"],
    ["a.many", { smart_count: 1 }, "1 lead"],
    ["a.many", { smart_count: 0 }, "0 leads"],
    ["a.many", { smart_count: 12 }, "12 leads"],
    ["a.unknown", {}, "a.unknown"],
    ["a.unknown", { _: "Instead" }, "Instead"],
    ["a.unknown", { _: "" }, ""],
    ["Text with 3 | in it", {}, "Text with 3 | in it"],
])("%s with %j: %s", (key, options, expected) => expect(say(key, options)).toBe(expected));

it("takes what is put in as it is, whatever signs it has", () => expect(say("a.plain", { name: "$& %{name}" })).toBe("$& %{name} is here"));
