// What a list shows, as its address says it: conditions, order, page. The address is the only place that knows, so going back and forward
// changes what is shown, and a link shows a colleague the same.
//
// An address may come from an older release, or from anybody. What the list does not know is left out and named, never asked of the
// API and never kept.
import type { Order } from "../providers/data";

export type Sort = Order;

/** What can be asked of a field, as the API's `filter[<field>][<operator>]` names it. */
export type Op = "in" | "not_in" | "min" | "max" | "from" | "before" | "last" | "next" | "empty" | "is";

/** What is asked of one field: everything must hold. */
export interface Condition {
    /** One of these; `none` is a field that is empty, `me` whoever asks. */
    in?: readonly string[];
    not_in?: readonly string[];
    /** Both included. */
    min?: number;
    max?: number;
    /** A moment or a day, written out or as it stands to now: `-14d`, `today`. */
    from?: string;
    before?: string;
    /** A span that ends, or begins, now: `14d`. */
    last?: string;
    next?: string;
    empty?: boolean;
    is?: boolean;
}

export type Filters = Readonly<Record<string, Condition>>;

export type FilterKind = "search" | "choice" | "text" | "id" | "person" | "number" | "moment" | "day" | "flag" | "presence";

/** How a list can be narrowed by one field. */
export interface FilterSpec {
    /** In the address and in saved views. */
    name: string;
    kind: FilterKind;
    /** It may be empty. */
    optional?: boolean;
    /** The values it can have, where they are known. */
    words?: readonly string[];
    /** Parameters of the API for one value of an operator. */
    plain?: Partial<Record<Op, string>>;
    /** How many of the API's units one of the person's is, such as cents of a euro. */
    per?: number;
    /** The API's name in `filter[…]`; without one there are only the plain parameters. */
    field?: string;
}

/** What a list can be asked for. */
export interface ListSpec {
    /** The API's, under `/api/v1/`. */
    resource: string;
    filters: readonly FilterSpec[];
    /** The fields that the API sorts by. */
    sorts: readonly string[];
    /** The order where the address says none. */
    sort: Sort;
    layouts?: readonly string[];
    /** Rows of a page, until somebody wants more or fewer. */
    perPage?: (typeof PAGE_SIZES)[number];
}

export const PAGE_SIZES = [25, 50, 100] as const;

const sizeOf = ({ perPage }: ListSpec) => perPage ?? PAGE_SIZES[0];

/** What is shown of a list, apart from where in it one is. */
export interface ListView {
    filters: Filters;
    sort: Sort;
    layout: string;
}

export interface ListState extends ListView {
    page: number;
    perPage: number;
    /** The saved view that this began with. */
    view: string | null;
}

const OPS: Record<FilterKind, readonly Op[]> = {
    search: ["in"],
    choice: ["in", "not_in"],
    text: ["in", "not_in"],
    id: ["in", "not_in"],
    person: ["in", "not_in"],
    number: ["min", "max"],
    moment: ["from", "before", "last", "next"],
    day: ["from", "before", "last", "next"],
    flag: ["is"],
    /** Only whether it is there. */
    presence: [],
};

/** What can be asked of a field. */
export function opsOf(spec: FilterSpec): readonly Op[] {
    const own = OPS[spec.kind].filter((op) => spec.field !== undefined || spec.plain?.[op] !== undefined);
    return spec.optional && spec.field !== undefined ? [...own, "empty"] : own;
}

/** Whether several values at once can be asked for. */
export const takesMany = (spec: FilterSpec) => spec.field !== undefined && spec.kind !== "search";

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SPAN = /^\d{1,4}[hdwmy]$/;
const RELATIVE = /^(?:(?:now|today|week|month|quarter|year)(?:[+-]\d{1,4}[hdwmy])?|[+-]\d{1,4}[hdwmy])$/;
const WRITTEN = /^\d{4}-\d{2}-\d{2}(T.+)?$/;

function isValue(spec: FilterSpec, value: unknown): value is string {
    if (typeof value !== "string" || value.trim() === "" || value.length > 200) return false;
    if (value === "none" && spec.kind !== "search" && spec.kind !== "text") return Boolean(spec.optional && spec.field);
    if (spec.kind === "person") return value === "me" || ID.test(value);
    if (spec.kind === "id") return ID.test(value);
    return !spec.words || spec.words.includes(value);
}

function fits(spec: FilterSpec, op: Op, value: unknown): boolean {
    switch (op) {
        case "in":
        case "not_in":
            return Array.isArray(value) && value.length > 0 && value.length <= 100 && (value.length === 1 || takesMany(spec)) && value.every((one) => isValue(spec, one));
        case "min":
        case "max":
            return Number.isSafeInteger(value);
        case "last":
        case "next":
            return typeof value === "string" && SPAN.test(value);
        case "from":
        case "before":
            return typeof value === "string" && (RELATIVE.test(value) || (WRITTEN.test(value) && !Number.isNaN(Date.parse(value)) && (spec.kind === "day" || value.includes("T"))));
        case "empty":
            return typeof value === "boolean";
        case "is":
            // An off switch that cannot be asked for otherwise is no filter.
            return value === true || (value === false && spec.field !== undefined);
    }
}

/** A condition as an address or a saved view writes it: `"hot"`, `["hot", "warm"]`, `true`, `{ min: 40 }`. None where it is none. */
function readCondition(spec: FilterSpec, value: unknown): Condition | null {
    const written: unknown = typeof value === "string" ? { in: [value] } : typeof value === "boolean" ? { is: value } : Array.isArray(value) ? { in: value } : value;
    if (typeof written !== "object" || written === null) return null;
    const entries = Object.entries(written);
    const ops = opsOf(spec);
    const known = entries.length > 0 && entries.every(([op, one]) => (ops as readonly string[]).includes(op) && fits(spec, op as Op, one));
    return known ? (written as Condition) : null;
}

/** A condition of one operator in its shortest form. */
function writeCondition(condition: Condition): unknown {
    const keys = Object.keys(condition);
    if (keys.length === 1 && condition.in) return condition.in.length === 1 ? condition.in[0] : condition.in;
    if (keys.length === 1 && condition.is !== undefined) return condition.is;
    return condition;
}

/** Whether somebody asks for something by this. */
const isSet = (condition: Condition | undefined): condition is Condition =>
    condition !== undefined && Object.values(condition).some((value) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0));

/** Only what is set, always in the same order, so that the same question is the same text. */
export function setOnly(spec: ListSpec, filters: Readonly<Record<string, Condition | undefined>>): Filters {
    const found: Record<string, Condition> = {};
    for (const { name } of spec.filters) {
        const condition = filters[name];
        if (isSet(condition)) found[name] = Object.fromEntries(Object.entries(condition).filter(([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0)));
    }
    return found;
}

/** Filters as an address or a saved view has them. What is not known is named. */
export function readFilters(spec: ListSpec, written: Readonly<Record<string, unknown>>, dropped: string[] = []): Filters {
    const found: Record<string, Condition> = {};
    for (const [name, value] of Object.entries(written)) {
        if (value === "" || value === null) continue;
        const own = spec.filters.find((one) => one.name === name);
        const condition = own && readCondition(own, value);
        if (condition) {
            found[name] = { ...found[name], ...condition };
            continue;
        }
        // The API's plain parameters stood in addresses before: `min_score`, `created_from`.
        const former = spec.filters.find(({ plain }) => Object.values(plain ?? {}).includes(name));
        const op = former && (Object.keys(former.plain!) as Op[]).find((one) => former.plain![one] === name);
        const shaped = op === "in" || op === "not_in" ? [value] : value;
        if (former && op && fits(former, op, shaped)) found[former.name] = { ...found[former.name], [op]: shaped };
        else dropped.push(name);
    }
    return setOnly(spec, found);
}

export function writeFilters(filters: Filters): Record<string, unknown> {
    return Object.fromEntries(Object.entries(filters).map(([name, condition]) => [name, writeCondition(condition)]));
}

export function startOf(spec: ListSpec): ListView {
    return { filters: {}, sort: spec.sort, layout: spec.layouts?.[0] ?? "table" };
}

/** Whether two views show the same. */
export function sameView(left: ListView, right: ListView): boolean {
    const plain = ({ filters, sort, layout }: ListView) => JSON.stringify([Object.entries(writeFilters(filters)).sort(([one], [other]) => (one < other ? -1 : 1)), sort.field, sort.order, layout]);
    return plain(left) === plain(right);
}

/** Reads an address. `base` is what holds where it says nothing: a saved view, or the list as it comes. `dropped` names what it says and the list does not know. */
export function readList(spec: ListSpec, search: URLSearchParams, base: ListView = startOf(spec)): { state: ListState; dropped: string[] } {
    const dropped: string[] = [];
    // How the tasks were narrowed in addresses before.
    for (const name of ["status", "who"]) if (search.has(name)) dropped.push(name);
    const written = search.get("filter");
    const filters = written === null ? base.filters : readFilters(spec, objectOf(written, dropped), dropped);
    const field = search.get("sort");
    const known = field !== null && spec.sorts.includes(field);
    if (field !== null && !known) dropped.push("sort");
    const sort: Sort = known ? { field, order: search.get("order") === "ASC" ? "ASC" : "DESC" } : base.sort;
    const page = Number(search.get("page") ?? 1);
    const isPage = Number.isSafeInteger(page) && page >= 1;
    if (!isPage) dropped.push("page");
    const size = PAGE_SIZES.find((one) => String(one) === search.get("per"));
    const layout = spec.layouts?.find((one) => one === search.get("layout")) ?? base.layout;
    const view = search.get("v");
    if (view !== null && !ID.test(view)) dropped.push("v");
    return { state: { filters, sort, layout, page: isPage ? page : 1, perPage: size ?? sizeOf(spec), view: view !== null && ID.test(view) ? view : null }, dropped };
}

function objectOf(text: string | null, dropped: string[]): Record<string, unknown> {
    if (!text) return {};
    try {
        const value: unknown = JSON.parse(text);
        if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    } catch {
        // Cut off by a mail program, for example.
    }
    dropped.push("filter");
    return {};
}

/** The address of a state; what is as it would be anyway is left out. `base`: none where an address that says nothing would mean something else. */
export function writeList(spec: ListSpec, state: ListState, from: ListView | null = startOf(spec)): string {
    const base = from ?? startOf(spec);
    const search = new URLSearchParams();
    const { sort, page, perPage, layout, view } = state;
    const filters = setOnly(spec, state.filters);
    if (view) search.set("v", view);
    if (from === null || !sameView({ ...base, filters }, base)) search.set("filter", JSON.stringify(writeFilters(filters)));
    if (sort.field !== base.sort.field || sort.order !== base.sort.order) {
        search.set("sort", sort.field);
        search.set("order", sort.order);
    }
    if (layout !== base.layout) search.set("layout", layout);
    if (page > 1) search.set("page", String(page));
    if (perPage !== sizeOf(spec)) search.set("per", String(perPage));
    return search.toString();
}

/** The state after a change. Whatever changes what is found, or its order, begins at the first page. */
export function changed(state: ListState, change: Partial<ListState>): ListState {
    return { ...state, page: 1, ...change };
}

const DAY_MS = 86_400_000;

/** What the plain parameters can say about a moment: written out, or so many days from now. */
const isPlainMoment = (value: string) => value.includes("T") || /^[+-]\d+d$/.test(value);
function plainMoment(value: string, now: number): string {
    const days = /^([+-]\d+)d$/.exec(value)?.[1];
    return days === undefined ? value : new Date(now + Number(days) * DAY_MS).toISOString();
}

const joined = (values: readonly string[]) => values.map((value) => value.replace(/[\\,]/g, "\\$&")).join(",");

/** The API's parameters for these filters: its plain ones where one value says it, else `filter[field][operator]`. */
export function parametersOf(spec: ListSpec, filters: Filters, { me, now = Date.now() }: { me?: string; now?: number } = {}): Record<string, string | number | boolean> {
    const found: Record<string, string | number | boolean> = {};
    for (const one of spec.filters) {
        const condition = filters[one.name];
        if (!condition) continue;
        for (const [op, value] of Object.entries(condition) as [Op, string | number | boolean | readonly string[]][]) {
            const plain = one.plain?.[op];
            const values = Array.isArray(value) ? (value as readonly string[]) : null;
            const alone = values ? values[0]! : (value as string | number | boolean);
            const mine = alone === "me" && one.kind === "person";
            if (plain !== undefined && (!values || values.length === 1) && alone !== "none" && !(mine && !me && one.field) && (typeof alone !== "string" || (op !== "from" && op !== "before") || isPlainMoment(alone))) {
                found[plain] = mine ? (me ?? alone) : op === "from" || op === "before" ? plainMoment(String(alone), now) : alone;
            } else if (one.field !== undefined) found[`filter[${one.field}][${op}]`] = values ? joined(values) : alone;
        }
    }
    return found;
}

/** What each list was last seen with, for the way back from one of its records. */
const lastSeen = new Map<string, string>();

export function rememberList(resource: string, search: string): void {
    lastSeen.set(resource, search);
}

/** The address of a list as it was last seen. */
export function listAddress(resource: string): string {
    const search = lastSeen.get(resource);
    return `/${resource}${search ? `?${search}` : ""}`;
}

/** For when somebody else may sit down here. */
export function forgetLists(): void {
    lastSeen.clear();
}
