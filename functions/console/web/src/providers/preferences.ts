// What somebody has set for themselves lives with them on the server: appearance, language, columns. This browser keeps a copy, so that
// nothing waits for it; whoever signs in elsewhere finds it there.
import { useEffect } from "react";
import { api, take, type Schemas } from "../api/client";
import { ApiError } from "../api/problem";
import { applyLanguage, chosenLanguage, forgetLanguage, type Language, LANGUAGES, onLanguageChosen } from "./i18n";
import { applyStored, forgetStored, onStored, stored, storedKeys } from "./store";

type Change = Schemas["PreferencesUpdateInput"];

/** Who the copy here belongs to, and from when it is. */
const COPY = "lotse.preferences";
/** Another device may have changed it since. */
const FRESH_MS = 3_600_000;
/** What is set in quick succession goes out together. */
const PAUSE_MS = 400;
const AGAIN_MS = 30_000;
const LANGUAGE = "language";
/** Says in `defaults` that a setting was chosen, and does not only stand as it came. */
const CHOSEN = "chosen";

interface Copy {
    member: string;
    at: number;
    /** What was set here and is not kept there yet. */
    dirty?: string[];
}

/** Former columns are names without widths. */
const withWidths = (value: unknown) => (Array.isArray(value) ? value.map((one: unknown) => (typeof one === "string" ? { field: one } : one)) : null) as Schemas["Column"][] | null;

/** What is set here, as the server keeps it; none for what is this browser's alone. */
export function changeOf(key: string, value: unknown): Change | null {
    if (key === "appearance") return { theme: (value ?? "system") as Change["theme"], defaults: { appearance: CHOSEN } };
    if (key === LANGUAGE) return { language: value as Language, defaults: { language: CHOSEN } };
    const [, list, what] = /^([a-z]+)\.(columns|facts)$/.exec(key) ?? [];
    if (!list) return null;
    return what === "columns" ? { columns: { [list]: withWidths(value) } } : { defaults: { [key]: withWidths(value) } };
}

/** The same the other way: what this browser is to show. What the server does not have stays as it is here. */
export function settingsOf({ version, theme, columns, defaults }: Pick<Schemas["PreferencesView"], "version" | "theme" | "columns" | "defaults">): [key: string, value: unknown][] {
    // Nothing was set yet.
    if (version === 0) return [];
    const facts = Object.entries(defaults).filter(([key]) => /^[a-z]+\.facts$/.test(key));
    const own: [string, unknown][] = [...Object.entries(columns).map(([list, value]): [string, unknown] => [`${list}.columns`, value]), ...facts];
    // "As the system says" is also what stands there when only columns were ever set.
    return theme !== "system" || defaults.appearance === CHOSEN ? [["appearance", theme], ...own] : own;
}

function copy(): Copy | null {
    try {
        return JSON.parse(localStorage.getItem(COPY) ?? "null") as Copy | null;
    } catch {
        return null;
    }
}

function keepCopy(next: Copy): void {
    try {
        localStorage.setItem(COPY, JSON.stringify(next));
    } catch {
        // There is no room: it is asked for again.
    }
}

/** Whose settings are shown and kept now. */
let owner: string | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let sending: Promise<void> = Promise.resolve();

const mine = () => {
    const kept = copy();
    return kept && kept.member === owner ? kept : null;
};

function later(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void flushPreferences(), ms);
}

function mark(...keys: string[]): void {
    const kept = mine();
    if (!kept || keys.length === 0) return;
    keepCopy({ ...kept, dirty: [...new Set([...(kept.dirty ?? []), ...keys])] });
    later(PAUSE_MS);
}

const valueOf = (key: string) => (key === LANGUAGE ? chosenLanguage() : (stored(key) ?? null));

/** What will be refused again is not sent again. */
const isFinal = (error: unknown) => error instanceof ApiError && [400, 403, 404, 422].includes(error.status);

async function send(): Promise<void> {
    const member = owner;
    const sent = new Map((mine()?.dirty ?? []).map((key) => [key, JSON.stringify(valueOf(key))]));
    if (sent.size === 0) return;
    let body: Change = {};
    for (const key of sent.keys()) {
        const change = changeOf(key, valueOf(key)) ?? {};
        body = { ...body, ...change, ...(body.columns || change.columns ? { columns: { ...body.columns, ...change.columns } } : {}), ...(body.defaults || change.defaults ? { defaults: { ...body.defaults, ...change.defaults } } : {}) };
    }
    try {
        await take(api.PATCH("/api/v1/preferences", { body }));
    } catch (error) {
        if (!isFinal(error)) {
            later(AGAIN_MS);
            return;
        }
    }
    const kept = copy();
    if (!kept || kept.member !== member) return;
    // What was set otherwise meanwhile goes out next.
    const dirty = (kept.dirty ?? []).filter((key) => sent.get(key) !== JSON.stringify(valueOf(key)));
    keepCopy({ member: kept.member, at: kept.at, ...(dirty.length ? { dirty } : {}) });
    if (dirty.length) later(PAUSE_MS);
}

/** Sends now what waits, one change after the other. Never fails: what could not be sent stays marked. */
export function flushPreferences(): Promise<void> {
    clearTimeout(timer);
    sending = sending.then(send).catch(() => undefined);
    return sending;
}

async function fetchThem(member: string): Promise<void> {
    const found = await take(api.GET("/api/v1/preferences"));
    const kept = mine();
    if (!kept || kept.member !== member) return;
    keepCopy({ ...kept, at: Date.now() });
    if (found.version === 0) {
        // The server knows of nothing yet: what they set here before goes there.
        mark(...storedKeys().filter((key) => changeOf(key, null) !== null && valueOf(key) !== null), ...(chosenLanguage() ? [LANGUAGE] : []));
        return;
    }
    const dirty = kept.dirty ?? [];
    for (const [key, value] of settingsOf(found)) if (!dirty.includes(key)) applyStored(key, value);
    // A profile has a language from the start; only what was chosen goes before the browser's.
    const chosen = LANGUAGES.find((language) => language === found.language);
    if (found.defaults.language === CHOSEN && chosen && !dirty.includes(LANGUAGE)) applyLanguage(chosen);
}

/** `member`: whose they are; nobody's as long as it is not known, or for keys. */
export function useKeptPreferences(member: string | undefined): void {
    useEffect(() => {
        if (!member) return undefined;
        owner = member;
        const before = copy();
        if (before?.member !== member) {
            // Somebody else worked here: nothing of theirs is shown to, or kept for, who comes next.
            if (before) {
                forgetStored((key) => changeOf(key, null) !== null);
                forgetLanguage();
            }
            keepCopy({ member, at: 0 });
        }
        const waiting = mine()?.dirty ? flushPreferences() : Promise.resolve();
        const isFresh = Date.now() - (mine()?.at ?? 0) < FRESH_MS;
        // What cannot be read now holds in this browser.
        if (!isFresh) void waiting.then(() => fetchThem(member)).catch(() => undefined);
        const again = () => void flushPreferences();
        window.addEventListener("online", again);
        const leave = [
            () => window.removeEventListener("online", again),
            onStored((key) => {
                if (changeOf(key, null)) mark(key);
            }),
            onLanguageChosen(() => mark(LANGUAGE)),
        ];
        return () => {
            for (const each of leave) each();
            clearTimeout(timer);
            owner = undefined;
        };
    }, [member]);
}
