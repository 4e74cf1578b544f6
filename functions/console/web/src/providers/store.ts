// What somebody has set for themselves in this browser: appearance, columns. Signing out, or a session that ends, takes nothing of it away.
import { useCallback, useSyncExternalStore } from "react";

const PREFIX = "lotse.set.";
/** What was set before the console kept it by itself. */
const FORMER = "RaStorelotse.";

/** Ends the keys of what a list shows at first: whoever signs in next has their own. */
export const DEFAULT_VIEW = ".default";

const known = new Map<string, unknown>();
const told = new Map<string, Set<() => void>>();

function read(key: string): unknown {
    if (!known.has(key)) {
        const text = localStorage.getItem(PREFIX + key) ?? localStorage.getItem(FORMER + key);
        let value: unknown;
        try {
            value = text === null ? undefined : JSON.parse(text);
        } catch {
            // Somebody else's, or cut off.
        }
        known.set(key, value);
    }
    return known.get(key);
}

/** What was set, outside of what is drawn. */
export const stored = (key: string): unknown => read(key);

/** What this browser has a setting for. */
export const storedKeys = (): string[] => [...new Set(Object.keys(localStorage).flatMap((name) => [PREFIX, FORMER].filter((start) => name.startsWith(start)).map((start) => name.slice(start.length))))];

const tell = (key: string) => {
    for (const each of told.get(key) ?? []) each();
};

type Listener = (key: string, value: unknown) => void;
const listeners = new Set<Listener>();

/** Told of what the person sets here. */
export function onStored(listener: Listener): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
}

export function setStored<T>(key: string, value: T): void {
    applyStored(key, value);
    for (const listener of listeners) listener(key, value);
}

/** Takes over what is kept elsewhere. */
export function applyStored<T>(key: string, value: T): void {
    known.set(key, value);
    try {
        localStorage.setItem(PREFIX + key, JSON.stringify(value));
    } catch {
        // There is no room: it holds until the page is closed.
    }
    tell(key);
}

/** What is the person's and not the browser's. */
export function forgetDefaults(): void {
    for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX) && name.endsWith(DEFAULT_VIEW)) setStored(name.slice(PREFIX.length), null);
}

/** Takes away what somebody else set here. */
export function forgetStored(which: (key: string) => boolean): void {
    for (const key of storedKeys().filter(which)) {
        localStorage.removeItem(PREFIX + key);
        localStorage.removeItem(FORMER + key);
        known.delete(key);
        tell(key);
    }
}

/** Forgets what was read, not what is kept: for tests, which begin anew. */
export function rereadStored(): void {
    known.clear();
    for (const key of told.keys()) tell(key);
}

if (typeof window !== "undefined") {
    // Set in another tab.
    window.addEventListener("storage", ({ key }) => {
        if (!key?.startsWith(PREFIX)) return;
        known.delete(key.slice(PREFIX.length));
        tell(key.slice(PREFIX.length));
    });
}

/** As `useState`, kept in this browser. `initial` must be the same at each call. */
export function useStored<T>(key: string, initial: T): [T, (value: T) => void] {
    const subscribe = useCallback(
        (each: () => void) => {
            const all = told.get(key) ?? new Set();
            told.set(key, all.add(each));
            return () => void all.delete(each);
        },
        [key],
    );
    const value = useSyncExternalStore(subscribe, () => (read(key) as T | undefined) ?? initial);
    const set = useCallback((next: T) => setStored(key, next), [key]);
    return [value, set];
}
