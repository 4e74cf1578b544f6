// German and English: the browser's language at first, the profile's where the browser has neither, then what the person chose.
import polyglot from "ra-i18n-polyglot";
import { useLocaleState, useTranslate } from "ra-core";
import { useCallback, useEffect } from "react";
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

const spoken = (tag: string | null | undefined) => LANGUAGES.find((language) => language === tag);

/** What was chosen here before, else the first of the browser's languages that the console speaks, else the profile's. */
export function firstLanguage(stored: string | null, wanted: readonly string[], profile?: string | null): Language {
    const browser = wanted.map((tag) => spoken(tag.slice(0, 2).toLowerCase())).find(Boolean);
    return spoken(stored) ?? browser ?? spoken(profile) ?? "en";
}

const messages = { de: { ...deFramework, ...de }, en: { ...enFramework, ...en } };

const STORED = "lotse.language";

const startLanguage = (profile?: string | null) => firstLanguage(localStorage.getItem(STORED), navigator.languages, profile);

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

/** Takes the profile's language once it is known who one is, unless the browser or the person has said which. */
export function useProfileLanguage(profile: string | null | undefined) {
    const [locale, setLocale] = useLocaleState();
    useEffect(() => {
        const wanted = startLanguage(profile);
        if (profile && wanted !== locale) setLocale(wanted);
        // Only when it is known who one is: what is chosen afterwards stays.
    }, [profile]);
}
