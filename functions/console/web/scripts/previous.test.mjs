import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { previousBuild } from "./previous.mjs";

let folder;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "console-builds-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Builds as Vite does: the plugin starts, the folder is emptied and written, the plugin is told what there is. */
function build(...names) {
    const plugin = previousBuild(folder);
    plugin.buildStart();
    rmSync(join(folder, "assets"), { recursive: true, force: true });
    mkdirSync(join(folder, "assets"));
    for (const name of names) writeFileSync(join(folder, "assets", name), `content of ${name}`);
    plugin.writeBundle({}, Object.fromEntries(["index.html", ...names.map((name) => `assets/${name}`)].map((name) => [name, {}])));
}
const there = () => readdirSync(join(folder, "assets")).sort();

it("keeps the files of the build before, and of no older one", () => {
    build("app-1.js", "board-1.js", "react.js");
    expect(there()).toEqual(["app-1.js", "board-1.js", "react.js"]);
    build("app-2.js", "board-2.js", "react.js");
    expect(there()).toEqual(["app-1.js", "app-2.js", "board-1.js", "board-2.js", "react.js"]);
    expect(readFileSync(join(folder, "assets/board-1.js"), "utf8")).toBe("content of board-1.js");
    build("app-3.js", "board-2.js", "react.js");
    expect(there()).toEqual(["app-2.js", "app-3.js", "board-2.js", "react.js"]);
});

it("still keeps it when the same is built again", () => {
    build("app-1.js");
    build("app-2.js");
    build("app-2.js");
    expect(there()).toEqual(["app-1.js", "app-2.js"]);
});

it("notes which are its own where nobody is served it", () => {
    build("app-1.js");
    expect(existsSync(join(folder, ".own.json"))).toBe(true);
});
