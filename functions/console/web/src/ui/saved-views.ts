// Views of lists that somebody keeps under a name.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, ifMatch, once, session, take, type Schemas } from "../api/client";
import type { Entity, Versioned } from "../entities/entity";
import { DEFAULT_VIEW, useStored } from "../providers/store";
import type { Column } from "./columns";
import { type ListView, readFilters, type Sort, startOf, writeFilters } from "./list-state";

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

export const writeSort = ({ field, order }: Sort) => `${order === "DESC" ? "-" : ""}${field}`;

/** What is kept of a list as it is shown. */
export const factsOf = (shown: ListView, columns: readonly Column[]) => ({ filters: writeFilters(shown.filters), sort: writeSort(shown.sort), layout: shown.layout as Schemas["Layout"], columns: [...columns] });

const keyOf = (list: string) => ["saved-views", list];

/** The default view of each list, so that a list can be asked for before it is known which views there are. */
const defaultKey = (list: string) => `${list}${DEFAULT_VIEW}`;

export interface SavedViews {
    /** None until they are read. */
    data: SavedView[] | undefined;
    /** The view in which this person finds the list, as far as is known. */
    start: SavedView | null;
    failed: boolean;
}

export function useSavedViews(list: string): SavedViews {
    const [remembered, remember] = useStored<SavedView | null>(defaultKey(list), null);
    const { data, isError } = useQuery({
        queryKey: keyOf(list),
        queryFn: async () => (await take(api.GET("/api/v1/saved-views", { params: { query: { list, limit: 100, sort: "name" } } }))).data as SavedView[],
        staleTime: 5 * 60_000,
    });
    const start = data ? (data.find(({ is_default }) => is_default) ?? null) : remembered;
    useEffect(() => {
        // After the session there is nobody to keep it for.
        if (data && session.possible && JSON.stringify(start) !== JSON.stringify(remembered)) remember(start);
    }, [data, start, remembered, remember]);
    return { data, start, failed: isError };
}

export type ViewChange = Schemas["SavedViewsUpdateInput"];

/** Keeps, changes and deletes views. Each answer is shown at once. */
export function useViewChanges(list: string) {
    const client = useQueryClient();
    const put = (change: (views: SavedView[]) => SavedView[]) => client.setQueryData<SavedView[]>(keyOf(list), (views) => views && change(views));
    // One view at most is the default.
    const others = (views: SavedView[], one: SavedView) => views.filter(({ id }) => id !== one.id).map((view) => (one.is_default ? { ...view, is_default: false } : view));
    const sorted = (views: SavedView[]) => [...views].sort((left, right) => left.name.localeCompare(right.name));
    const show = (one: SavedView) => put((views) => sorted([...others(views, one), one]));
    return {
        create: async (given: Omit<Schemas["SavedViewsCreateInput"], "list">) => {
            const view = (await take(api.POST("/api/v1/saved-views", { params: { header: once() }, body: { ...given, list } }))) as SavedView;
            show(view);
            return view;
        },
        update: async (view: SavedView, body: ViewChange) => {
            const after = (await take(api.PATCH("/api/v1/saved-views/{id}", { params: { path: { id: view.id }, header: ifMatch(view.version) }, body }))) as SavedView;
            show(after);
            return after;
        },
        remove: async (view: SavedView) => {
            await take(api.DELETE("/api/v1/saved-views/{id}", { params: { path: { id: view.id }, header: ifMatch(view.version) } }));
            put((views) => views.filter(({ id }) => id !== view.id));
        },
    };
}
