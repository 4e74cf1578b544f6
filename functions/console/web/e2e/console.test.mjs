// What a person does with the console, in a real Chromium against a running stack. Words are German unless a test says otherwise:
// the browser asks for German, and the console follows it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { apiOf, barriers, fillSignIn, go, launch, login, person, settled, shot, signIn } from "./browser.mjs";

const boss = login("admin");
const colleague = login("manager", "sales");
const stamp = Date.now().toString(36);
/** A number that nobody has yet, however often the tests run on one stack. */
const digits = String(Date.now()).slice(-8);

let browser;
let api;
let lead;
let pipeline;
/** One window stays signed in for most tests: signing in is throttled, and people do not do it for every click either. */
let desk;

/** Two deals of our own at the top of the first column. */
async function twoDeals(name) {
    const deals = [];
    for (const place of ["unten", "oben"]) deals.push(await api.post("/api/v1/deals", { name: `${name} ${place} ${stamp}`, lead_id: lead.id, pipeline_id: pipeline.id, value_minor: 1234500 }));
    const [below, above] = deals;
    await api.post(`/api/v1/deals/${below.id}/move`, { stage_id: below.stage_id, index: 0 });
    await api.post(`/api/v1/deals/${above.id}/move`, { stage_id: above.stage_id, index: 0 });
    return { below, above };
}

const card = (page, deal) => page.locator(`[data-deal="${deal.id}"]`);
const column = (page, stage) => page.locator(`[data-stage="${stage.id}"]`);
const order = (page, stage) => column(page, stage).locator("[data-deal]").evaluateAll((cards) => cards.map((one) => one.dataset.deal));
/** Lifts a deal, moves it by one and drops it, by keyboard. */
async function carry(page, deal, arrow) {
    await card(page, deal).focus();
    for (const key of ["Space", arrow, "Space"]) {
        await page.keyboard.press(key);
        await page.waitForTimeout(400);
    }
}
/** Takes a deal to the top of another column in sight, by mouse. */
async function drag(page, deal, stage) {
    const [from, to] = [await card(page, deal).boundingBox(), await column(page, stage).boundingBox()];
    await page.mouse.move(from.x + 40, from.y + 20);
    await page.mouse.down();
    await page.mouse.move(from.x + 60, from.y + 30, { steps: 4 });
    await page.mouse.move(to.x + 110, to.y + 110, { steps: 16 });
    await page.waitForTimeout(150);
    await page.mouse.up();
}
const moveAnswered = (page, deal) => page.waitForResponse((answer) => answer.url().includes(`/deals/${deal.id}/move`));
const notice = (page, text) => page.getByRole("alert").filter({ hasText: text }).or(page.locator(".MuiSnackbar-root", { hasText: text })).first();

async function openBoard(page) {
    await go(page, `/board/${pipeline.id}`);
    await column(page, pipeline.stages[0]).waitFor();
    await settled(page);
}

before(async () => {
    browser = await launch();
    api = await apiOf(boss);
    const routed = (await api.get("/api/v1/leads?status=routed&sort=-total_score&limit=50")).data;
    for (const one of routed) {
        const { data } = await api.get(`/api/v1/leads/${one.id}/decisions`);
        if (data.some((decision) => decision.outcome === "routed")) {
            lead = one;
            break;
        }
    }
    assert.ok(lead, "the demo tenant has a lead that the machine routed");
    pipeline = (await api.get("/api/v1/pipelines?limit=100")).data.find((one) => !one.archived_at && one.stages.length > 4);
    desk = await person(browser);
    await signIn(desk.page, boss);
});

after(async () => {
    await browser?.close();
});

describe("signing in and out", () => {
    it("refuses a wrong password and says so", async () => {
        const { page, context } = await person(browser);
        await go(page, "/");
        await page.getByLabel("E-Mail-Adresse").fill(boss.email);
        await page.getByLabel("Passwort").fill("falsch-falsch-falsch");
        await page.getByRole("button", { name: "Anmelden", exact: true }).click();
        await page.getByRole("alert").filter({ hasText: "E-Mail-Adresse oder Passwort ist falsch." }).waitFor();
        assert.equal(await page.getByRole("navigation", { name: "Hauptnavigation" }).count(), 0);
        await context.close();
    });

    it("keeps the session over a reload without a token that scripts could read, and ends it on signing out", async () => {
        const { page, context } = await person(browser);
        await signIn(page, colleague ?? boss);
        await page.reload();
        await page.getByRole("navigation", { name: "Hauptnavigation" }).waitFor();
        const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage, cookies: document.cookie }));
        assert.doesNotMatch(kept, /eyJ|access_token/);
        const cookies = await context.cookies();
        assert.ok(cookies.length > 0 && cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === "Strict"), JSON.stringify(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))));
        await page.locator('button[aria-haspopup="menu"]').last().click();
        await page.getByRole("menuitem", { name: "Abmelden" }).click();
        await page.getByRole("button", { name: "Anmelden", exact: true }).waitFor();
        await page.reload();
        await page.getByRole("button", { name: "Anmelden", exact: true }).waitFor();
        assert.equal((await context.cookies()).length, 0);
        await context.close();
    });

    it("keeps appearance and columns when somebody signs out, and shows the next person their own start", { skip: colleague ? false : "the stack has only one such login" }, async () => {
        const { page, context } = await person(browser);
        await signIn(page, boss, { path: `/leads?filter=${encodeURIComponent('{"tier":"hot"}')}` });
        await page.locator("[data-lead]").first().waitFor();
        await page.getByRole("button", { name: "Spalten" }).click();
        await page.getByRole("menuitemcheckbox", { name: "Land" }).click();
        await page.keyboard.press("Escape");
        const account = page.getByRole("banner").locator('button[aria-haspopup="menu"]');
        await account.click();
        await page.getByRole("menuitemradio", { name: "Dunkel" }).click();
        await page.keyboard.press("Escape");
        await account.click();
        await page.getByRole("menuitem", { name: "Abmelden" }).click();
        await page.getByRole("button", { name: "Anmelden", exact: true }).waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.style.colorScheme), "dark");
        await fillSignIn(page, colleague);
        await page.waitForURL(/\/console\/?$/);
        await page.getByRole("link", { name: "Leads", exact: true }).click();
        await page.getByRole("columnheader", { name: "Land" }).waitFor();
        await page.getByRole("button", { name: "Temperatur", exact: true }).waitFor();
        await context.close();
    });

    it("refreshes an access token that is over and repeats the request", async () => {
        const { page } = desk;
        let broken = 0;
        await page.route("**/api/v1/tasks?**", (route) => {
            broken += 1;
            // The server itself refuses this one; the next goes through as it is.
            return broken === 1 ? route.continue({ headers: { ...route.request().headers(), authorization: "Bearer over" } }) : route.continue();
        });
        const refreshed = page.waitForResponse((answer) => answer.url().endsWith("/api/v1/auth/refresh"));
        await go(page, "/tasks");
        await page.getByRole("heading", { name: "Aufgaben", level: 1 }).waitFor();
        assert.equal((await refreshed).status(), 200);
        await settled(page);
        await page.unroute("**/api/v1/tasks?**");
        assert.ok(broken >= 2, "the request was repeated");
        assert.equal(await page.getByRole("button", { name: "Anmelden", exact: true }).count(), 0);
    });

    it("sends to the sign-in with a message when the session has ended, and back to the page afterwards", async () => {
        const { page, context } = await person(browser);
        await signIn(page, boss, { path: `/leads/${lead.id}/events` });
        await page.waitForURL(`**/leads/${lead.id}/events`);
        await settled(page);
        await context.clearCookies();
        await page.route("**/api/v1/leads/*/decisions**", (route) => route.continue({ headers: { ...route.request().headers(), authorization: "Bearer over" } }));
        await page.getByRole("tab", { name: "Entscheidungen" }).click();
        await notice(page, "Ihre Sitzung ist abgelaufen").waitFor();
        await page.unroute("**/api/v1/leads/*/decisions**");
        await fillSignIn(page, boss);
        await page.waitForURL(`**/leads/${lead.id}/decisions`);
        await context.close();
    });
});

describe("leads", () => {
    it("are found by their name, and the search stands in the address", async () => {
        const { page } = desk;
        await go(page, "/leads");
        await settled(page);
        await page.getByRole("searchbox", { name: "Name, E-Mail, Firma suchen" }).fill(lead.last_name);
        await page.locator(`[data-lead="${lead.id}"]`).waitFor();
        await page.waitForURL(/filter=.*q/);
        await page.reload();
        await page.locator(`[data-lead="${lead.id}"]`).waitFor();
        assert.equal(await page.getByRole("searchbox").inputValue(), lead.last_name);
        await page.locator(`[data-lead="${lead.id}"]`).getByRole("link").click();
        await page.getByRole("heading", { level: 1, name: lead.last_name }).waitFor();
    });

    it("are filtered by tier, and an empty list says what to do", async () => {
        const { page } = desk;
        await go(page, "/leads?filter=%7B%7D");
        await settled(page);
        await page.getByRole("button", { name: "Temperatur", exact: true }).click();
        await page.getByRole("menuitemradio", { name: "Kalt" }).click();
        await page.getByRole("button", { name: "Temperatur: Kalt" }).waitFor();
        await page.waitForURL(/tier/);
        await page.getByRole("searchbox").fill("gibtesganzbestimmtnicht");
        await page.getByText("Niemand passt dazu").waitFor();
        await page.locator("main").getByRole("button", { name: "Filter entfernen" }).first().click();
        await page.locator("[data-lead]").first().waitFor();
    });

    it("are listed whatever the address says, and the note about it is German and said once", async () => {
        const { page } = desk;
        for (const [address, name] of [["sort=company&order=ASC&filter={}&page=1&perPage=25", "Reihenfolge"], [`filter=${encodeURIComponent('{"tier":"kochend"}')}`, "Temperatur"]]) {
            await go(page, `/leads?${address}`);
            await page.locator("[data-lead]").first().waitFor();
            await page.getByRole("alert").filter({ hasText: `sie steht ohne: ${name}.` }).waitFor();
            assert.equal(await page.locator(".MuiSnackbar-root").count(), 0);
            // Nothing of it is kept.
            await go(page, "/tasks");
            await page.getByRole("link", { name: "Leads", exact: true }).click();
            await page.locator("[data-lead]").first().waitFor();
            assert.equal(await page.getByRole("alert").count(), 0);
        }
        // What the API itself refuses comes in German too, once, and with a way out.
        await go(page, `/leads?filter=${encodeURIComponent('{"intent":"gibtesnicht"}')}`);
        await settled(page);
        assert.equal(await page.locator(".MuiSnackbar-root").count(), 0);
        assert.equal(await page.getByText("The request breaks a rule").count(), 0);
        await page.locator("main").getByRole("button", { name: "Filter entfernen" }).first().click();
        await page.locator("[data-lead]").first().waitFor();
    });

    it("come back step by step, to the whole list", async () => {
        const { page } = desk;
        await go(page, "/tasks");
        await settled(page);
        await page.getByRole("link", { name: "Leads", exact: true }).click();
        await page.locator("[data-lead]").first().waitFor();
        await settled(page);
        const hint = () => page.locator("main header").first().innerText();
        const whole = await hint();
        await page.getByRole("button", { name: "Temperatur", exact: true }).click();
        await page.getByRole("menuitemradio", { name: "Sehr heiß" }).click();
        await page.getByRole("button", { name: "Temperatur: Sehr heiß" }).waitFor();
        await settled(page);
        assert.notEqual(await hint(), whole);
        await page.goBack();
        await page.getByRole("button", { name: "Temperatur", exact: true }).waitFor();
        await settled(page);
        assert.equal(await hint(), whole);
        await page.goForward();
        await page.getByRole("button", { name: "Temperatur: Sehr heiß" }).waitFor();
        // From a lead the way back leads to the list as it was.
        await page.locator("[data-lead]").first().getByRole("link").click();
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.locator("main").getByRole("link", { name: "Leads", exact: true }).click();
        await page.getByRole("button", { name: "Temperatur: Sehr heiß" }).waitFor();
    });

    it("are searched from two letters on, and with one nothing old stands under it", async () => {
        const { page } = desk;
        await go(page, "/leads");
        const search = page.getByRole("searchbox", { name: "Name, E-Mail, Firma suchen" });
        await search.fill(lead.last_name.toUpperCase());
        await page.waitForURL(/filter=.*q/);
        await search.fill(lead.last_name.slice(0, 2).toLowerCase());
        await page.waitForURL((url) => JSON.parse(url.searchParams.get("filter") ?? "{}").q === lead.last_name.slice(0, 2).toLowerCase());
        await page.locator(`[data-lead="${lead.id}"]`).waitFor();
        await search.fill(lead.last_name.slice(0, 1));
        await page.getByText("noch ein Zeichen").waitFor();
        await page.waitForURL((url) => !url.searchParams.has("filter"));
        await search.fill("");
    });

    it("are said to be from before when the connection breaks, and nothing stands under a search that was not answered", async () => {
        const { page, context } = desk;
        await go(page, "/leads");
        await page.locator("[data-lead]").first().waitFor();
        await settled(page);
        await context.setOffline(true);
        await page.getByText(/Keine Verbindung – gezeigt wird der Stand von \d{2}:\d{2}/).waitFor();
        assert.ok((await page.locator("[data-lead]").count()) > 0, "what was read stays");
        await page.getByRole("searchbox").fill(lead.last_name);
        await page.getByText("Ohne Verbindung keine Antwort").waitFor();
        assert.equal(await page.locator("[data-lead]").count(), 0);
        await context.setOffline(false);
        await page.locator(`[data-lead="${lead.id}"]`).waitFor();
        assert.equal(await page.getByText("Keine Verbindung").count(), 0);
    });

    it("go into a file with the columns that are shown", async () => {
        const { page } = desk;
        await go(page, "/leads?filter=%7B%7D");
        await settled(page);
        await page.getByRole("button", { name: "Spalten" }).click();
        await page.getByRole("menuitemcheckbox", { name: "E-Mail" }).click();
        await page.keyboard.press("Escape");
        await page.getByRole("columnheader", { name: "E-Mail" }).waitFor();
        const saved = page.waitForEvent("download");
        await page.getByRole("button", { name: "CSV" }).click();
        const text = (await (await saved).createReadStream().then((stream) => stream.toArray())).map(String).join("");
        assert.match(text.split("\r\n")[0], /^\ufeff?Name;Temperatur;Punkte;.*E-Mail/);
        assert.ok(text.includes(lead.email));
    });

    it("of the pool say what each lacks", async () => {
        const { page } = desk;
        const [first] = (await api.get("/api/v1/leads/unrouted?sort=-total_score&limit=1")).data;
        assert.ok(first, "the demo tenant has a lead that is not routed");
        await go(page, "/leads?filter=%7B%7D");
        await settled(page);
        await page.getByRole("button", { name: "Im Pool", exact: true }).click();
        await page.getByRole("columnheader", { name: "Was noch fehlt" }).waitFor();
        await page.locator(`[data-lead="${first.id}"]`).waitFor();
        await page.waitForURL(/pool/);
        await page.reload();
        await page.locator(`[data-lead="${first.id}"]`).waitFor();
    });

    it("show why: the decision as a sentence, the points with their rules", async () => {
        const { page } = desk;
        await go(page, `/leads/${lead.id}/decisions`);
        const decision = page.locator('[data-decision="routed"]').first();
        await decision.getByText("Automatisch zugeordnet:").waitFor();
        await decision.getByRole("button", { name: "Alle Zahlen dieser Entscheidung" }).click();
        await decision.getByRole("columnheader", { name: "Urteil" }).waitFor();
        await page.getByRole("tab", { name: "Übersicht" }).click();
        await page.locator("[data-score]").waitFor();
        const breakdown = await api.get(`/api/v1/scoring/leads/${lead.id}/breakdown`);
        assert.equal(await page.locator("[data-score]").innerText(), String(breakdown.total_score));
    });

    it("show the decision of then beside where they stand now, and what evaluating them said", async () => {
        const { page } = desk;
        const waiting = (await api.get("/api/v1/leads/unrouted?sort=-total_score&limit=25")).data;
        for (const one of waiting) {
            const { data } = await api.get(`/api/v1/leads/${one.id}/decisions`);
            const then = data.find(({ id }) => id);
            await go(page, `/leads/${one.id}`);
            await settled(page);
            const details = await api.get(`/api/v1/leads/${one.id}`);
            const changed = then && details.total_score !== then.inputs.total_score;
            const said = page.locator("[data-since]");
            if (changed) {
                const points = details.total_score - then.inputs.total_score;
                assert.equal(Number(await said.getAttribute("data-since")), points);
                await said.getByText("Entscheidung vom").waitFor();
                await said.getByText(new RegExp(`^seither .?${Math.abs(points)} Punkte?$`)).waitFor();
            }
            const answered = page.waitForResponse((answer) => answer.url().includes("/routing/evaluate/"));
            await page.getByRole("button", { name: "Jetzt prüfen" }).click();
            const verdict = await (await answered).json();
            await notice(page, "Geprüft:").waitFor();
            await settled(page);
            if (verdict.id) continue;
            const now = page.locator("[data-now]").first();
            await now.getByText("Stand jetzt").waitFor();
            assert.ok((await now.innerText()).includes(verdict.explanation.de), "the sentence is that of the evaluation");
            await shot(page, "lead-now-and-then");
            return;
        }
        assert.fail("the demo tenant has a lead that still waits after it was evaluated");
    });

    it("are recalculated on demand", async () => {
        const { page } = desk;
        await go(page, `/leads/${lead.id}`);
        const answered = page.waitForResponse((answer) => answer.url().includes("/recalculate"));
        await page.getByRole("button", { name: "Neu berechnen" }).click();
        assert.equal((await answered).status(), 200);
        await notice(page, "Neu berechnet").waitFor();
    });

    it("show the API's complaint at the field", async () => {
        const { page } = desk;
        await go(page, `/leads/${lead.id}`);
        await page.getByRole("button", { name: "Von Hand zuordnen" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByRole("combobox", { name: "Pipeline" }).click();
        await page.getByRole("option", { name: "Pool" }).click();
        await dialog.getByRole("combobox", { name: "Zuständig" }).click();
        await page.getByRole("option", { name: "Niemand" }).click();
        await dialog.getByRole("button", { name: "Von Hand zuordnen" }).click();
        await dialog.getByText("Schreiben Sie, warum.").waitFor();
        assert.equal(await dialog.getByRole("textbox", { name: "Grund" }).getAttribute("aria-invalid"), "true");
        await page.keyboard.press("Escape");
    });

    it("show both what is saved now and what one wrote when two people changed the same", { skip: colleague ? false : "the stack has only one login that may change leads" }, async () => {
        const { page } = desk;
        const one = await api.post("/api/v1/leads", { first_name: "Konrad", last_name: `Konflikt${stamp}`, email: `konflikt-${stamp}@handy.example`, job_title: "Laborant" });
        await go(page, `/leads/${one.id}`);
        await page.getByRole("button", { name: "Bearbeiten" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByRole("textbox", { name: "Position" }).fill("Laborchef");
        const theirs = await apiOf(colleague);
        const seen = await theirs.get(`/api/v1/leads/${one.id}`);
        await theirs.patch(`/api/v1/leads/${one.id}`, { job_title: "Leiter Labor", company: "Muster AG" }, { "if-match": `"${seen.version}"` });
        await dialog.getByRole("button", { name: "Speichern" }).click();
        await dialog.getByText("Jetzt gespeichert: Leiter Labor").waitFor();
        assert.equal(await dialog.getByRole("textbox", { name: "Position" }).inputValue(), "Laborchef");
        assert.equal(await dialog.getByRole("textbox", { name: "Firma" }).inputValue(), "Muster AG", "what only they changed is taken over");
        await shot(page, "conflict");
        assert.deepEqual(await barriers(page), []);
        await dialog.getByRole("button", { name: "Übernehmen" }).click();
        await dialog.getByRole("textbox", { name: "Telefon" }).fill(`+49 30 ${digits}`);
        await dialog.getByRole("button", { name: "Speichern" }).click();
        await notice(page, "gespeichert").waitFor();
        const now = await api.get(`/api/v1/leads/${one.id}`);
        assert.deepEqual([now.job_title, now.company, now.phone], ["Leiter Labor", "Muster AG", `+4930${digits}`]);
    });

    it("ask before what is written is lost, and keep it over a reload and an ended session", async () => {
        const { page, context } = await person(browser);
        await signIn(page, boss, { path: `/leads/${lead.id}` });
        const edit = async () => {
            await page.getByRole("button", { name: "Bearbeiten", exact: true }).click();
            return page.getByRole("dialog", { name: /bearbeiten/i });
        };
        let dialog = await edit();
        const words = `Nicht gespeichert ${stamp}`;
        await dialog.getByRole("textbox", { name: "Kampagne" }).fill(words);
        await page.keyboard.press("Escape");
        await page.getByRole("alertdialog").getByRole("button", { name: "Weiter bearbeiten" }).click();
        assert.equal(await dialog.getByRole("textbox", { name: "Kampagne" }).inputValue(), words);
        // The session ends while it is being saved.
        await context.clearCookies();
        await page.route("**/api/v1/leads/**", (route) => route.continue({ headers: { ...route.request().headers(), authorization: "Bearer over" } }));
        await dialog.getByRole("button", { name: "Speichern" }).click();
        await notice(page, "Ihre Sitzung ist abgelaufen").waitFor();
        await page.unroute("**/api/v1/leads/**");
        await fillSignIn(page, boss);
        await page.waitForURL(`**/leads/${lead.id}`);
        await page.reload();
        dialog = await edit();
        await dialog.getByText(/^Wieder da: was Sie .* nicht gespeichert haben\.$/).waitFor();
        assert.equal(await dialog.getByRole("textbox", { name: "Kampagne" }).inputValue(), words);
        await page.keyboard.press("Escape");
        await page.getByRole("alertdialog").getByRole("button", { name: "Verwerfen" }).click();
        await page.getByRole("alertdialog").waitFor({ state: "detached" });
        await dialog.waitFor({ state: "detached" });
        dialog = await edit();
        assert.notEqual(await dialog.getByRole("textbox", { name: "Kampagne" }).inputValue(), words);
        await context.close();
    });

    it("are found from everywhere by keyboard", async () => {
        const { page } = desk;
        await go(page, "/tasks");
        await settled(page);
        await page.keyboard.press("Control+k");
        await page.getByRole("combobox", { name: "Personen, Deals und Seiten suchen" }).fill(lead.last_name);
        await page.getByRole("option", { name: lead.last_name }).first().waitFor();
        await page.keyboard.press("Enter");
        await page.waitForURL(/\/leads\//);
    });
});

describe("the finder", () => {
    it("opens with Enter what is typed, not what was found for the letters before", async () => {
        const { page } = desk;
        const other = (await api.get("/api/v1/leads?status=routed&sort=-total_score&limit=50")).data.find((one) => one.last_name && one.last_name.length > 3 && one.last_name.slice(0, 3) !== lead.last_name.slice(0, 3));
        await go(page, "/tasks");
        await settled(page);
        await page.keyboard.press("Control+k");
        const box = page.getByRole("combobox", { name: "Personen, Deals und Seiten suchen" });
        await box.fill(lead.last_name);
        await page.getByRole("option", { name: lead.last_name }).first().waitFor();
        // A line so slow that Enter is there long before the answer.
        await page.route("**/api/v1/leads?q=*", async (route) => {
            await new Promise((done) => setTimeout(done, 700));
            await route.continue();
        });
        await page.keyboard.press("Control+a");
        await page.keyboard.type(other.last_name, { delay: 60 });
        await page.keyboard.press("Enter");
        await page.waitForURL(/\/leads\//);
        await page.unroute("**/api/v1/leads?q=*");
        await page.getByRole("heading", { level: 1, name: other.last_name }).waitFor();
    });

    it("has a name, and a landmark stands around the navigation", async () => {
        const { page } = desk;
        await page.keyboard.press("Control+k");
        await page.getByRole("dialog", { name: "Personen, Deals und Seiten suchen" }).waitFor();
        assert.deepEqual(await barriers(page), []);
        await page.keyboard.press("Escape");
    });
});

describe("leads on a phone", () => {
    const words = `Handy${stamp}`;
    const tag = `messe-${stamp}`;
    const pair = [];
    let page;

    before(async () => {
        for (const name of ["Anna", "Berta"]) pair.push(await api.post("/api/v1/leads", { first_name: name, last_name: words, email: `${name.toLowerCase()}-${stamp}@handy.example` }));
        // The desk's cookie serves this window too.
        page = await desk.context.newPage();
        page.setDefaultTimeout(15_000);
        page.on("pageerror", (error) => desk.complaints.push(String(error)));
        await page.setViewportSize({ width: 390, height: 844 });
        await go(page, `/leads?filter=${encodeURIComponent(JSON.stringify({ q: words }))}`);
        await page.locator(`[data-lead="${pair[0].id}"]`).waitFor();
        await settled(page);
    });
    after(async () => {
        await page?.close();
    });

    it("are chosen and changed together", async () => {
        await page.getByRole("button", { name: "Auswählen", exact: true }).click();
        await page.getByRole("checkbox", { name: `${words} auswählen` }).first().check();
        const bar = page.getByRole("region", { name: "Ausgewählte Leads" });
        await bar.getByText("1 ausgewählt").waitFor();
        await page.getByRole("checkbox", { name: "Alle auf dieser Seite auswählen" }).check();
        await bar.getByText("2 ausgewählt").waitFor();
        await shot(page, "leads-chosen-390-light");
        assert.deepEqual(await barriers(page), []);
        await bar.getByRole("button", { name: "Schlagwort hinzufügen" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByRole("textbox", { name: "Schlagwort" }).fill(tag);
        await dialog.getByRole("button", { name: "Schlagwort hinzufügen" }).click();
        await notice(page, "2 Leads geändert").waitFor();
        await bar.waitFor({ state: "detached" });
        for (const { id } of pair) assert.deepEqual((await api.get(`/api/v1/leads/${id}`)).tags, [tag]);
        await page.getByRole("button", { name: "Fertig", exact: true }).click();
        await page.locator(`[data-lead="${pair[0].id}"][href]`).waitFor();
    });

    it("show the facts that were chosen, also after a reload and in the file", async () => {
        const first = page.locator(`[data-lead="${pair[0].id}"]`);
        assert.equal(await first.getByText(tag).count(), 0);
        await page.getByRole("button", { name: "Angaben", exact: true }).click();
        await page.getByRole("menuitemcheckbox", { name: "Schlagwörter" }).click();
        await page.keyboard.press("Escape");
        await first.getByText(tag).waitFor();
        await page.reload();
        await first.getByText(tag).waitFor();
        await shot(page, "leads-facts-390-light");
        assert.deepEqual(await barriers(page), []);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, "the page is wider than the window");
        const saved = page.waitForEvent("download");
        await page.getByRole("button", { name: "CSV" }).click();
        const text = (await (await saved).createReadStream().then((stream) => stream.toArray())).map(String).join("");
        const lines = text.replace(/^\ufeff/, "").trimEnd().split("\r\n");
        assert.equal(lines[0], "Name;Temperatur;Punkte;Zuletzt aktiv;Schlagwörter");
        assert.equal(lines.length, 3);
        assert.ok(lines.slice(1).every((line) => line.endsWith(`;${tag}`)), text);
    });

    it("are sorted without headings to press", async () => {
        const order = () => page.locator("[data-lead]").evaluateAll((cards) => cards.map((one) => one.dataset.lead));
        for (const [words, expected] of [["Älteste zuerst", pair], ["Neueste zuerst", [...pair].reverse()]]) {
            await page.getByRole("button", { name: "Sortiert nach:" }).click();
            const answered = page.waitForResponse((answer) => answer.url().includes("/api/v1/leads?") && answer.url().includes("created_at"));
            await page.getByRole("menuitemradio", { name: words }).click();
            await answered;
            await page.getByRole("button", { name: `Sortiert nach: ${words}` }).waitFor();
            await settled(page);
            assert.deepEqual(await order(), expected.map((one) => one.id));
        }
        assert.match(page.url(), /sort=created_at/);
    });

    it("open at the top of their page, which has their name", async () => {
        await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
        await page.locator(`[data-lead="${pair[1].id}"]`).click();
        await page.getByRole("heading", { level: 1, name: words }).waitFor();
        assert.equal(await page.evaluate(() => window.scrollY), 0);
        assert.equal(await page.title(), `Berta ${words} · Lotse`);
    });
});

describe("the board", () => {
    it("moves a deal to another column by mouse, and it stays there", async () => {
        const { page } = desk;
        const { above } = await twoDeals("Maus");
        await openBoard(page);
        const answered = moveAnswered(page, above);
        await drag(page, above, pipeline.stages[1]);
        assert.equal((await answered).status(), 200);
        await column(page, pipeline.stages[1]).locator(`[data-deal="${above.id}"]`).waitFor();
        await page.reload();
        await column(page, pipeline.stages[1]).locator(`[data-deal="${above.id}"]`).waitFor();
        assert.equal((await api.get(`/api/v1/deals/${above.id}`)).stage_id, pipeline.stages[1].id);
    });

    it("moves a deal within its column and to the next one by keyboard alone", async () => {
        const { page } = desk;
        const { below, above } = await twoDeals("Tastatur");
        await openBoard(page);
        assert.deepEqual((await order(page, pipeline.stages[0])).slice(0, 2), [above.id, below.id]);
        let answered = moveAnswered(page, above);
        await carry(page, above, "ArrowDown");
        assert.equal((await answered).status(), 200);
        await settled(page);
        assert.deepEqual((await order(page, pipeline.stages[0])).slice(0, 2), [below.id, above.id]);
        answered = moveAnswered(page, below);
        await carry(page, below, "ArrowRight");
        assert.equal((await answered).status(), 200);
        assert.equal((await api.get(`/api/v1/deals/${below.id}`)).stage_id, pipeline.stages[1].id);
    });

    it("takes a deal from the first column to the last, by mouse, at 1440 px", async () => {
        const { page } = desk;
        const { above } = await twoDeals("Ganz rechts");
        const last = pipeline.stages.at(-1);
        await page.setViewportSize({ width: 1440, height: 860 });
        await openBoard(page);
        const board = page.getByRole("region", { name: "Board", exact: true });
        const ends = await board.evaluate((element) => {
            const columns = [...element.querySelectorAll("[data-stage]")];
            return { scroll: element.scrollWidth, column: columns.at(-1).getBoundingClientRect().right - element.getBoundingClientRect().left + element.scrollLeft };
        });
        assert.ok(ends.scroll <= Math.max(Math.ceil(ends.column), await board.evaluate((element) => element.clientWidth)), `it scrolls to ${ends.scroll}, and the last column ends at ${ends.column}`);
        const [from, frame] = [await card(page, above).boundingBox(), await board.boundingBox()];
        await page.mouse.move(from.x + 40, from.y + 20);
        await page.mouse.down();
        await page.mouse.move(from.x + 60, from.y + 30, { steps: 4 });
        // At the board's right edge it scrolls, as long as the hand is not quite still, to its end.
        const edge = frame.x + frame.width - 12 - (from.width / 2 - 40);
        const left = () => board.evaluate((element) => element.scrollWidth - element.clientWidth - element.scrollLeft);
        for (let at = 0; at < 200 && (await left()) > 1; at += 1) await page.mouse.move(edge - (at % 2), from.y + 30, { steps: 4 });
        assert.ok((await left()) <= 1, "the board scrolls to its end");
        const to = await column(page, last).boundingBox();
        await page.mouse.move(to.x + 60, to.y + 110, { steps: 8 });
        await page.waitForTimeout(250);
        await page.mouse.up();
        if (last.is_lost) {
            const why = page.getByRole("dialog");
            await why.getByRole("textbox", { name: "Grund" }).fill("Anderer Anbieter");
            const answered = moveAnswered(page, above);
            await why.getByRole("button", { name: "Verloren" }).click();
            assert.equal((await answered).status(), 200);
        }
        await column(page, last).locator(`[data-deal="${above.id}"]`).waitFor();
        await settled(page);
        assert.equal((await api.get(`/api/v1/deals/${above.id}`)).stage_id, last.id);
        await page.setViewportSize({ width: 1280, height: 860 });
    });

    it("carries a deal through every column by keyboard alone, also to those out of sight", async () => {
        const { page } = desk;
        const { above } = await twoDeals("Weit");
        const to = pipeline.stages.findLast((stage) => !stage.is_lost);
        await page.setViewportSize({ width: 1440, height: 860 });
        await openBoard(page);
        await card(page, above).focus();
        await page.keyboard.press("Space");
        await page.waitForTimeout(400);
        for (const stage of pipeline.stages.slice(1, pipeline.stages.indexOf(to) + 1)) {
            await page.keyboard.press("ArrowRight");
            await page.waitForTimeout(400);
            const [frame, box] = [await page.getByRole("region", { name: "Board", exact: true }).boundingBox(), await column(page, stage).boundingBox()];
            assert.ok(box.x >= frame.x - 1 && box.x + box.width <= frame.x + frame.width + 1, `${stage.name} is in sight`);
        }
        const answered = moveAnswered(page, above);
        await page.keyboard.press("Space");
        assert.equal((await answered).status(), 200);
        assert.equal((await api.get(`/api/v1/deals/${above.id}`)).stage_id, to.id);
        await page.setViewportSize({ width: 1280, height: 860 });
    });

    it("puts a deal back and says why when a colleague was faster", { skip: colleague ? false : "the stack has only one login that may move deals" }, async () => {
        const { page } = desk;
        const { above } = await twoDeals("Konflikt");
        await openBoard(page);
        const other = await apiOf(colleague);
        await other.post(`/api/v1/deals/${above.id}/move`, { stage_id: pipeline.stages[2].id, index: 0 });
        const answered = moveAnswered(page, above);
        await carry(page, above, "ArrowRight");
        assert.equal((await answered).status(), 412);
        await notice(page, "Jemand hat diesen Deal inzwischen geändert").waitFor();
        await column(page, pipeline.stages[2]).locator(`[data-deal="${above.id}"]`).waitFor();
    });

    it("lets no deal be moved without a connection", async () => {
        const { page, context } = desk;
        const { above } = await twoDeals("Funkloch");
        await openBoard(page);
        await context.setOffline(true);
        await page.getByText(/Keine Verbindung – gezeigt wird der Stand von/).waitFor();
        await drag(page, above, pipeline.stages[1]);
        assert.equal(await column(page, pipeline.stages[0]).locator(`[data-deal="${above.id}"]`).count(), 1);
        await context.setOffline(false);
        await page.getByText(/Keine Verbindung/).waitFor({ state: "detached" });
        await settled(page);
        await carry(page, above, "ArrowRight");
        await column(page, pipeline.stages[1]).locator(`[data-deal="${above.id}"]`).waitFor();
    });

    it("moves a deal without dragging: by the stage in its panel", async () => {
        const { page } = desk;
        const { above } = await twoDeals("Auswahl");
        await go(page, `/board/${pipeline.id}?deal=${above.id}`);
        const panel = page.getByRole("dialog", { name: above.name });
        await panel.getByRole("combobox", { name: "Stufe" }).click();
        const answered = moveAnswered(page, above);
        await page.getByRole("option").nth(1).click();
        assert.equal((await answered).status(), 200);
        await column(page, pipeline.stages[1]).locator(`[data-deal="${above.id}"]`).waitFor();
        assert.equal((await api.get(`/api/v1/deals/${above.id}`)).stage_id, pipeline.stages[1].id);
        await page.keyboard.press("Escape");
        await panel.waitFor({ state: "detached" });
    });

    it("is narrowed by words, and a deal dropped there keeps its neighbours on the whole board", async () => {
        const { page } = desk;
        const { below, above } = await twoDeals("Gesucht");
        const others = await twoDeals("Daneben");
        await openBoard(page);
        const top = [others.above.id, others.below.id, above.id, below.id];
        assert.deepEqual((await order(page, pipeline.stages[0])).slice(0, 4), top);
        await page.getByRole("searchbox", { name: "Deal, Person, Firma suchen" }).fill(`${stamp} gesucht`);
        await card(page, others.above).waitFor({ state: "detached" });
        assert.deepEqual(await order(page, pipeline.stages[0]), [above.id, below.id]);
        await column(page, pipeline.stages[0]).getByText(/^2 von \d+$/).waitFor();
        const answered = moveAnswered(page, above);
        await carry(page, above, "ArrowDown");
        assert.equal((await answered).status(), 200);
        await shot(page, "board-narrowed");
        await page.reload();
        await card(page, below).waitFor();
        assert.deepEqual(await order(page, pipeline.stages[0]), [below.id, above.id], "what it is narrowed to stays in the address");
        await page.getByRole("button", { name: "Suche leeren" }).click();
        await card(page, others.above).waitFor();
        assert.deepEqual((await order(page, pipeline.stages[0])).slice(0, 4), [others.above.id, others.below.id, below.id, above.id]);
        assert.ok(!new URL(page.url()).searchParams.has("q"));
    });

    it("is narrowed to an owner's deals", async () => {
        const { page } = desk;
        const [owner, other] = (await api.get("/api/v1/team?limit=100")).data.filter((one) => one.active);
        const deal = (whose) => api.post("/api/v1/deals", { name: `Von ${whose.name} ${stamp}`, lead_id: lead.id, pipeline_id: pipeline.id, owner_id: whose.id });
        const [above, below] = [await deal(owner), await deal(other)];
        await openBoard(page);
        await page.getByRole("search").getByRole("button", { name: "Zuständig" }).click();
        await page.getByRole("menuitemradio", { name: owner.name }).click();
        await card(page, below).waitFor({ state: "detached" });
        await card(page, above).waitFor();
        assert.equal(new URL(page.url()).searchParams.get("owner"), owner.id);
    });

    it("opens a deal by hand, named after its lead until somebody names it", async () => {
        const { page } = desk;
        await openBoard(page);
        await page.getByRole("button", { name: "Neuer Deal" }).click();
        const dialog = page.getByRole("dialog", { name: "Neuer Deal" });
        await dialog.getByRole("button", { name: "Deal eröffnen" }).click();
        await dialog.getByText("Bitte ausfüllen.").first().waitFor();
        await dialog.getByRole("combobox", { name: "Lead" }).fill(lead.last_name);
        await page.getByRole("option", { name: lead.last_name }).first().click();
        const name = dialog.getByRole("textbox", { name: "Name" });
        assert.ok((await name.inputValue()).includes(lead.last_name));
        // Another lead, another name and owner.
        const another = (await api.get("/api/v1/leads?status=routed&sort=-total_score&limit=50")).data.find((one) => one.last_name !== lead.last_name && one.owner_id);
        await dialog.getByRole("combobox", { name: "Lead" }).fill("");
        await dialog.getByRole("combobox", { name: "Lead" }).fill(another.last_name);
        await page.getByRole("option", { name: another.last_name }).first().click();
        assert.ok((await name.inputValue()).includes(another.last_name));
        await name.fill(`Von Hand ${stamp}`);
        await dialog.getByRole("spinbutton", { name: "Wert in EUR" }).fill("1234.5");
        await dialog.getByRole("button", { name: "Deal eröffnen" }).click();
        await page.getByRole("dialog", { name: `Von Hand ${stamp}` }).waitFor();
        const id = new URL(page.url()).searchParams.get("deal");
        const made = await api.get(`/api/v1/deals/${id}`);
        assert.deepEqual([made.name, made.value_minor, made.pipeline_id], [`Von Hand ${stamp}`, 123450, pipeline.id]);
        assert.deepEqual([made.lead_id, made.owner_id], [another.id, another.owner_id], "the lead's owner has its deal too");
        await page.keyboard.press("Escape");
        await card(page, made).waitFor();
    });

    it("asks why a deal was lost, and shows the reason in its history", async () => {
        const { page } = desk;
        const { above } = await twoDeals("Verlust");
        await openBoard(page);
        await card(page, above).press("Enter");
        const panel = page.getByRole("dialog", { name: above.name });
        await panel.getByRole("button", { name: "Verloren" }).click();
        const why = page.getByRole("dialog", { name: "Verloren" });
        await why.getByRole("button", { name: "Verloren" }).click();
        await why.getByText("Bitte ausfüllen.").waitFor();
        await why.getByRole("textbox", { name: "Grund" }).fill("Budget gestrichen");
        await why.getByRole("button", { name: "Verloren" }).click();
        await notice(page, "Deal als verloren abgeschlossen").waitFor();
        await panel.getByText("Budget gestrichen").first().waitFor();
        assert.equal((await api.get(`/api/v1/deals/${above.id}`)).status, "lost");
    });
});

describe("tasks", () => {
    it("are made, and ticked off", async () => {
        const { page } = desk;
        await go(page, "/tasks");
        await page.getByRole("button", { name: "Neue Aufgabe" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByRole("button", { name: "Speichern" }).click();
        await dialog.getByText("Bitte ausfüllen.").waitFor();
        await dialog.getByRole("textbox", { name: "Titel" }).fill(`Zurückrufen ${stamp}`);
        await dialog.getByRole("button", { name: "Speichern" }).click();
        const box = page.getByRole("checkbox", { name: `Erledigen: Zurückrufen ${stamp}` });
        await box.click();
        await notice(page, `Erledigt: Zurückrufen ${stamp}`).waitFor();
        await box.waitFor({ state: "detached" });
    });
});

describe("for everybody", () => {
    it("speaks the browser's language at first and switches without a reload", async () => {
        const { page, context } = await person(browser, { locale: "en-GB" });
        await signIn(page, boss, { lang: "en", path: `/leads/${lead.id}/decisions` });
        await page.getByText("Routed automatically:").first().waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
        await page.locator('button[aria-haspopup="menu"]').last().click();
        await page.getByRole("menuitemradio", { name: "Deutsch" }).click();
        await page.getByText("Automatisch zugeordnet:").first().waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
        await context.close();
    });

    it("takes language and times from the profile where the browser speaks neither language and is elsewhere", async () => {
        const { tenant, member } = await api.get("/api/v1/auth/me");
        const { page, context } = await person(browser, { locale: "pl-PL", timezoneId: "America/New_York" });
        await go(page, "/");
        await page.getByLabel("E-mail address").fill(boss.email);
        await page.getByLabel("Password").fill(boss.password);
        await page.getByRole("button", { name: "Sign in", exact: true }).click();
        const german = (member?.language ?? tenant.language) === "de";
        await page.getByRole("navigation", { name: german ? "Hauptnavigation" : "Main navigation" }).waitFor();
        await page.locator('button[aria-haspopup="menu"]').last().click();
        await page.getByText(`${german ? "Uhrzeiten wie in" : "Times as in"} ${member?.zone ?? tenant.zone}`).waitFor();
        // The other language, once chosen, stays.
        await page.getByRole("menuitemradio", { name: german ? "English" : "Deutsch" }).click();
        await page.reload();
        await page.getByRole("navigation", { name: german ? "Main navigation" : "Hauptnavigation" }).waitFor();
        await context.close();
    });

    it("offers a reader nothing that changes anything", { skip: login("viewer") ? false : "the stack has no login of a viewer" }, async () => {
        const { page, context } = await person(browser);
        await signIn(page, login("viewer"), { path: `/leads/${lead.id}` });
        await page.getByRole("heading", { level: 1, name: lead.last_name }).waitFor();
        await settled(page);
        for (const name of ["Bearbeiten", "Von Hand zuordnen", "Neu berechnen", "Jetzt prüfen"]) assert.equal(await page.getByRole("button", { name }).count(), 0, name);
        await go(page, "/tasks");
        await settled(page);
        assert.equal(await page.getByRole("button", { name: "Neue Aufgabe" }).count(), 0);
        for (const path of [`/board/${pipeline.id}`, `/leads/${lead.id}/deals`]) {
            await go(page, path);
            await settled(page);
            assert.equal(await page.getByRole("button", { name: "Neuer Deal" }).count(), 0, path);
        }
        await context.close();
    });

    it("loads the page anew at the address asked for when a release has replaced a part of it, and says so without a connection", async () => {
        const { context } = desk;
        const page = await context.newPage();
        await go(page, "/team");
        await page.getByRole("heading", { name: "Team", level: 1 }).waitFor();
        await settled(page);
        // As after a release: the file that this page names is gone, and the new page names another. A load shows that it came.
        let gone = 0;
        let loads = 0;
        page.on("load", () => (loads += 1));
        await page.route("**/assets/page-*.js", (route) => (loads === 0 && ++gone ? route.fulfill({ status: 404, body: "gone" }) : route.continue()));
        await page.getByRole("link", { name: "Aufgaben", exact: true }).click();
        await page.getByRole("heading", { name: "Aufgaben", level: 1 }).waitFor();
        assert.ok(gone > 0 && loads === 1, `${gone} asked in vain, ${loads} loads`);
        assert.match(page.url(), /\/tasks$/);
        await settled(page);
        await context.setOffline(true);
        await page.getByRole("link", { name: "Board", exact: true }).click();
        await page.getByText("Dieser Teil ließ sich nicht laden").waitFor();
        await context.setOffline(false);
        await page.getByRole("button", { name: "Noch einmal versuchen" }).click();
        await page.locator("[data-stage]").first().waitFor();
        await page.close();
    });

    it("shows the list of leads within a second", async () => {
        const { page } = desk;
        // Each time from a page that has loaded anew; the fastest counts, for what else the machine does is not the console's.
        const took = [];
        do {
            await go(page, "/tasks");
            await settled(page);
            const started = Date.now();
            await page.getByRole("link", { name: "Leads", exact: true }).click();
            await page.locator("[data-lead]").first().waitFor();
            took.push(Date.now() - started);
        } while (took.at(-1) > 1000 && took.length < 5);
        assert.ok(took.at(-1) <= 1000, `it took ${took.join(", ")} ms`);
    });

    const places = () => ({
        overview: "/",
        leads: "/leads?filter=%7B%7D",
        pool: "/leads?filter=%7B%22pool%22%3Atrue%7D",
        lead: `/leads/${lead.id}`,
        scores: `/leads/${lead.id}/scores`,
        events: `/leads/${lead.id}/events`,
        decisions: `/leads/${lead.id}/decisions`,
        deals: `/leads/${lead.id}/deals`,
        board: `/board/${lead.pipeline_id}`,
        deal: `/board/${lead.pipeline_id}?deal=${lead.deal_id}`,
        tasks: "/tasks?who=all",
        team: "/team",
    });
    for (const [width, height] of [[1280, 860], [390, 844]]) {
        for (const colorScheme of ["light", "dark"]) {
            it(`has no barrier and no sideways scrolling on any page at ${width} px, ${colorScheme}`, async () => {
                const { page, context, complaints } = await person(browser, { width, height, colorScheme });
                const found = [];
                const look = async (name) => {
                    await settled(page);
                    await shot(page, `${name}-${width}-${colorScheme}`);
                    found.push(...(await barriers(page)).map((text) => `${name}: ${text}`));
                    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
                    if (over > 0) found.push(`${name}: ${over} px wider than the window`);
                };
                await go(page, "/");
                await page.getByRole("button", { name: "Anmelden", exact: true }).waitFor();
                await look("sign-in");
                await fillSignIn(page, boss);
                for (const [name, path] of Object.entries(places())) {
                    await go(page, path);
                    await page.locator("main").waitFor();
                    await look(name);
                }
                await context.close();
                assert.deepEqual(found, []);
                assert.deepEqual(complaints, [], "the page complained in the browser's console");
            });
        }
    }

    it("jumps nowhere while a page comes in on a phone, however late the answers are", async () => {
        const page = await desk.context.newPage();
        page.setDefaultTimeout(15_000);
        await page.setViewportSize({ width: 390, height: 844 });
        await page.addInitScript(() => {
            globalThis.shifted = { sum: 0, what: [] };
            const named = ({ node, previousRect: from, currentRect: to }) => `${(node?.outerHTML ?? "what is gone").slice(0, 90)}… ${from.y}+${from.height} → ${to.y}+${to.height}`;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries().filter((one) => !one.hadRecentInput)) {
                    globalThis.shifted.sum += entry.value;
                    globalThis.shifted.what.push(`${entry.value.toFixed(3)} ${entry.sources.map(named).join(" | ")}`);
                }
            }).observe({ type: "layout-shift", buffered: true });
        });
        // Each answer takes another time, so that parts of a page come one after the other.
        await page.route("**/api/v1/**", async (route) => {
            await new Promise((done) => setTimeout(done, 100 + ((route.request().url().length * 37) % 300)));
            await route.continue();
        });
        const found = [];
        for (const [name, path] of Object.entries(places())) {
            await go(page, path);
            await page.locator("main").waitFor();
            await settled(page);
            const { sum, what } = await page.evaluate(() => globalThis.shifted);
            if (sum > 0.1) found.push(`${name}: ${sum.toFixed(3)}, of it ${what.join("; ")}`);
        }
        await page.close();
        assert.deepEqual(found, []);
    });

    it("the desk's page has complained about nothing", () => {
        assert.deepEqual(desk.complaints, []);
    });
});
