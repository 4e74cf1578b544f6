// Fails where a size is written that means something else than it seems: in MUI's `sx` a width or height of 1 is 100 %, not a pixel.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const SIZES = new Set(["width", "height", "minWidth", "minHeight", "maxWidth", "maxHeight"]);
const faults = [];

const files = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? files(path) : entry.name.endsWith(".tsx") ? [path] : [];
    });

for (const path of files(join(root, "src"))) {
    const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
    const visit = (node) => {
        if (ts.isPropertyAssignment(node) && SIZES.has(node.name.getText()) && ts.isNumericLiteral(node.initializer) && node.initializer.text === "1") {
            const { line } = file.getLineAndCharacterOfPosition(node.getStart());
            faults.push(`${relative(root, path)}:${line + 1}: ${node.getText()} is 100 %; write "1px" or "100%"`);
        }
        ts.forEachChild(node, visit);
    };
    visit(file);
}

for (const fault of faults) console.error(fault);
console.log(`styles: ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
