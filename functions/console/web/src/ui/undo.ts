// What can be taken back: said with a button for ten seconds, and by Ctrl+Z as long. The newest is taken back first.
import { useEffect } from "react";
import { notify, type NoticeOptions } from "./notify";

export const UNDO_MS = 10_000;

interface Undoable {
    until: number;
    /** It was taken back. */
    over?: boolean;
    run: () => unknown;
}

const stack: Undoable[] = [];

/** Says what was done, and offers to take it back. */
export function offerUndo(message: string, run: () => unknown, options: Omit<NoticeOptions, "action"> = {}): void {
    const one: Undoable = { until: Date.now() + UNDO_MS, run };
    stack.push(one);
    notify(message, { type: "success", autoHideDuration: UNDO_MS, ...options, action: { label: "action.undo", run: () => take(one) } });
}

function take(one: Undoable): void {
    // Its button may stand longer than its time, while one points at it: then it still does what it says.
    if (one.over) return;
    one.over = true;
    const at = stack.indexOf(one);
    if (at >= 0) stack.splice(at, 1);
    one.run();
}

/** Takes back what was done last, if its time is not over; says whether there was anything. */
export function undoLast(now = Date.now()): boolean {
    while (stack.length > 0 && stack.at(-1)!.until < now) stack.pop();
    const last = stack.at(-1);
    if (last) take(last);
    return last !== undefined;
}

/** Somebody else sits down here, or the record went away. */
export function forgetUndo(): void {
    for (const one of stack.splice(0)) one.over = true;
}

/** Where one writes, Ctrl+Z belongs to the text. */
export const isWriting = (target: EventTarget | null) => target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable) && !(target instanceof HTMLInputElement && ["checkbox", "radio", "button"].includes(target.type));

/** Something lies over the page: a dialog, a menu. */
export const isCovered = () => document.querySelector(".MuiModal-root:not([aria-hidden='true'])") !== null;

export function useUndoKey(): void {
    useEffect(() => {
        const press = (event: KeyboardEvent) => {
            if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || isWriting(event.target) || isCovered()) return;
            if (undoLast()) event.preventDefault();
        };
        window.addEventListener("keydown", press);
        return () => window.removeEventListener("keydown", press);
    }, []);
}
