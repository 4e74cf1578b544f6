// Records and lists of records, by their entity: `page`, `limit`, `sort` and the API's own filters; changes as merge patches of what
// differs, guarded by the version that the person saw; files, which the API writes.
import { api, ifMatch, take, takeText } from "../api/client";

type Params = Record<string, unknown>;
type Loose = { data?: unknown; error?: unknown; response: Response };
/** Paths are put together here from the resource's name; everywhere else they are checked. */
const call = api as unknown as Record<"GET" | "PATCH", (path: string, init: Params) => Promise<Loose>>;

export interface Order {
    field: string;
    order: "ASC" | "DESC";
}

/** What a list can be asked for some of, so many records at once. */
const MOST_IDS = 100;

export interface Page<T> {
    data: T[];
    total: number;
    /** Of a search for common words the API counts only so far. */
    atLeast: boolean;
}

interface Answer<T> {
    data: T[];
    pagination: { total: number; total_is_exact?: boolean };
}

const root = (resource: string) => `/api/v1/${resource}`;

/** What is not set is not asked for. */
export function query(filter: Params): Params {
    return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== null && value !== ""));
}

/** An order as the API writes it. */
export function order(sort: Order | undefined): string | undefined {
    return sort && `${sort.order === "DESC" ? "-" : ""}${sort.field}`;
}

/** What a form changed, as a merge patch: cleared fields are null, untouched ones absent. Unknown fields are never sent. */
export function patch(data: Params, previous: Params): Params {
    // An empty field and no value are the same to a person.
    const plain = (value: unknown) => JSON.stringify(value === undefined || value === "" ? null : value);
    const same = (left: unknown, right: unknown) => plain(left) === plain(right);
    const changed = Object.entries(data).filter(([key, value]) => key !== "id" && !same(value, previous[key]));
    return Object.fromEntries(changed.map(([key, value]) => [key, value === undefined || value === "" ? null : value]));
}

/** Where a list is, and what it is asked for. */
function address(resource: string, init: Params): { path: string; asked: Params } {
    if (resource === "leads" && init.pool) {
        // The pool is a list of its own, which says what each lead lacks. It cannot be asked for a pipeline, since none of it has one.
        const { pool: _, status: __, pipeline_id: ___, ...rest } = init;
        return { path: "/api/v1/leads/unrouted", asked: rest };
    }
    return { path: root(resource), asked: init };
}

/** One page of a list. */
export async function listPage<T>(resource: string, { filter, sort, page, limit }: { filter?: Params; sort?: Order; page: number; limit: number }): Promise<Page<T>> {
    const { path, asked } = address(resource, query({ ...filter, page, limit, sort: order(sort) }));
    const { data, pagination } = (await take(call.GET(path, { params: { query: asked } }))) as Answer<T>;
    return { data, total: pagination.total, atLeast: pagination.total_is_exact === false };
}

/** How a file shows what is in it: the API's columns in their order, the language of headings and words, the zone of moments. */
export interface FileStyle {
    columns: readonly string[];
    language: string;
    zone: string;
}

/** The whole list as a file: the API writes it, from the list as it stands at one moment, or refuses where it is too long. */
export async function listFile(resource: string, { filter, sort }: { filter?: Params; sort?: Order }, { columns, language, zone }: FileStyle): Promise<string> {
    const { path, asked } = address(resource, query({ ...filter, sort: order(sort), format: "csv", columns: columns.join(","), language, zone }));
    return takeText(call.GET(path, { params: { query: asked }, parseAs: "text" }));
}

/** Some of its records as a file, however many: the API is asked for a hundred at a time. */
export async function fileOf(resource: string, ids: readonly string[], list: { filter?: Params; sort?: Order }, style: FileStyle): Promise<string> {
    const parts = Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) => ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS));
    const files = await Promise.all(parts.map((part) => listFile(resource, { ...list, filter: { ...list.filter, ids: part.join(",") } }, style)));
    // Headings have no line ends in them.
    return files.map((text, at) => (at === 0 ? text : text.slice(text.indexOf("\r\n") + 2))).join("");
}

export async function readOne<T>(resource: string, id: string): Promise<T> {
    return (await take(call.GET(`${root(resource)}/{id}`, { params: { path: { id } } }))) as T;
}

/** Changes fields of a record, unless somebody has changed it since `version`. */
export async function changeOne<T>(resource: string, id: string, changes: Params, version: number | undefined): Promise<T> {
    return (await take(call.PATCH(`${root(resource)}/{id}`, { params: { path: { id }, header: ifMatch(version) }, body: changes }))) as T;
}
