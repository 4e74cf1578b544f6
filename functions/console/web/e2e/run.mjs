// Runs the browser tests against a running stack: `node e2e/run.mjs --status <status.json> [--out <folder>]`.
//
// The status file is what `cargo dev status --json` prints: `console_url`, `api_url`, and `logins`, a list of
// `{email, password, role}` with an `admin`, a second person who may move deals (`sales` or `manager`), and a `viewer` if there is one.
// Ends with the closing lines of node's test runner and its exit code. Screenshots go to `e2e/out` unless said otherwise.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { status: { type: "string" }, out: { type: "string" }, only: { type: "string" } } });
if (!values.status) {
    console.error("Say where the stack is: node e2e/run.mjs --status <file>, the file as `cargo dev status --json` prints it.");
    process.exit(2);
}
const status = JSON.parse(readFileSync(values.status, "utf8"));
for (const key of ["console_url", "api_url", "logins"]) {
    if (!status[key]) {
        console.error(`The status file has no \`${key}\`. Bring the stack up and write the file anew.`);
        process.exit(2);
    }
}
const out = resolve(values.out ?? fileURLToPath(new URL("out", import.meta.url)));
mkdirSync(out, { recursive: true });

const tests = fileURLToPath(new URL("console.test.mjs", import.meta.url));
const args = ["--test", "--test-reporter=spec", "--test-concurrency=1", ...(values.only ? [`--test-name-pattern=${values.only}`] : []), tests];
const child = spawn(process.execPath, args, { stdio: "inherit", env: { ...process.env, LOTSE_STATUS: resolve(values.status), LOTSE_SHOTS: out } });
child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
