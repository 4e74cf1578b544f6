import { expect, it } from "vitest";
import { mailTo } from "./labels";

it.each([
    ["a@b.example", "mailto:a@b.example"],
    ["a&b?subject=x@b.example", "mailto:a%26b%3Fsubject%3Dx@b.example"],
    ["a%b@b.example", "mailto:a%25b@b.example"],
])("a message to %s goes to %s", (email, link) => expect(mailTo(email)).toBe(link));
