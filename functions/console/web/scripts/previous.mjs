// Keeps the files of the build before this one beside its own. Whoever has the console open while a release comes still gets the parts
// that their page names, until they load it anew. Only one build is kept: hashed names never mean another content, but they add up.
//
// What was built before is what the output folder holds; a build into an empty folder has nothing to keep.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ASSETS = "assets";
/** Which of the files are the build's own. Hidden, so it is not served. */
const OWN = ".own.json";

/** Of two builds, what is kept of the older: its own files, or what it kept itself where nothing has changed since. */
export function kept(before, own) {
    const mine = new Set(own);
    const same = before.own.length === own.length && before.own.every((name) => mine.has(name));
    const theirs = new Set(before.own);
    const wanted = Object.entries(before.files).filter(([name]) => (same ? !theirs.has(name) : theirs.has(name)));
    return Object.fromEntries(wanted.filter(([name]) => !mine.has(name)));
}

function read(folder) {
    const list = join(folder, OWN);
    if (!existsSync(list) || !existsSync(join(folder, ASSETS))) return { own: [], files: {} };
    const files = Object.fromEntries(readdirSync(join(folder, ASSETS)).map((name) => [name, readFileSync(join(folder, ASSETS, name))]));
    return { own: JSON.parse(readFileSync(list, "utf8")), files };
}

/** The Vite plugin. `folder` is the output folder. */
export function previousBuild(folder) {
    let before = { own: [], files: {} };
    return {
        name: "lotse:previous-build",
        apply: "build",
        // Before the folder is emptied.
        buildStart() {
            before = read(folder);
        },
        writeBundle(_, bundle) {
            const own = Object.keys(bundle).filter((name) => name.startsWith(`${ASSETS}/`)).map((name) => name.slice(ASSETS.length + 1));
            mkdirSync(join(folder, ASSETS), { recursive: true });
            for (const [name, content] of Object.entries(kept(before, own))) writeFileSync(join(folder, ASSETS, name), content);
            writeFileSync(join(folder, OWN), JSON.stringify(own));
        },
    };
}
