// react-admin's data provider over the API's lists and records.
//
// Lists become `page`, `limit`, `sort` and the API's own filters; changes are sent as merge patches of what differs, guarded by
// the version that the person saw.
import type { DataProvider, Identifier, RaRecord } from "ra-core";
import { api, ifMatch, once, take, takeText } from "../api/client";

type Params = Record<string, unknown>;
type Loose = { data?: unknown; error?: unknown; response: Response };
/** Paths are put together here from the resource's name; everywhere else they are checked. */
const call = api as unknown as Record<"GET" | "POST" | "PATCH" | "DELETE", (path: string, init: Params) => Promise<Loose>>;

const ROOT: Record<string, string> = {
    leads: "/api/v1/leads",
    deals: "/api/v1/deals",
    tasks: "/api/v1/tasks",
    team: "/api/v1/team",
    pipelines: "/api/v1/pipelines",
    "scoring/rules": "/api/v1/scoring/rules",
};

/** Resources without an endpoint for one record: they are few, and their list is read instead. */
const LISTED_WHOLE = new Set(["team", "pipelines"]);

/** Resources whose list can be asked for some of its records, so many at once. */
const LISTED_BY_IDS = new Set(["leads"]);
const MOST_IDS = 100;

interface Page {
    data: RaRecord[];
    pagination: { total: number; total_pages: number; page: number; total_is_exact?: boolean };
}

function root(resource: string): string {
    const path = ROOT[resource];
    if (!path) throw new Error(`There is no resource ${resource}.`);
    return path;
}

/** What is not set is not asked for. */
export function query(filter: Params): Params {
    return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== null && value !== ""));
}

/** react-admin's order as the API writes it. Its own default, `id`, is the list's default. */
export function order(sort: { field: string; order: string } | undefined): string | undefined {
    if (!sort || sort.field === "id" || sort.field === "") return undefined;
    return `${sort.order === "DESC" ? "-" : ""}${sort.field}`;
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

async function list(resource: string, init: Params): Promise<Page> {
    const { path, asked } = address(resource, init);
    return (await take(call.GET(path, { params: { query: asked } }))) as Page;
}

/** How a file shows what is in it: the API's columns in their order, the language of headings and words, the zone of moments. */
export interface FileStyle {
    columns: readonly string[];
    language: string;
    zone: string;
}

/** The whole list as a file: the API writes it, from the list as it stands at one moment, or refuses where it is too long. */
export async function listFile(resource: string, { filter, sort }: { filter?: Params; sort?: { field: string; order: string } }, { columns, language, zone }: FileStyle): Promise<string> {
    const wanted = query({ ...filter, sort: order(sort), format: "csv", columns: columns.join(","), language, zone });
    const { path, asked } = address(resource, wanted);
    return takeText(call.GET(path, { params: { query: asked }, parseAs: "text" }));
}

/** Some of its records as a file, however many: the API is asked for a hundred at a time. */
export async function fileOf(resource: string, ids: readonly Identifier[], list: { filter?: Params; sort?: { field: string; order: string } }, style: FileStyle): Promise<string> {
    const parts = Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) => ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS));
    const files = await Promise.all(parts.map((part) => listFile(resource, { ...list, filter: { ...list.filter, ids: part.join(",") } }, style)));
    // Headings have no line ends in them.
    return files.map((text, at) => (at === 0 ? text : text.slice(text.indexOf("\r\n") + 2))).join("");
}

/** Every record of a short list. */
async function whole(resource: string): Promise<RaRecord[]> {
    const first = await list(resource, { limit: 100 });
    const pages = Array.from({ length: first.pagination.total_pages - 1 }, (_, at) => list(resource, { limit: 100, page: at + 2 }));
    return [first, ...(await Promise.all(pages))].flatMap((page) => page.data);
}

async function one(resource: string, id: Identifier): Promise<RaRecord> {
    return (await take(call.GET(`${root(resource)}/{id}`, { params: { path: { id } } }))) as RaRecord;
}

async function update(resource: string, id: Identifier, data: Params, previous: Params): Promise<RaRecord> {
    const body = patch(data, previous);
    const headers = ifMatch(previous.version as number | undefined);
    return (await take(call.PATCH(`${root(resource)}/{id}`, { params: { path: { id }, header: headers }, body }))) as RaRecord;
}

// The interface's methods are generic in the record; what comes from the API is what the caller says it is.
export const dataProvider = {
    async getList(resource: string, { pagination, sort, filter }: { pagination?: { page: number; perPage: number }; sort?: { field: string; order: string }; filter?: Params }) {
        const { page = 1, perPage = 25 } = pagination ?? {};
        const answer = await list(resource, query({ ...filter, page, limit: perPage, sort: order(sort) }));
        // Of a search for common words the API counts only so far.
        return { data: answer.data, total: answer.pagination.total, meta: { atLeast: answer.pagination.total_is_exact === false } };
    },

    async getOne(resource: string, { id }: { id: Identifier }) {
        return { data: await one(resource, id) };
    },

    async getMany(resource: string, { ids }: { ids: Identifier[] }) {
        if (LISTED_WHOLE.has(resource)) {
            const all = await whole(resource);
            return { data: all.filter((record) => ids.includes(record.id)) };
        }
        if (LISTED_BY_IDS.has(resource)) {
            const parts = Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, at) => ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS));
            const pages = await Promise.all(parts.map((part) => list(resource, { ids: part.join(","), limit: MOST_IDS })));
            return { data: pages.flatMap((page) => page.data) };
        }
        return { data: await Promise.all(ids.map((id) => one(resource, id))) };
    },

    async getManyReference(resource: string, { target, id, pagination, sort, filter }: { target: string; id: Identifier; pagination: { page: number; perPage: number }; sort: { field: string; order: "ASC" | "DESC" }; filter: Params }) {
        return dataProvider.getList(resource, { pagination, sort, filter: { ...filter, [target]: id } });
    },

    async create(resource: string, { data }: { data: Params }) {
        const body = query(data);
        return { data: (await take(call.POST(root(resource), { params: { header: once() }, body }))) as RaRecord };
    },

    async update(resource: string, { id, data, previousData }: { id: Identifier; data: Params; previousData: Params }) {
        return { data: await update(resource, id, data, previousData) };
    },

    /** One by one: the API has no change of many at once, and each is its own entry in the audit log. */
    async updateMany(resource: string, { ids, data }: { ids: Identifier[]; data: Params }) {
        for (const id of ids) await update(resource, id, data, {});
        return { data: ids };
    },

    async delete(resource: string, { id, previousData }: { id: Identifier; previousData?: RaRecord }) {
        const header = ifMatch(previousData?.version as number | undefined);
        await take(call.DELETE(`${root(resource)}/{id}`, { params: { path: { id }, header } }));
        return { data: previousData ?? ({ id } as RaRecord) };
    },

    async deleteMany(resource: string, { ids }: { ids: Identifier[] }) {
        for (const id of ids) await dataProvider.delete(resource, { id });
        return { data: ids };
    },
} as DataProvider;
