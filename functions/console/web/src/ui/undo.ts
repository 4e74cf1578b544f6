// What can be taken back: said with a button for ten seconds, and by Ctrl+Z as long. The newest is taken back first.
import { useEffect } from "react";
import { notify, type NoticeOptions } from "./notify";

export const UNDO_MS = 10_000;

interface Undoable {
    until: number;
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
    const at = stack.indexOf(one);
    if (at < 0) return;
    stack.splice(at, 1);
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
    stack.length = 0;
}

/** Where one writes, Ctrl+Z belongs to the text. */
export const isWriting = (target: EventTarget | null) => target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable) && !(target instanceof HTMLInputElement && ["checkbox", "radio", "button"].includes(target.type));

export function useUndoKey(): void {
    useEffect(() => {
        const press = (event: KeyboardEvent) => {
            if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || isWriting(event.target)) return;
            if (undoLast()) event.preventDefault();
        };
        window.addEventListener("keydown", press);
        return () => window.removeEventListener("keydown", press);
    }, []);
}
