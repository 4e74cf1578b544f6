// What somebody has set for themselves lives with them on the server: appearance, language, columns. This browser keeps a copy, so that
// nothing waits for it; whoever signs in elsewhere finds it there.
import { useEffect } from "react";
import { api, take, type Schemas } from "../api/client";
import { applyLanguage, type Language, LANGUAGES, onLanguageChosen } from "./i18n";
import { applyStored, onStored } from "./store";

type Change = Schemas["PreferencesUpdateInput"];

/** Who the copy here belongs to, and from when it is. */
const COPY = "lotse.preferences";
/** Another device may have changed it since. */
const FRESH_MS = 3_600_000;

interface Copy {
    member: string;
    at: number;
}

/** What is set here, as the server keeps it; none for what is this browser's alone. */
export function changeOf(key: string, value: unknown): Change | null {
    if (key === "appearance") return { theme: value as Change["theme"] };
    const [, list, what] = /^([a-z]+)\.(columns|facts)$/.exec(key) ?? [];
    if (!list) return null;
    return what === "columns" ? { columns: { [list]: value as Schemas["Column"][] | null } } : { defaults: { [key]: value } };
}

/** The same the other way: what this browser is to show. What the server does not have stays as it is here. */
export function settingsOf({ version, theme, columns, defaults }: Pick<Schemas["PreferencesView"], "version" | "theme" | "columns" | "defaults">): [key: string, value: unknown][] {
    // Nothing was set yet.
    if (version === 0) return [];
    const facts = Object.entries(defaults).filter(([key]) => /^[a-z]+\.facts$/.test(key));
    return [["appearance", theme], ...Object.entries(columns).map(([list, value]): [string, unknown] => [`${list}.columns`, value]), ...facts];
}

function copy(): Copy | null {
    try {
        return JSON.parse(localStorage.getItem(COPY) ?? "null") as Copy | null;
    } catch {
        return null;
    }
}

const isFresh = (member: string, now: number) => {
    const kept = copy();
    return kept?.member === member && now - kept.at < FRESH_MS;
};

async function fetchThem(member: string): Promise<void> {
    const found = await take(api.GET("/api/v1/preferences"));
    localStorage.setItem(COPY, JSON.stringify({ member, at: Date.now() } satisfies Copy));
    for (const [key, value] of settingsOf(found)) applyStored(key, value);
    // A profile has a language from the start; only what was chosen goes before the browser's.
    const chosen = LANGUAGES.find((language) => language === found.language);
    if (found.defaults.language === "chosen" && chosen) applyLanguage(chosen);
}

/** `member`: whose they are; nobody's as long as it is not known, or for keys. */
export function useKeptPreferences(member: string | undefined): void {
    useEffect(() => {
        if (!member) return undefined;
        // What cannot be read or kept now holds in this browser, and is kept with the next change.
        const keep = (body: Change) => void take(api.PATCH("/api/v1/preferences", { body })).catch(() => undefined);
        if (!isFresh(member, Date.now())) void fetchThem(member).catch(() => undefined);
        const leave = [
            onStored((key, value) => {
                const change = changeOf(key, value);
                if (change) keep(change);
            }),
            onLanguageChosen((language: Language) => keep({ language, defaults: { language: "chosen" } })),
        ];
        return () => {
            for (const each of leave) each();
        };
    }, [member]);
}
