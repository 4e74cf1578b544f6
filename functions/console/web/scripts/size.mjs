// Fails the build when what a browser loads first is heavier than it may be: the entry with everything it imports statically.
import { readFileSync, rmSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const LIMIT = 450 * 1024;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const first = new Set();
const visit = (key) => {
    if (!first.has(key)) {
        first.add(key);
        for (const next of manifest[key].imports ?? []) visit(next);
    }
};
visit(Object.keys(manifest).find((key) => manifest[key].isEntry));

let gzip = 0;
let brotli = 0;
for (const key of first) {
    const bytes = readFileSync(new URL(manifest[key].file, dist));
    gzip += gzipSync(bytes, { level: 9 }).length;
    brotli += brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
}
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
console.log(`first load: ${first.size} files, ${kilobytes(gzip)} gzip, ${kilobytes(brotli)} brotli; limit ${kilobytes(LIMIT)} gzip`);
if (gzip > LIMIT) {
    console.error("The first load is too heavy. Import what is not needed at once with `lazy(() => import(…))`.");
    process.exit(1);
}

// Nobody who visits needs to know how it was built.
rmSync(new URL(".vite", dist), { recursive: true });
