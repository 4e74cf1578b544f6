// Fails when somebody could read a string that is not translated: a key that one language lacks or spells with other
// placeholders, a key that is used and stands nowhere, a key nobody uses, or a literal text in JSX.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const faults = [];

/** Attributes whose text a person sees or hears. */
const SPOKEN = new Set(["alt", "aria-label", "aria-description", "helperText", "label", "placeholder", "title", "tooltip"]);
/** Marks and names that are the same in every language. */
const UNIVERSAL = new Set(["Lotse", "CSV", "E-Mail", "%", "·", "×", "/", "–", "+", "→"]);

/** Words of the API and of tenants: their keys are put together from data, and what has none is shown as it is. */
const OPEN = ["dealStatus.", "event.", "field.", "intent.", "rule.", "source.", "stage.", "status.", "taskStatus."];
/** Here English shows the API's own sentence, where other languages say their own. */
const API_WORDS = ["conflict.", "fault.", "problem."];

function parse(path) {
    return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
}

/** The messages of a language file: its one exported object literal, flattened. */
function messages(path) {
    const flat = new Map();
    const read = (node, prefix) => {
        for (const property of node.properties) {
            const name = prefix + property.name.text;
            if (ts.isObjectLiteralExpression(property.initializer)) read(property.initializer, `${name}.`);
            else flat.set(name, property.initializer.text);
        }
    };
    const visit = (node) => {
        if (ts.isVariableDeclaration(node) && node.initializer) {
            let value = node.initializer;
            while (ts.isAsExpression(value) || ts.isSatisfiesExpression(value)) value = value.expression;
            if (ts.isObjectLiteralExpression(value)) read(value, "");
        }
        ts.forEachChild(node, visit);
    };
    visit(parse(path));
    return flat;
}

function sources(directory) {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) return sources(path);
        return /\.tsx?$/.test(entry.name) && !/\.(test|d)\.tsx?$/.test(entry.name) ? [path] : [];
    });
}

const placeholders = (text) => [...(text.matchAll(/%\{(\w+)\}/g))].map((match) => match[1]).filter((name, at, all) => all.indexOf(name) === at).sort().join(" ");

const languages = { en: messages(join(root, "src/i18n/en.ts")), de: messages(join(root, "src/i18n/de.ts")) };
const [[, english], ...others] = Object.entries(languages);
for (const [language, texts] of others) {
    for (const key of english.keys()) {
        if (!texts.has(key)) faults.push(`${language}: ${key} is missing`);
        else if (!API_WORDS.some((beginning) => key.startsWith(beginning)) && placeholders(texts.get(key)) !== placeholders(english.get(key))) faults.push(`${language}: ${key} has other placeholders than English`);
    }
    for (const key of texts.keys()) if (!english.has(key)) faults.push(`${language}: ${key} is not there in English`);
}
for (const [language, texts] of Object.entries(languages)) {
    for (const [key, text] of texts) if (!text?.trim()) faults.push(`${language}: ${key} is empty`);
}

/** Keys that are named in full, and the beginnings of those that are put together (`tier.${tier}`). */
const named = new Set();
const beginnings = new Set();
for (const path of sources(join(root, "src"))) {
    const file = parse(path);
    const inMessages = path.includes("/i18n/");
    const at = (node) => {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        return `${relative(root, path)}:${line + 1}`;
    };
    const spoken = (text) => /\p{L}{2,}/u.test(text) && !UNIVERSAL.has(text.trim());
    const visit = (node) => {
        if (ts.isJsxText(node) && spoken(node.text)) faults.push(`${at(node)}: literal text in JSX: ${node.text.trim()}`);
        if (ts.isJsxAttribute(node) && SPOKEN.has(node.name.getText()) && node.initializer) {
            const value = ts.isJsxExpression(node.initializer) ? node.initializer.expression : node.initializer;
            if (value && ts.isStringLiteralLike(value) && spoken(value.text) && !english.has(value.text)) {
                faults.push(`${at(node)}: literal text in ${node.name.getText()}: ${value.text}`);
            }
        }
        if (!inMessages) {
            if (ts.isStringLiteralLike(node)) named.add(node.text);
            if (ts.isTemplateExpression(node) && node.head.text.includes(".")) beginnings.add(node.head.text);
            const callee = ts.isCallExpression(node) ? node.expression.getText() : "";
            if (callee === "t" && node.arguments[0] && ts.isStringLiteralLike(node.arguments[0]) && !english.has(node.arguments[0].text)) {
                faults.push(`${at(node)}: no such message: ${node.arguments[0].text}`);
            }
        }
        ts.forEachChild(node, visit);
    };
    visit(file);
}
for (const key of english.keys()) {
    const used = named.has(key) || [...beginnings, ...OPEN].some((beginning) => key.startsWith(beginning));
    if (!used) faults.push(`en: ${key} is used nowhere`);
}

for (const fault of faults) console.error(fault);
console.log(`strings: ${english.size} messages in ${Object.keys(languages).length} languages, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
