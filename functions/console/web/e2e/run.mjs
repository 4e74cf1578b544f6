// Runs the browser tests against a running stack: `node e2e/run.mjs --status <status.json> [--out <folder>]`.
//
// The status file is what `cargo dev status --json` prints: `console_url`, `api_url`, `console_email` and `console_password`, with
// which everybody of the demo team signs in. Instead of the last two it may have `logins`, a list of `{email, password, role}`: an
// `admin`, a second person who may move deals (`sales` or `manager`), and a `viewer` if there is one.
// With `--bars` it measures instead (bars.mjs).
// Ends with the closing lines of node's test runner and its exit code. Screenshots go to `e2e/out` unless said otherwise.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { status: { type: "string" }, out: { type: "string" }, only: { type: "string" }, bars: { type: "boolean" } } });
if (!values.status) {
    console.error("Say where the stack is: node e2e/run.mjs --status <file>, the file as `cargo dev status --json` prints it.");
    process.exit(2);
}
const status = JSON.parse(readFileSync(values.status, "utf8"));
for (const key of ["console_url", "api_url", status.logins ? "logins" : "console_password"]) {
    if (!status[key]) {
        console.error(`The status file has no \`${key}\`. Bring the stack up and write the file anew.`);
        process.exit(2);
    }
}
const out = resolve(values.out ?? fileURLToPath(new URL("out", import.meta.url)));
mkdirSync(out, { recursive: true });

/** The demo team, who all have one password. */
async function team({ api_url, console_email: email, console_password: password }) {
    const ask = async (path, init) => {
        const answer = await fetch(api_url.replace(/\/$/, "") + path, init);
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
        return answer.json();
    };
    const { access_token } = await ask("/api/v1/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email, password }) });
    const { data } = await ask("/api/v1/team?active=true&limit=100", { headers: { authorization: `Bearer ${access_token}` } });
    return data.map((member) => ({ email: member.email, password, role: member.role }));
}

status.logins ??= await team(status);
const known = join(out, "status.json");
writeFileSync(known, JSON.stringify(status), { mode: 0o600 });

const tests = fileURLToPath(new URL("console.test.mjs", import.meta.url));
const bars = fileURLToPath(new URL("bars.mjs", import.meta.url));
const args = values.bars ? [bars] : ["--test", "--test-reporter=spec", "--test-concurrency=1", ...(values.only ? [`--test-name-pattern=${values.only}`] : []), tests];
const child = spawn(process.execPath, args, { stdio: "inherit", env: { ...process.env, LOTSE_STATUS: known, LOTSE_SHOTS: out } });
child.on("exit", (code, signal) => {
    // It holds passwords, and the folder is kept as CI output.
    rmSync(known, { force: true });
    process.exit(code ?? (signal ? 1 : 0));
});
