// Views of lists that somebody keeps under a name.
import type { Entity, Versioned } from "../entities/entity";
import type { Column } from "./columns";
import { type ListView, readFilters, type Sort, startOf } from "./list-state";

export interface SavedView extends Versioned {
    list: string;
    name: string;
    shared: boolean;
    owner_name: string | null;
    layout: string;
    columns: Column[];
    filters: Record<string, unknown>;
    sort: string | null;
    is_default: boolean;
    may_change: boolean;
}

/** `-created_at` as an order. */
export function readSort(text: string | null | undefined, sorts: readonly string[]): Sort | null {
    const field = text?.replace(/^-/, "");
    return field && sorts.includes(field) ? { field, order: text!.startsWith("-") ? "DESC" : "ASC" } : null;
}

/** What a saved view shows, as far as the list still knows it. */
export function viewOf<T extends Versioned>(entity: Entity<T>, view: SavedView): ListView {
    const start = startOf(entity);
    return { filters: readFilters(entity, view.filters), sort: readSort(view.sort, entity.sorts) ?? start.sort, layout: entity.layouts?.includes(view.layout) ? view.layout : start.layout };
}

export function useSavedViews(_list: string): { data: SavedView[] | undefined; isLoading: boolean } {
    return NONE;
}
const NONE = { data: [] as SavedView[], isLoading: false };
