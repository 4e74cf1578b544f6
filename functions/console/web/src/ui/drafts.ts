// What somebody has typed into a form and not saved. It outlives a closed dialog, a reload and an ended session, in this tab only: the
// next person to sign in here does not see it.

const PREFIX = "lotse.draft.";

export interface Draft<V> {
    /** What the form began with. */
    before: V;
    values: V;
    /** When it was typed, in milliseconds. */
    at: number;
}

export function keepDraft<V>(key: string, draft: Draft<V>): void {
    try {
        sessionStorage.setItem(PREFIX + key, JSON.stringify(draft));
    } catch {
        // There is no room: the form still holds it.
    }
}

/** The draft, unless the form has other fields by now. */
export function readDraft<V extends object>(key: string, fields: readonly string[]): Draft<V> | null {
    try {
        const draft = JSON.parse(sessionStorage.getItem(PREFIX + key) ?? "null") as Draft<V> | null;
        const fits = (values: V | undefined) => values !== undefined && Object.keys(values).length === fields.length && fields.every((field) => field in values);
        return draft && fits(draft.before) && fits(draft.values) ? draft : null;
    } catch {
        return null;
    }
}

export function dropDraft(key: string): void {
    sessionStorage.removeItem(PREFIX + key);
}

export function forgetDrafts(): void {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
