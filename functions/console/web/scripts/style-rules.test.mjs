// @vitest-environment node
import { expect, it } from "vitest";
import { styleFaults } from "./style-rules.mjs";

const lines = (text) => styleFaults("a.tsx", text).map(({ line }) => line);

it("refuses a bare 1 as a size, also behind a condition and for one width of the window", () => {
    expect(lines(`const a = { width: 1 };\nconst b = { height: { xs: 1, sm: 20 } };\nconst c = { minWidth: on ? 1 : 2 };\nconst d = { width: "1px", height: 10 };`)).toEqual([1, 2, 3]);
});

it("refuses sizes of text that stand in no list, in styles and in drawings", () => {
    expect(lines(`const a = { fontSize: "0.8rem" };\nconst b = { fontSize: 12 };\nconst c = { fontSize: wide ? "1rem" : "s" };\nconst d = <text fontSize="11" />;\nconst e = { fontSize: "s" };\nconst f = { fontSize: size * 0.4 };\nconst g = <text fontSize={DRAWN_TEXT} />;`)).toEqual([1, 2, 3, 4]);
});

it("refuses spaces off the scale, and lets hairlines be", () => {
    expect(lines(`const a = { gap: "7px" };\nconst b = { px: 1.25, gap: "2px", mt: "-1px" };\nconst c = { paddingInline: "0.4rem" };`)).toEqual([1, 3]);
});

it("refuses a name on the element around a dialog", () => {
    expect(lines(`const a = <Dialog aria-label="x" />;\nconst b = <Dialog slotProps={{ paper: { "aria-label": "x" } }} />;\nconst c = <Button aria-label="x" />;\nconst d = <Dialog aria-label={t("x")}><p /></Dialog>;`)).toEqual([1, 4]);
});
