// What a list shows, as its address says it: filters, order and page. The address is the only place that knows, so going back and
// forward changes what is shown, and a link shows a colleague the same.
//
// An address may come from an older release, or from anybody. What the list does not know is left out and named, never asked of the
// API and never kept.

export type FilterValue = string | number | boolean;
export type Filters = Record<string, FilterValue | undefined>;

export interface Sort {
    field: string;
    order: "ASC" | "DESC";
}

/** Whether a value from an address can be a filter's. */
export type Kind = (value: unknown) => boolean;

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** The kinds of values that filters have. */
export const kinds = {
    text: isText as Kind,
    oneOf:
        (...values: readonly string[]): Kind =>
        (value) =>
            isText(value) && values.includes(value),
    whole: ((value) => Number.isSafeInteger(value)) as Kind,
    on: ((value) => value === true) as Kind,
    id: ((value) => isText(value) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) as Kind,
    moment: ((value) => isText(value) && /^\d{4}-\d{2}-\d{2}T/.test(value) && !Number.isNaN(Date.parse(value))) as Kind,
};

/** What a list can be asked for. */
export interface ListSpec {
    resource: string;
    filters: Record<string, Kind>;
    /** The fields that the API sorts by. */
    sorts: readonly string[];
    /** The order where the address says none. */
    sort: Sort;
    perPage: number;
}

export interface ListState {
    filters: Filters;
    sort: Sort;
    page: number;
}

/** Only the filters that are set. */
export function setOnly(filters: Filters): Filters {
    return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined && value !== ""));
}

/** Reads an address. `dropped` names what it says and the list does not know. */
export function readList(spec: ListSpec, search: URLSearchParams): { state: ListState; dropped: string[] } {
    const dropped: string[] = [];
    const filters: Filters = {};
    for (const [name, value] of Object.entries(objectOf(search.get("filter"), dropped))) {
        if (value === "" || value === null) continue;
        if (Object.hasOwn(spec.filters, name) && spec.filters[name]!(value)) filters[name] = value as FilterValue;
        else dropped.push(name);
    }
    const field = search.get("sort");
    const order = search.get("order");
    const known = field !== null && spec.sorts.includes(field);
    if (field !== null && !known) dropped.push("sort");
    const page = Number(search.get("page") ?? 1);
    const isPage = Number.isSafeInteger(page) && page >= 1;
    if (!isPage) dropped.push("page");
    const sort: Sort = known ? { field, order: order === "ASC" ? "ASC" : "DESC" } : spec.sort;
    return { state: { filters, sort, page: isPage ? page : 1 }, dropped };
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

/** The address of a state; what is as it would be anyway is left out. */
export function writeList(spec: ListSpec, { filters, sort, page }: ListState): string {
    const search = new URLSearchParams();
    const set = setOnly(filters);
    if (Object.keys(set).length > 0) search.set("filter", JSON.stringify(set));
    if (sort.field !== spec.sort.field || sort.order !== spec.sort.order) {
        search.set("sort", sort.field);
        search.set("order", sort.order);
    }
    if (page > 1) search.set("page", String(page));
    return search.toString();
}

/** The state after a change. Whatever changes what is found, or its order, begins at the first page. */
export function changed(state: ListState, change: Partial<ListState>): ListState {
    return { ...state, page: 1, ...change };
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
