// Keys that do something wherever one is, as long as one does not write and nothing lies over the page. A page adds its own while it is
// shown; `?` lists them all.
import { useEffect, useRef } from "react";
import type { MessageKey } from "../providers/i18n";
import { isCovered, isWriting } from "./undo";

export interface Key {
    /** As `KeyboardEvent.key` has it; two after each other with a space between: `g l`. */
    keys: string;
    label: MessageKey;
    run: () => void;
}

/** How long the second of two keys may take. */
const PAUSE_MS = 1200;

let known: Key[] = [];
let begun = { key: "", at: 0 };

/** What works now; what was added last counts. */
export function keysNow(): Key[] {
    return [...new Map(known.map((key) => [key.keys, key])).values()];
}

/** What the arrow keys move within. */
const MOVES = "[role=tab], [role=combobox], [role=slider], [role=radio], [role=option], [role=menuitem]";

function press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target) || isCovered()) return;
    if (event.key.startsWith("Arrow") && event.target instanceof Element && event.target.closest(MOVES)) return;
    const now = Date.now();
    const both = now - begun.at < PAUSE_MS ? `${begun.key} ${event.key}` : "";
    const all = keysNow();
    const meant = all.find(({ keys }) => keys === both) ?? all.find(({ keys }) => keys === event.key);
    begun = { key: "", at: 0 };
    if (meant) {
        event.preventDefault();
        meant.run();
    } else if (all.some(({ keys }) => keys.startsWith(`${event.key} `))) begun = { key: event.key, at: now };
}

let listeners = 0;

/** `keys`: may be another list at each look; what each does is looked up when it is pressed. */
export function useKeys(keys: readonly (Key | false | undefined)[]): void {
    const latest = useRef<Key[]>([]);
    latest.current = keys.filter((key) => key !== false && key !== undefined);
    const names = latest.current.map((key) => key.keys).join("\n");
    useEffect(() => {
        const mine = latest.current.map(({ keys, label }): Key => ({ keys, label, run: () => latest.current.find((key) => key.keys === keys)?.run() }));
        known = [...known, ...mine];
        if (++listeners === 1) window.addEventListener("keydown", press);
        return () => {
            known = known.filter((key) => !mine.includes(key));
            if (--listeners === 0) window.removeEventListener("keydown", press);
        };
    }, [names]);
}
