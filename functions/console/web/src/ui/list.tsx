// A list as its address describes it: what is read for it, what is selected in it, and how it changes. Whatever is inside shares it.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDataProvider } from "ra-core";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import { changed, type Filters, type ListSpec, type ListState, readList, rememberList, setOnly, type Sort, writeList } from "./list-state";

interface Row {
    id: string;
}

export interface List<T extends Row> extends ListState {
    spec: ListSpec;
    /** What the address says and the list does not know. */
    dropped: string[];
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
    selection: Selection;
}

export interface Selection {
    ids: readonly string[];
    has: (id: string) => boolean;
    set: (ids: readonly string[]) => void;
    /** `range`: as well all rows between this one and the one before, as with the Shift key. */
    toggle: (id: string, range?: boolean) => void;
    clear: () => void;
}

/** The ids from one row to another, whichever stands first. */
export function between(rows: readonly string[], from: string, to: string): string[] {
    const [start, end] = [rows.indexOf(from), rows.indexOf(to)].sort((left, right) => left - right) as [number, number];
    return start < 0 ? [to] : rows.slice(start, end + 1);
}

function useSelection(rows: readonly string[]): Selection {
    const [ids, set] = useState<readonly string[]>([]);
    const last = useRef<string | null>(null);
    return useMemo(() => {
        const chosen = new Set(ids);
        return {
            ids,
            has: (id) => chosen.has(id),
            set,
            toggle: (id, range = false) => {
                const meant = range && last.current ? between(rows, last.current, id) : [id];
                last.current = id;
                set(chosen.has(id) ? ids.filter((each) => !meant.includes(each)) : [...new Set([...ids, ...meant])]);
            },
            clear: () => set([]),
        };
    }, [ids, rows]);
}

/** What the address says, and how to change it. */
function useListState(spec: ListSpec) {
    const { search } = useLocation();
    const navigate = useNavigate();
    const { state, dropped } = useMemo(() => readList(spec, new URLSearchParams(search)), [spec, search]);
    const go = (change: Partial<ListState>, replace = false) => navigate({ search: writeList(spec, changed(state, change)) }, { replace });
    useEffect(() => rememberList(spec.resource, writeList(spec, state)), [spec, state]);
    return { state, dropped, go };
}

const Context = createContext<List<Row> | null>(null);

export function ListProvider<T extends Row>({ spec, children }: { spec: ListSpec; children: ReactNode }) {
    const { state, dropped, go } = useListState(spec);
    const provider = useDataProvider();
    const { filters, sort, page } = state;
    const query = useQuery({
        queryKey: [spec.resource, "list", filters, sort, page],
        queryFn: () => provider.getList<T>(spec.resource, { filter: filters, sort, pagination: { page, perPage: spec.perPage } }),
        placeholderData: keepPreviousData,
    });
    // The rows of the question before may stand while the answer is on its way, but not where none can come.
    const isCut = query.fetchStatus === "paused" && (query.isPlaceholderData || !query.data);
    const answer = isCut || query.error ? undefined : query.data;
    const ids = useMemo(() => answer?.data.map((row) => row.id) ?? [], [answer]);
    const selection = useSelection(ids);
    const last = answer && !query.isPlaceholderData ? Math.max(1, Math.ceil((answer.total ?? 0) / spec.perPage)) : undefined;
    useEffect(() => {
        // The page was there once: rows have gone since, or the link is old.
        if (last !== undefined && page > last) void go({ page: last }, true);
    }, [last, page]);
    const list: List<T> = {
        ...state,
        spec,
        dropped,
        rows: answer?.data,
        total: answer?.total,
        atLeast: (answer?.meta as { atLeast?: boolean } | undefined)?.atLeast ?? false,
        error: query.error,
        isFetching: query.isFetching,
        isCut,
        refetch: () => void query.refetch(),
        setFilters: (next, refine) => void go({ filters: setOnly(next) }, refine),
        setSort: (next) => void go({ sort: next }),
        setPage: (next) => void go({ page: next }),
        selection,
    };
    return <Context value={list as unknown as List<Row>}>{children}</Context>;
}

export function useList<T extends Row = Row>(): List<T> {
    const list = useContext(Context);
    if (!list) throw new Error("useList needs a ListProvider around it.");
    return list as unknown as List<T>;
}
