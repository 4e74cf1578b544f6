// A list as its address describes it: what is read for it, what is selected in it, and how it changes. Whatever is inside shares it.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import type { Entity, Known, Versioned } from "../entities/entity";
import { listPage } from "../providers/data";
import { type Column, useColumns } from "./columns";
import { useHotFrom, useMe } from "./known";
import { changed, type Filters, type ListState, type ListView, parametersOf, readList, rememberList, sameView, setOnly, type Sort, startOf, writeList } from "./list-state";
import { type SavedView, useSavedViews, viewOf } from "./saved-views";

type Params = Record<string, string | number | boolean>;

export interface List<T extends Versioned> extends ListState {
    entity: Entity<T>;
    /** What the address says and the list does not know. */
    dropped: string[];
    /** What the API is asked for. */
    asked: Params;
    /** The rows; none as long as there is no answer to what is asked. */
    rows: T[] | undefined;
    total: number | undefined;
    /** The API has counted only so far. */
    atLeast: boolean;
    error: Error | null;
    isFetching: boolean;
    /** There is no connection, and no answer to what is asked from before. */
    isCut: boolean;
    refetch: () => void;
    /** `refine`: it is the same question put more precisely, such as one more letter, and no step to go back to. */
    setFilters: (filters: Filters, refine?: boolean) => void;
    setSort: (sort: Sort) => void;
    setPage: (page: number) => void;
    setPerPage: (rows: number) => void;
    setLayout: (layout: string) => void;
    columns: Column[];
    setColumns: (columns: Column[]) => void;
    /** The saved view that is shown, perhaps changed since it was opened. */
    saved: SavedView | null;
    isChanged: boolean;
    /** Shows a saved view, or the list as it comes; whatever was changed in the one before is left. */
    show: (view: SavedView | null) => void;
    /** Goes to these filters, of no saved view. */
    showFilters: (filters: Filters, sort?: Sort) => void;
    selection: Selection;
    known: Known;
    /** Where a record opens. */
    addressOf: (record: T) => string;
    /** The record that is open on this page, by its id. */
    open: string | null;
    setOpen: (record: T) => void;
    close: () => void;
}

export interface Selection {
    ids: readonly string[];
    /** All that the filters find, on whatever page. */
    everything: boolean;
    /** How many. */
    count: number;
    has: (id: string) => boolean;
    set: (ids: readonly string[]) => void;
    /** `range`: as well all rows between this one and the one before, as with the Shift key. */
    toggle: (id: string, range?: boolean) => void;
    chooseEverything: () => void;
    clear: () => void;
}

/** The ids from one row to another, whichever stands first. */
export function between(rows: readonly string[], from: string, to: string): string[] {
    const [start, end] = [rows.indexOf(from), rows.indexOf(to)].sort((left, right) => left - right) as [number, number];
    return start < 0 ? [to] : rows.slice(start, end + 1);
}

/** `question`: what the rows answer; nothing that was chosen for it is meant when it is another. */
function useSelection(rows: readonly string[], total: number | undefined, question: string): Selection {
    const [ids, setIds] = useState<readonly string[]>([]);
    const [everythingOf, setEverythingOf] = useState<string | null>(null);
    const last = useRef<string | null>(null);
    const [before, setBefore] = useState(question);
    if (before !== question) {
        setBefore(question);
        setEverythingOf(null);
        setIds([]);
    }
    // The same for good, so that a row that is not concerned is not drawn anew.
    const press = useRef<Selection["toggle"]>(() => {});
    const toggle = useCallback<Selection["toggle"]>((id, range) => press.current(id, range), []);
    return useMemo(() => {
        const everything = everythingOf === question;
        const chosen = new Set(everything ? rows : ids);
        const set = (next: readonly string[]) => {
            setEverythingOf(null);
            setIds(next);
        };
        press.current = (id, range = false) => {
            const meant = range && last.current ? between(rows, last.current, id) : [id];
            last.current = id;
            const now = [...chosen];
            set(chosen.has(id) ? now.filter((each) => !meant.includes(each)) : [...new Set([...now, ...meant])]);
        };
        return {
            ids: everything ? rows : ids,
            everything,
            count: everything ? (total ?? rows.length) : ids.length,
            has: (id) => chosen.has(id),
            set,
            toggle,
            chooseEverything: () => setEverythingOf(question),
            clear: () => set([]),
        };
    }, [ids, rows, total, everythingOf, question, toggle]);
}

/** What the address says, and how to change it. */
export function useListState<T extends Versioned>(entity: Entity<T>, base: ListView) {
    const { search } = useLocation();
    const navigate = useNavigate();
    const { state, dropped } = useMemo(() => readList(entity, new URLSearchParams(search), base), [entity, search, base]);
    const to = (next: ListState, from: ListView | null, replace = false) => navigate({ search: writeList(entity, next, from) }, { replace });
    const go = (change: Partial<ListState>, replace = false) => to(changed(state, change), base, replace);
    useEffect(() => rememberList(entity.resource, writeList(entity, state, base)), [entity, state, base]);
    return { state, dropped, go, to };
}

/** The same address with a record opened, or closed. */
function withPanel(search: string, name: string, id: string | null): string {
    const params = new URLSearchParams(search);
    if (id) params.set(name, id);
    else params.delete(name);
    return params.toString();
}

const Context = createContext<List<Versioned> | null>(null);

const asksForMe = (filters: Filters) => Object.values(filters).some((condition) => condition.in?.includes("me") || condition.not_in?.includes("me"));

export function ListProvider<T extends Versioned>({ entity, children }: { entity: Entity<T>; children: ReactNode }) {
    const me = useMe();
    const hotFrom = useHotFrom();
    const { search } = useLocation();
    const navigate = useNavigate();
    const views = useSavedViews(entity.resource);
    const member = me?.member?.id;
    const known = useMemo<Known>(() => ({ member, hotFrom }), [member, hotFrom]);
    const params = useMemo(() => new URLSearchParams(search), [search]);
    // Whoever has a default view finds the list in it, unless the address says what to show.
    const named = params.get("v");
    const untouched = !["v", "filter", "sort", "layout"].some((name) => params.has(name));
    const saved = (named ? (views.data?.find(({ id }) => id === named) ?? (views.start?.id === named ? views.start : null)) : untouched ? views.start : null) ?? null;
    const plain = useMemo<ListView>(() => ({ ...startOf(entity), filters: setOnly(entity, entity.begin?.(known) ?? {}) }), [entity, known]);
    const base = useMemo(() => (saved ? viewOf(entity, saved) : plain), [entity, saved, plain]);
    const { state, dropped, go, to } = useListState(entity, base);
    const columns = useColumns(entity, saved);
    const { filters, sort, page, perPage } = state;
    const asked = useMemo(() => parametersOf(entity, filters, { me: member }), [entity, filters, member]);
    // What depends on who one is, or on a saved view, waits for it.
    const waits = (me === undefined && (asksForMe(filters) || entity.begin !== undefined)) || (named !== null && saved === null && views.data === undefined && !views.failed);
    const query = useQuery({
        queryKey: [entity.resource, "list", asked, sort, page, perPage],
        queryFn: () => listPage<T>(entity.resource, { filter: asked, sort, page, limit: perPage }),
        placeholderData: keepPreviousData,
        enabled: !waits,
    });
    // The rows of the question before may stand while the answer is on its way, but not where none can come.
    const isCut = query.fetchStatus === "paused" && (query.isPlaceholderData || !query.data);
    const answer = isCut || query.error ? undefined : query.data;
    const ids = useMemo(() => answer?.data.map((row) => row.id) ?? [], [answer]);
    const selection = useSelection(ids, answer?.total, JSON.stringify(asked));
    const last = answer && !query.isPlaceholderData ? Math.max(1, Math.ceil((answer.total ?? 0) / perPage)) : undefined;
    useEffect(() => {
        // The page was there once: rows have gone since, or the link is old.
        if (last !== undefined && page > last) void go({ page: last }, true);
    }, [last, page]);
    // With a default view, an address that says nothing means that.
    const hasDefault = views.start !== null;
    const missing = named !== null && !saved && (views.data !== undefined || views.failed);
    const addressOf = (record: T) => (entity.panel ? `${entity.page}?${withPanel(search, entity.panel, record.id)}` : entity.to(record));
    const list: List<T> = {
        ...state,
        entity,
        dropped: missing ? [...dropped, "v"] : dropped,
        asked,
        rows: answer?.data,
        total: answer?.total,
        atLeast: answer?.atLeast ?? false,
        error: query.error,
        isFetching: query.isFetching,
        isCut,
        refetch: () => void query.refetch(),
        setFilters: (next, refine) => void go({ filters: setOnly(entity, next) }, refine),
        setSort: (next) => void go({ sort: next }),
        setPage: (next) => void go({ page: next }),
        // The first row in sight stays in sight.
        setPerPage: (rows) => void go({ perPage: rows, page: Math.floor(((page - 1) * perPage) / rows) + 1 }),
        setLayout: (layout) => void go({ layout, page }),
        ...columns,
        saved,
        isChanged: saved !== null && (!sameView(state, base) || columns.areChanged),
        show: (view) => {
            columns.reset();
            const next = view ? viewOf(entity, view) : plain;
            void to({ ...state, ...next, page: 1, view: view?.id ?? null }, view || !hasDefault ? next : null);
        },
        showFilters: (next, order) => {
            columns.reset();
            void to({ ...state, ...plain, filters: setOnly(entity, next), sort: order ?? plain.sort, page: 1, view: null }, hasDefault ? null : plain);
        },
        selection,
        known,
        addressOf,
        setOpen: (record) => void navigate(addressOf(record)),
        open: entity.panel ? params.get(entity.panel) : null,
        close: () => void navigate({ search: withPanel(search, entity.panel!, null) }, { replace: true }),
    };
    return <Context value={list as unknown as List<Versioned>}>{children}</Context>;
}

export function useList<T extends Versioned = Versioned>(): List<T> {
    const list = useContext(Context);
    if (!list) throw new Error("useList needs a ListProvider around it.");
    return list as unknown as List<T>;
}
