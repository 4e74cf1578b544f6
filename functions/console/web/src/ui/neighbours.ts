// Which record comes before and which after this one, as the list showed them that was seen last. Whoever came by a link has none.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

export interface Neighbours {
    previous: string | null;
    next: string | null;
    /** Counted from 1. */
    at: number;
    of: number;
}

export function neighbours(ids: readonly string[], id: string): Neighbours | null {
    const at = ids.indexOf(id);
    return at < 0 ? null : { previous: ids[at - 1] ?? null, next: ids[at + 1] ?? null, at: at + 1, of: ids.length };
}

interface Listed {
    data?: { id: string }[];
}

/** The rows of the list that was read last and has this record. */
export function listedWith(client: QueryClient, resource: string, id: string): string[] {
    const lists = client.getQueryCache().findAll({ queryKey: [resource, "list"] }).sort((left, right) => right.state.dataUpdatedAt - left.state.dataUpdatedAt);
    for (const { state } of lists) {
        const rows = (state.data as Listed | undefined)?.data;
        if (Array.isArray(rows) && rows.some((row) => row.id === id)) return rows.map((row) => row.id);
    }
    return [];
}

/** The order holds while one goes from record to record: what one changes on the way may sort it elsewhere. */
export function useNeighbours(resource: string, id: string): Neighbours | null {
    const client = useQueryClient();
    const [ids, setIds] = useState(() => listedWith(client, resource, id));
    const mine = ids.includes(id) ? ids : listedWith(client, resource, id);
    if (mine !== ids && mine.length > 0) setIds(mine);
    return neighbours(mine, id);
}
