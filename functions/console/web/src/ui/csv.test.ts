import { expect, it } from "vitest";
import { csv } from "./csv";

it.each([
    ["semicolons for German", ["Name", "Punkte"], [["Müller; GmbH", 12]], ";", 'Name;Punkte\r\n"Müller; GmbH";12'],
    ["quotes and lines", ["a"], [['say "hi"\nthere']], ",", 'a\r\n"say ""hi""\nthere"'],
    ["nothing is empty", ["a", "b"], [[null, undefined]], ",", "a,b\r\n,"],
    ["no formulas, but numbers", ["a", "b", "c"], [["=1+1", -5, "@x"]], ",", "a,b,c\r\n'=1+1,-5,'@x"],
] as const)("%s", (_, headings, rows, separator, expected) => {
    expect(csv([...headings], rows.map((row) => [...row]), separator)).toBe(expected);
});
