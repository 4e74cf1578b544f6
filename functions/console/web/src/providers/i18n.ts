// German and English: the browser's language at first, then what the person chose.
import polyglot from "ra-i18n-polyglot";
import { useLocaleState, useTranslate } from "ra-core";
import { useCallback } from "react";
import { de } from "../i18n/de";
import { de as deFramework } from "../i18n/ra-de";
import { en, type Messages } from "../i18n/en";
import enFramework from "ra-language-english";

export type Language = "de" | "en";
export const LANGUAGES: readonly Language[] = ["de", "en"];

/** Every key of the messages, joined by dots: a key that does not exist does not compile. */
type Keys<T, Prefix extends string = ""> = {
    [K in keyof T & string]: T[K] extends string ? `${Prefix}${K}` : Keys<T[K], `${Prefix}${K}.`>;
}[keyof T & string];
export type MessageKey = Keys<Messages>;

export function browserLanguage(wanted: readonly string[] = navigator.languages): Language {
    const first = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === "de" || tag === "en");
    return (first ?? "en") as Language;
}

const messages = { de: { ...deFramework, ...de }, en: { ...enFramework, ...en } };

const STORED = "lotse.language";

/** What was chosen here before, else the browser's. */
export function startLanguage(): Language {
    const stored = localStorage.getItem(STORED);
    return stored === "de" || stored === "en" ? stored : browserLanguage();
}

export const i18nProvider = polyglot(
    (locale) => messages[locale as Language],
    startLanguage(),
    LANGUAGES.map((locale) => ({ locale, name: messages[locale].language[locale] })),
    { allowMissing: true },
);

/** `t("leads.title")`, checked by the compiler. */
export function useT() {
    const translate = useTranslate();
    return useCallback((key: MessageKey, options?: Record<string, unknown>) => translate(key, options), [translate]);
}

export function useLanguage(): [Language, (language: Language) => void] {
    const [locale, setLocale] = useLocaleState();
    const set = useCallback(
        (language: Language) => {
            localStorage.setItem(STORED, language);
            setLocale(language);
        },
        [setLocale],
    );
    return [locale as Language, set];
}
