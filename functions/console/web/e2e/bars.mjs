// What the console costs whoever waits for it, in a real Chromium against a running stack: rows of a table in Markdown on standard
// output. `cargo dev bench console` runs it. Nothing here decides whether a figure is good enough.
import { apiOf, barriers, go, launch, login, person, settled, signIn } from "./browser.mjs";

const TIMES = 7;
const boss = login("admin");
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(0)} KB`;
const row = (what, measured, target = "") => console.log(`| ${what} | ${measured} | ${target} |`);
const say = (text) => console.error(text);

const api = await apiOf(boss);
const lead = (await api.get("/api/v1/leads?status=routed&sort=-total_score&limit=50")).data.find((one) => one.deal_id) ?? (await api.get("/api/v1/leads?limit=1")).data[0];
const [board] = (await api.get("/api/v1/pipelines?limit=100")).data.filter((one) => !one.archived_at);
const pipeline = lead.pipeline_id ?? board.id;
const PLACES = {
    "the dashboard": "/",
    "the leads": "/leads?filter=%7B%7D",
    "the pool": "/leads?filter=%7B%22pool%22%3Atrue%7D",
    "a lead": `/leads/${lead.id}`,
    "its scores": `/leads/${lead.id}/scores`,
    "its events": `/leads/${lead.id}/events`,
    "its decisions": `/leads/${lead.id}/decisions`,
    "a board": `/board/${pipeline}`,
    ...(lead.deal_id ? { "a deal": `/board/${pipeline}?deal=${lead.deal_id}` } : {}),
    "the tasks": "/tasks?who=all",
    "the team": "/team",
};

/** What a page has asked for since `clear`. */
function traffic(page) {
    let seen = [];
    page.on("requestfinished", (request) => seen.push(request));
    return {
        clear: () => (seen = []),
        /** Of the API: in the order in which they began, with their end, in milliseconds. */
        calls: async () => {
            const calls = [];
            for (const request of seen.filter((one) => one.url().includes("/api/v1/"))) {
                const { startTime, responseEnd } = request.timing();
                const answer = await request.response();
                const body = await answer.body().catch(() => Buffer.alloc(0));
                calls.push({ begin: startTime, end: startTime + Math.max(responseEnd, 0), bytes: (await request.sizes()).responseBodySize, plain: body.length });
            }
            return calls.toSorted((a, b) => a.begin - b.begin);
        },
        scripts: async () => {
            let bytes = 0;
            for (const request of seen.filter((one) => ["script", "stylesheet"].includes(one.resourceType()))) bytes += (await request.sizes()).responseBodySize;
            return bytes;
        },
    };
}

/** How many times something had to be waited for before something else was asked: the longest chain of calls. */
function waves(calls) {
    const at = [];
    for (const [n, call] of calls.entries()) at[n] = 1 + Math.max(0, ...calls.slice(0, n).flatMap((other, m) => (other.end <= call.begin ? [at[m]] : [])));
    return Math.max(0, ...at);
}

const browser = await launch();
const desk = await person(browser, { width: 1440, height: 900 });
await signIn(desk.page, boss);
await settled(desk.page);
const session = await desk.context.storageState();
/** Somebody who is signed in and has never loaded the console. */
const anew = (options) => browser.newContext({ locale: "de-DE", timezoneId: "Europe/Berlin", reducedMotion: "reduce", storageState: session, ...options });

say("the list, cold and from within …");
const cold = [];
for (let n = 0; n < TIMES; n += 1) {
    const context = await anew({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const began = Date.now();
    await go(page, PLACES["the leads"]);
    await page.locator("[data-lead]").first().waitFor();
    cold.push(Date.now() - began);
    await settled(page);
    // A session is handed on with each use: whoever comes next needs the newest.
    session.cookies = (await context.storageState()).cookies;
    await context.close();
}
row(`the list of leads is visible, nothing cached, median of ${TIMES}`, `${median(cold)} ms`, "≤ 1,000 ms");

const second = await anew({ viewport: { width: 1440, height: 900 } });
const page = await second.newPage();
page.setDefaultTimeout(15_000);
const inside = [];
for (let n = 0; n < TIMES; n += 1) {
    await go(page, "/tasks");
    await settled(page);
    const began = Date.now();
    await page.getByRole("link", { name: "Leads", exact: true }).click();
    await page.locator("[data-lead]").first().waitFor();
    inside.push(Date.now() - began);
}
row(`the same from another page, median of ${TIMES}`, `${median(inside)} ms`, "≤ 300 ms");

say("what each page asks for …");
const asked = [];
const net = traffic(page);
for (const [name, path] of Object.entries(PLACES)) {
    net.clear();
    await go(page, path);
    await settled(page);
    const calls = await net.calls();
    asked.push({ name, calls: calls.length, waves: waves(calls), bytes: calls.reduce((sum, call) => sum + call.bytes, 0), plain: calls.reduce((sum, call) => sum + call.plain, 0) });
}
for (const { name, calls, waves: deep, bytes, plain } of asked) row(`calls, one after the other, bytes of answers (unpacked): ${name}`, `${calls} · ${deep} · ${kilobytes(bytes)} (${kilobytes(plain)})`, "≤ 6 · ≤ 2");

say("what is loaded …");
const loads = [];
for (const [name, path] of Object.entries(PLACES)) {
    const context = await anew({ viewport: { width: 1440, height: 900 } });
    const one = await context.newPage();
    const net = traffic(one);
    await go(one, path);
    await settled(one);
    loads.push({ name, bytes: await net.scripts() });
    session.cookies = (await context.storageState()).cookies;
    await context.close();
}
loads.sort((a, b) => b.bytes - a.bytes);
const leads = loads.find(({ name }) => name === "the leads");
row("first load of the list, scripts and styles as sent", kilobytes(leads.bytes), "≤ 300 KB");
row(`the heaviest page (${loads[0].name})`, kilobytes(loads[0].bytes), "≤ 380 KB");

say("what jumps, and what keeps people out …");
for (const [width, height] of [[1440, 900], [390, 844]]) {
    const jumps = [];
    let kept = 0;
    for (const colorScheme of ["light", "dark"]) {
        const context = await anew({ viewport: { width, height }, colorScheme });
        const one = await context.newPage();
        await one.addInitScript(() => {
            globalThis.shifted = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shifted += entry.value;
            }).observe({ type: "layout-shift", buffered: true });
        });
        for (const [name, path] of Object.entries(PLACES)) {
            await go(one, path);
            await settled(one);
            jumps.push({ name, by: await one.evaluate(() => globalThis.shifted) });
            kept += (await barriers(one)).length;
        }
        session.cookies = (await context.storageState()).cookies;
        await context.close();
    }
    jumps.sort((a, b) => b.by - a.by);
    row(`largest layout shift at ${width} px (${jumps[0].name})`, jumps[0].by.toFixed(3), "≤ 0.1");
    row(`findings of axe, all pages, light and dark, at ${width} px`, String(kept), "0");
}
await browser.close();
