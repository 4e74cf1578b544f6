// What the console knows of a kind of record, said once: its fields, how they are shown, filtered, sorted, changed and exported, who may do
// what, and what has to be read again after a change. Tables, cards, filters, files and queries read it.
import type { ReactNode } from "react";
import type { MessageKey } from "../providers/i18n";
import type { Filters, FilterSpec, ListSpec, Sort } from "../ui/list-state";
import type { Words } from "./words";

/** Where the values of a filter come from, and how they are called. */
export type Choices =
    | { of: "words"; values: readonly string[]; say: string }
    | { of: "people" | "pipelines" | "stages" | "intents" | "sources" };

/** How a field is narrowed by; its name in the address is the field's API name unless it says another. */
export type FieldFilter = Omit<FilterSpec, "name"> & {
    name?: string;
    choices?: Choices;
    /** It stands in the bar also when nothing is asked of it. */
    quick?: boolean;
    /** It is asked for by a view alone. */
    isView?: boolean;
    /** Not where these filters make it mean nothing. */
    unless?: (filters: Filters) => boolean;
};

/** How a value is changed where it stands. */
export type Editor = { kind: "text" } | { kind: "tags" } | { kind: "person" } | { kind: "choice"; values: readonly string[]; say: string } | { kind: "day" } | { kind: "moment" } | { kind: "money" };

export interface Field<T> {
    /** In choices of columns and saved views. */
    key: string;
    label: MessageKey;
    /** What the API calls it in a record. */
    api: string;
    /** The API's name to sort by, where it can, and the order that a first press asks for. */
    sort?: string;
    first?: Sort["order"];
    filter?: FieldFilter;
    edit?: Editor;
    /** Not of this record, which the API would refuse. */
    fixed?: (record: T) => boolean;
    /** What the API calls it in files; there some are two columns. */
    file?: readonly string[];
    align?: "right";
    /** Pixels, until somebody pulls it. */
    width?: number;
    show: (record: T, words: Words) => ReactNode;
    /** In one line, for the card of a phone, where it differs. */
    brief?: (record: T, words: Words) => ReactNode;
    /** The same as text: empty where there is nothing to show. */
    text: (record: T, words: Words) => string | number | null | undefined;
    /** Always there under these filters, or never, whatever was chosen. */
    forced?: (filters: Filters) => boolean | undefined;
}

/** A view of a list that everybody has. */
export interface BuiltIn {
    key: string;
    label: MessageKey;
    /** None where it means nothing to this person. */
    filters: (known: Known) => Filters | null;
    sort?: Sort;
}

/** What built-in views depend on. */
export interface Known {
    /** The member who is signed in. */
    member: string | undefined;
    hotFrom: number;
}

export type EntityKind = "lead" | "deal" | "task" | "member";

export interface Versioned {
    id: string;
    version: number;
}

export interface Entity<T extends Versioned> extends ListSpec {
    kind: EntityKind;
    /** Whose scopes `…:read` and `…:write` one needs. */
    area: string;
    title: MessageKey;
    fields: readonly Field<T>[];
    /** The filters of all fields, and those that belong to none. */
    filters: readonly EntityFilter[];
    /** What a record is called, what stands below, and where it is. The first field shows the name. */
    name: (record: T) => string;
    about?: (record: T, words: Words) => ReactNode;
    to: (record: T) => string;
    /** Records open on their list's own page, which keeps what it shows: the address's parameter that names the one. */
    panel?: string;
    /** The API reads one by itself. */
    alone: boolean;
    /** The address of a list. */
    page: string;
    /** Fields that a table and a phone's card show at first, besides the name. */
    columns: readonly string[];
    facts: readonly string[];
    /** Of those, what stands at a card's right, without a heading, as everybody knows it. */
    atRight?: readonly string[];
    views: readonly BuiltIn[];
    /** How the list comes where nobody says anything; without it, all of it. */
    begin?: (known: Known) => Filters;
    /** What its orders are called where there are no headings to press. */
    orders: readonly Sort[];
    /** The beginnings of the keys of queries that show such records, or figures about them. */
    stale: readonly string[];
    /** Pictures of people, in front of the name. */
    faces?: boolean;
}

export type EntityFilter = FilterSpec & Pick<FieldFilter, "choices" | "quick" | "isView" | "unless"> & { label: MessageKey };

type Given<T extends Versioned> = Omit<Entity<T>, "filters" | "sorts"> & { more?: readonly EntityFilter[] };

export function entity<T extends Versioned>({ more = [], ...given }: Given<T>): Entity<T> {
    const own = given.fields.flatMap(({ api, label, filter }) => (filter ? [{ label, name: api, ...filter }] : []));
    return { ...given, filters: [...more, ...own], sorts: given.fields.flatMap(({ sort }) => sort ?? []) };
}

/** The fields shown, in their order: the first always, the others as chosen and as the filters force. */
export function shownFields<T>(fields: readonly Field<T>[], chosen: readonly string[], filters: Filters): Field<T>[] {
    const [name, ...others] = fields;
    const forced = (field: Field<T>) => field.forced?.(filters);
    const rest = chosen.flatMap((key) => others.filter((field) => field.key === key && forced(field) !== false));
    const added = others.filter((field) => forced(field) === true && !rest.includes(field));
    return [...(name ? [name] : []), ...rest, ...added];
}
