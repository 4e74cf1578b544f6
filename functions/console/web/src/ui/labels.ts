// Words for what tenants and partners name themselves: event types, sources, intents. Known ones are translated, others are made
// readable (`panel_request` → `Panel request`).
import { useTranslate } from "ra-core";
import { useCallback } from "react";
import { en } from "../i18n/en";

export function readable(word: string): string {
    const text = word.replaceAll(/[_.-]+/g, " ").trim();
    return text.charAt(0).toUpperCase() + text.slice(1);
}

type Kind = "event" | "source" | "intent" | "rule" | "stage" | "field";

/** The rules and stages every tenant starts with, by the name they start with. What the tenant has renamed keeps its new name. */
const FIRST = { rule: byName(en.rule), stage: byName(en.stage) };
function byName(messages: Record<string, string>): Map<string, string> {
    return new Map(Object.entries(messages).map(([key, name]) => [name, key]));
}

export function useLabel() {
    const translate = useTranslate();
    return useCallback(
        (kind: Kind, word: string, name?: string | null) => {
            const key = (kind === "rule" || kind === "stage") && name ? FIRST[kind].get(name) : word.replaceAll(/[-.]/g, "_");
            return key === undefined ? (name ?? readable(word)) : translate(`${kind}.${key}`, { _: name ?? readable(word) });
        },
        [translate],
    );
}

/** What a stage is called; nothing where there is none. */
export function useStageName() {
    const label = useLabel();
    return useCallback((name: string | null | undefined) => (name ? label("stage", name, name) : ""), [label]);
}

/** A link that opens a message to this address, whatever characters it has. */
export const mailTo = (email: string) => `mailto:${encodeURIComponent(email).replace("%40", "@")}`;

interface Named {
    first_name?: string | null;
    last_name?: string | null;
    company?: string | null;
    email?: string | null;
    phone?: string | null;
    linkedin_url?: string | null;
}

/** What a lead is called: the name, else the first thing that is known. */
export function leadName(lead: Named): string {
    const name = [lead.first_name, lead.last_name].filter(Boolean).join(" ");
    return name || lead.email || lead.company || lead.phone || lead.linkedin_url || "–";
}
