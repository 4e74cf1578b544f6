// The records somebody looked at last in this tab, to come back to them. The next person does not see them.
import { useEffect } from "react";

export interface Recent {
    to: string;
    text: string;
    kind: "lead" | "deal";
}

const KEY = "lotse.recent";
const MOST = 8;

export function recents(): Recent[] {
    try {
        const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Recent[];
        return Array.isArray(kept) ? kept.filter(({ to, text }) => typeof to === "string" && typeof text === "string") : [];
    } catch {
        return [];
    }
}

export function seen(one: Recent): void {
    try {
        sessionStorage.setItem(KEY, JSON.stringify([one, ...recents().filter(({ to }) => to !== one.to)].slice(0, MOST)));
    } catch {
        // There is no room: it is found by its name.
    }
}

export function forgetRecents(): void {
    sessionStorage.removeItem(KEY);
}

/** Remembers what is shown, once it is known what it is called. */
export function useSeen(kind: Recent["kind"], to: string, text: string | undefined): void {
    useEffect(() => {
        if (text) seen({ kind, to, text });
    }, [kind, to, text]);
}
