// What is being added, from wherever it was asked for: a key, the menu, a button of the sidebar.
import { useSyncExternalStore } from "react";

export type Adding = "choose" | "lead" | "deal" | "task" | null;

let adding: Adding = null;
const told = new Set<() => void>();

export function startAdding(what: Adding): void {
    adding = what;
    for (const tell of told) tell();
}

export const useAdding = (): Adding =>
    useSyncExternalStore(
        (tell) => {
            told.add(tell);
            return () => void told.delete(tell);
        },
        () => adding,
    );
