// Two people change one record: what each wrote, field by field, so that nobody's words go unseen.

/** What a form holds, by field. */
export type Fields = Record<string, unknown>;

export interface Merged<V> {
    /** Mine where I wrote something, theirs elsewhere. */
    values: V;
    /** What they wrote, of the fields that both of us changed to something different. */
    conflicts: Partial<V>;
}

// An empty field and no value are the same to a person.
const plain = (value: unknown) => JSON.stringify(value === undefined || value === "" ? null : value);

export const same = (left: unknown, right: unknown) => plain(left) === plain(right);

/** Whether a form says something else than it began with. */
export function differs(values: Fields, before: Fields): boolean {
    return Object.keys(before).some((name) => !same(values[name], before[name]));
}

/** `before`: what both began with. */
export function merge<V extends Fields>(before: V, mine: V, theirs: V): Merged<V> {
    const values: Fields = { ...mine };
    const conflicts: Fields = {};
    for (const name of Object.keys(before)) {
        if (same(theirs[name], before[name])) continue;
        if (same(mine[name], before[name])) values[name] = theirs[name];
        else if (!same(mine[name], theirs[name])) conflicts[name] = theirs[name];
    }
    return { values: values as V, conflicts: conflicts as Partial<V> };
}
