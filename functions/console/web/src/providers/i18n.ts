// German and English: the browser's language at first, the profile's where the browser has neither, then what the person chose.
import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { Translate } from "../api/problem";
import { de } from "../i18n/de";
import { en, type Messages } from "../i18n/en";

export type Language = "de" | "en";
export const LANGUAGES: readonly Language[] = ["de", "en"];

/** Every key of the messages, joined by dots: a key that does not exist does not compile. */
type Keys<T, Prefix extends string = ""> = {
    [K in keyof T & string]: T[K] extends string ? `${Prefix}${K}` : Keys<T[K], `${Prefix}${K}.`>;
}[keyof T & string];
export type MessageKey = Keys<Messages>;

interface Tree {
    [key: string]: string | Tree;
}

function flat(tree: Tree, into: Map<string, string>, prefix = ""): Map<string, string> {
    for (const [key, value] of Object.entries(tree)) {
        if (typeof value === "string") into.set(prefix + key, value);
        else flat(value, into, `${prefix}${key}.`);
    }
    return into;
}

/**
 * Looks messages up and fills them in: `%{name}` is the option of that name, and of `one |||| many` the option `smart_count` chooses, by
 * the rule that German and English share. What is no key is text already; `_` is what to say instead.
 */
export function translator(messages: Tree): Translate {
    const texts = flat(messages, new Map());
    return (key, options = {}) => {
        const found = texts.get(key) ?? (options._ as string | undefined) ?? key;
        const forms = found.split("||||");
        const { smart_count: count } = options;
        const text = (forms.length > 1 && typeof count === "number" && count !== 1 ? forms[1]! : forms[0]!).trim();
        return text.replace(/%\{(\w+)\}/g, (whole, name: string) => (options[name] === undefined || options[name] === null ? whole : String(options[name])));
    };
}

const TRANSLATORS: Record<Language, Translate> = { de: translator(de), en: translator(en) };

const spoken = (tag: string | null | undefined) => LANGUAGES.find((language) => language === tag);

/** What was chosen here before, else the first of the browser's languages that the console speaks, else the profile's. */
export function firstLanguage(stored: string | null, wanted: readonly string[], profile?: string | null): Language {
    const browser = wanted.map((tag) => spoken(tag.slice(0, 2).toLowerCase())).find(Boolean);
    return spoken(stored) ?? browser ?? spoken(profile) ?? "en";
}

const STORED = "lotse.language";

const startLanguage = (profile?: string | null) => firstLanguage(localStorage.getItem(STORED), navigator.languages, profile);

// One page speaks one language, so there is one place that knows which.
let shown: Language = startLanguage();
const told = new Set<() => void>();

function subscribe(tell: () => void): () => void {
    told.add(tell);
    return () => told.delete(tell);
}

function show(language: Language): void {
    shown = language;
    for (const tell of told) tell();
}

const choosers = new Set<(language: Language) => void>();

/** Told of what the person chooses here. */
export function onLanguageChosen(listener: (language: Language) => void): () => void {
    choosers.add(listener);
    return () => void choosers.delete(listener);
}

/** Takes over what was chosen elsewhere. */
export function applyLanguage(language: Language): void {
    localStorage.setItem(STORED, language);
    show(language);
}

/** What somebody chose here, or has chosen elsewhere. */
export const chosenLanguage = (): Language | null => spoken(localStorage.getItem(STORED)) ?? null;

/** Somebody else works here now. */
export function forgetLanguage(): void {
    localStorage.removeItem(STORED);
    show(startLanguage());
}

function choose(language: Language): void {
    applyLanguage(language);
    for (const listener of choosers) listener(language);
}

export function useLanguage(): [Language, (language: Language) => void] {
    return [useSyncExternalStore(subscribe, () => shown), choose];
}

/** For keys that are put together from data; where the key is known, `useT` has it checked. */
export function useTranslate(): Translate {
    return TRANSLATORS[useLanguage()[0]];
}

/** `t("leads.title")`, checked by the compiler. */
export function useT() {
    const translate = useTranslate();
    return useCallback((key: MessageKey, options?: Record<string, unknown>) => translate(key, options), [translate]);
}

/** Takes the profile's language once it is known who one is, unless the browser or the person has said which. */
export function useProfileLanguage(profile: string | null | undefined) {
    useEffect(() => {
        const wanted = startLanguage(profile);
        if (profile && wanted !== shown) show(wanted);
        // Only when it is known who one is: what is chosen afterwards stays.
    }, [profile]);
}
