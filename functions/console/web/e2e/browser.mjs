// A real Chromium, a person in front of it, and the API beside it.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const status = JSON.parse(readFileSync(process.env.LOTSE_STATUS, "utf8"));
const base = status.console_url.replace(/\/$/, "");
const shots = process.env.LOTSE_SHOTS;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const login = (...roles) => roles.map((role) => status.logins.find((one) => one.role === role)).find(Boolean);

function executable() {
    const candidates = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    const found = candidates.find((path) => path && existsSync(path));
    if (!found) throw new Error("There is no Chromium. Install it (Debian: apt-get install chromium) or set CHROMIUM to its path.");
    return found;
}

export const launch = () => chromium.launch({ executablePath: executable(), args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"] });

/** A person's own browser window: own cookies, own language. What the page complains about is kept. */
export async function person(browser, { locale = "de-DE", width = 1280, height = 860, colorScheme = "light", timezoneId = "Europe/Berlin" } = {}) {
    const context = await browser.newContext({ locale, colorScheme, viewport: { width, height }, timezoneId, reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
        // A refused request is an answer that the tests cause on purpose; everything else is a fault of the page.
        if (message.type() === "error" && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
    });
    return { context, page, complaints };
}

/** The console begins at `/console`, without a slash: the gateway has no route with one. */
export const go = (page, path) => page.goto(base + (path === "/" ? "" : path));

export async function signIn(page, who, { path = "/", lang = "de" } = {}) {
    await go(page, path);
    await fillSignIn(page, who, lang);
}

export async function fillSignIn(page, who, lang = "de") {
    await page.getByLabel(lang === "de" ? "E-Mail-Adresse" : "E-mail address").fill(who.email);
    await page.getByLabel(lang === "de" ? "Passwort" : "Password").fill(who.password);
    await page.getByRole("button", { name: lang === "de" ? "Anmelden" : "Sign in", exact: true }).click();
    await page.getByRole("navigation", { name: lang === "de" ? "Hauptnavigation" : "Main navigation" }).waitFor();
}

/** Nothing is loading any more. */
export async function settled(page) {
    await page.waitForLoadState("networkidle");
    await page.waitForFunction(() => !document.querySelector('main [role="status"][aria-label="Wird geladen"], main [role="status"][aria-label="Loading"]'));
    await page.evaluate(() => document.fonts.ready.then(() => undefined));
}

export const shot = (page, name, options = {}) => page.screenshot({ path: join(shots, `${name}.png`), ...options });

/** What axe finds that keeps people out or makes it hard for them: all but minor findings. */
export async function barriers(page) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    return violations
        .filter(({ impact }) => impact !== "minor")
        .map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.slice(0, 4).map((node) => `${node.html.slice(0, 180)} ${node.any[0]?.message ?? ""}`).join("\n  ")}`);
}

/** The API as a person sees it, for what a test needs beforehand. */
export async function apiOf(who) {
    const call = async (method, path, { token, body, headers = {} } = {}) => {
        const answer = await fetch(status.api_url.replace(/\/$/, "") + path, {
            method,
            headers: { ...(body ? { "content-type": "application/json" } : {}), ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
            body: body ? JSON.stringify(body) : undefined,
        });
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
        return answer.status === 204 ? null : answer.json();
    };
    const { access_token: token } = await call("POST", "/api/v1/auth/login", { body: { email: who.email, password: who.password } });
    return { get: (path) => call("GET", path, { token }), post: (path, body, headers) => call("POST", path, { token, body, headers }), patch: (path, body, headers) => call("PATCH", path, { token, body, headers }) };
}
