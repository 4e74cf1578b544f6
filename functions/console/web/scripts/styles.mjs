// Fails where a size is written that means something else than it seems, or that no other place has.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { styleFaults } from "./style-rules.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

const files = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? files(path) : /\.tsx$/.test(entry.name) && !/\.test\.tsx$/.test(entry.name) ? [path] : [];
    });

const faults = files(join(root, "src")).flatMap((path) => styleFaults(path, readFileSync(path, "utf8")).map(({ line, text }) => `${relative(root, path)}:${line}: ${text}`));
for (const fault of faults) console.error(fault);
console.log(`styles: ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
