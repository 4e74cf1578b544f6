// One way to change a record: it shows at once, goes out with the version that was seen, can be taken back, and everything that shows it
// is read anew. What somebody else changed meanwhile is never written over unseen.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { ApiError, sayError, type Translate } from "../api/problem";
import { type Changed, reread, SHOWN_IN } from "../api/reread";
import { useTranslate } from "../providers/i18n";
import { same } from "./conflict";
import { notify } from "./notify";
import { offerUndo } from "./undo";

export interface Versioned {
    id: string;
    version: number;
}

/** How fields are brought together when somebody else was faster. Without it a change fails and says so. */
export interface Fieldwise<R> {
    /** The record as it is by now. */
    read: () => Promise<R>;
    /** What the field is called, and its value, as people read them. */
    label: (field: string) => string;
    show: (field: string, value: unknown) => string;
}

export interface Change<R extends Versioned> {
    /** As it was seen. */
    record: R;
    /** What it will say: shown until there is an answer. */
    fields: Partial<R>;
    /** Stands beside them and is only shown, such as the name of an owner: nobody fights over it. */
    beside?: Partial<R>;
    send: (version: number) => Promise<R>;
    /** Makes it as it was; without it, it cannot be taken back. `was`: the fields as they were. */
    undo?: (version: number, was: Partial<R>) => Promise<R>;
    /** A key or a text, and what is put into it. */
    said: string;
    args?: Record<string, unknown>;
    fieldwise?: Fieldwise<R>;
}

/** Two people wrote into the same fields. */
export interface Clash {
    id: number;
    fields: { name: string; label: string; theirs: string; yours: string }[];
    /** Writes ours over theirs, which the person has seen by then. */
    insist: () => void;
}

/**
 * Versions that follow each other by what was done here, and that pages may not show yet: two quick changes of one record must not fight
 * each other. Somebody else's change ends such a row: what was seen before it is out of date.
 */
const mine = new Map<string, { from: number; to: number }>();

/** The version that a change of what was seen goes out with. */
export function versionFor(id: string, seen: number): number {
    const row = mine.get(id);
    return row && seen >= row.from && seen < row.to ? row.to : seen;
}

/** What went out with a version was answered with the next. */
export function follow(id: string, sent: number, answered: number): void {
    const row = mine.get(id);
    mine.set(id, row?.to === sent ? { from: row.from, to: answered } : { from: sent, to: answered });
}

/** Changes without an answer yet, and what kind of record they change. */
const pending = new Map<object, Changed>();

/** What is on its way, by record: one after the other, as the person did them. */
const queues = new Map<string, Promise<unknown>>();

let clash: Clash | null = null;
const told = new Set<() => void>();

function setClash(next: Clash | null): void {
    clash = next;
    for (const tell of told) tell();
}

/** What to ask about, for whoever shows it. */
export const clashes = {
    subscribe: (tell: () => void) => {
        told.add(tell);
        return () => void told.delete(tell);
    },
    current: () => clash,
    close: () => setClash(null),
};

type Fields = Record<string, unknown>;

/** The same tree, with `fields` in every object of this id; what holds none of them stays the very same. */
export function withFields(tree: unknown, id: string, fields: Fields): unknown {
    if (Array.isArray(tree)) {
        let differs = false;
        const next = tree.map((each) => {
            const made = withFields(each, id, fields);
            differs ||= made !== each;
            return made;
        });
        return differs ? next : tree;
    }
    if (typeof tree !== "object" || tree === null) return tree;
    let next = tree as Fields;
    if (next.id === id) next = { ...next, ...fields };
    for (const [name, value] of Object.entries(next)) {
        const made = withFields(value, id, fields);
        if (made !== value) next = { ...next, [name]: made };
    }
    return next;
}

/** Shows the fields wherever the record is shown. */
export function showEverywhere(client: QueryClient, kind: Changed, id: string, fields: Fields): void {
    for (const name of SHOWN_IN[kind]) client.setQueriesData({ queryKey: [name] }, (data: unknown) => (data === undefined ? undefined : withFields(data, id, fields)));
}

const pick = <R extends object>(record: R, names: readonly string[]): Partial<R> => Object.fromEntries(names.map((name) => [name, (record as Fields)[name]])) as Partial<R>;

const isStale = (error: unknown): error is ApiError => error instanceof ApiError && error.status === 412;
/** Somebody else was faster: changed, closed or removed it. */
const isOvertaken = (error: unknown): error is ApiError => error instanceof ApiError && [404, 409, 412].includes(error.status);

/** What both of us changed, to something different: nothing else is a conflict. */
export function fought(before: Fields, mine: Fields, theirs: Fields): string[] {
    return Object.keys(mine).filter((name) => !same(theirs[name], before[name]) && !same(theirs[name], mine[name]));
}

let clashCount = 0;

async function run<R extends Versioned>(client: QueryClient, kind: Changed, change: Change<R>, translate: Translate): Promise<R | null> {
    const { record, fields, beside = {}, send, undo, said, args, fieldwise } = change;
    const names = Object.keys(fields);
    const before = pick(record, [...names, ...Object.keys(beside)]);
    const token = {};
    pending.set(token, kind);
    // An answer under way would show it as it was for a moment.
    await Promise.all(SHOWN_IN[kind].map((name) => client.cancelQueries({ queryKey: [name] })));
    showEverywhere(client, kind, record.id, { ...fields, ...beside });
    try {
        const after = await inTurn(record.id, async () => {
            const version = versionFor(record.id, record.version);
            const answer = await send(version);
            follow(record.id, version, answer.version);
            return answer;
        });
        // As the API has it: a phone number, for one, is written its own way.
        showEverywhere(client, kind, record.id, { ...pick(after, names), version: after.version });
        const was = pick(record, names);
        const back = undo && (() => run(client, kind, { record: after, fields: was, send: (version) => undo(version, was), said: "undo.done" }, translate));
        if (back) offerUndo(said, back, { messageArgs: args });
        else notify(said, { type: "success", messageArgs: args });
        return after;
    } catch (error) {
        showEverywhere(client, kind, record.id, before);
        if (isStale(error) && fieldwise) return await bringTogether(client, kind, change, fieldwise, translate);
        const overtaken = isOvertaken(error) && !error.problem.code;
        notify(overtaken ? "undo.overtaken" : sayError(error, translate), { type: overtaken ? "warning" : "error", autoHideDuration: 8000 });
        return null;
    } finally {
        pending.delete(token);
        // What is read while another change is on its way would show that as it was.
        if (![...pending.values()].includes(kind)) void reread(client, kind);
    }
}

async function inTurn<T>(id: string, act: () => Promise<T>): Promise<T> {
    const before = queues.get(id) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(act);
    queues.set(id, mine);
    try {
        return await mine;
    } finally {
        if (queues.get(id) === mine) queues.delete(id);
    }
}

/** Where they touched other fields than ours, ours are added to theirs. Where they touched the same, the person decides. */
async function bringTogether<R extends Versioned>(client: QueryClient, kind: Changed, change: Change<R>, fieldwise: Fieldwise<R>, translate: Translate): Promise<R | null> {
    let theirs: R;
    try {
        theirs = await fieldwise.read();
    } catch (error) {
        notify(sayError(error, translate), { type: "error" });
        return null;
    }
    const both = fought(change.record as Fields, change.fields as Fields, theirs as unknown as Fields);
    const again = { ...change, record: theirs };
    if (both.length === 0) return run(client, kind, again, translate);
    clashCount += 1;
    setClash({
        id: clashCount,
        fields: both.map((name) => ({ name, label: fieldwise.label(name), theirs: fieldwise.show(name, (theirs as Fields)[name]), yours: fieldwise.show(name, (change.fields as Fields)[name]) })),
        insist: () => {
            setClash(null);
            void run(client, kind, again, translate);
        },
    });
    return null;
}

/** Resolves to the record as the API answered it; to nothing where it did not work, which is said already. */
export function useChange(kind: Changed) {
    const client = useQueryClient();
    const translate = useTranslate();
    const latest = useMemo(() => ({ translate }), []);
    latest.translate = translate;
    return useCallback(<R extends Versioned>(change: Change<R>): Promise<R | null> => run(client, kind, change, (key, options) => latest.translate(key, options)), [client, kind, latest]);
}

/** Somebody else sits down here. */
export function forgetChanges(): void {
    mine.clear();
    queues.clear();
    pending.clear();
    setClash(null);
}

/** For what a form has saved already: says so, and offers to make the fields as they were. */
export function useOfferBack(kind: Changed) {
    const change = useChange(kind);
    return useCallback(<R extends Versioned>(said: string, after: R, was: Partial<R>, send: (version: number) => Promise<R>) => offerUndo(said, () => change({ record: after, fields: was, send, said: "undo.done" })), [change]);
}
