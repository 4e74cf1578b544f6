// What has to be read again after a change. Said once for each kind of record: a page that forgets one shows what was.
import { onlineManager, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

/** The beginnings of the keys of what shows records of a kind, or figures about them. */
const SHOWN_IN = {
    lead: ["lead", "leads", "find", "board", "deal", "tasks", "team"],
    deal: ["deal", "board", "find", "lead", "leads", "tasks", "team"],
    task: ["tasks", "lead"],
    /** Somebody who leaves hands everything over. */
    member: ["team", "lead", "leads", "board", "deal", "tasks"],
} as const;

export type Changed = keyof typeof SHOWN_IN;

/** Resolves when it is read; without a connection at once, and it is read when there is one again. */
export async function reread(client: QueryClient, changed: Changed): Promise<void> {
    const reading = Promise.all(SHOWN_IN[changed].map((name) => client.invalidateQueries({ queryKey: [name] })));
    if (onlineManager.isOnline()) await reading;
}

export function useReread(changed: Changed): () => Promise<void> {
    const client = useQueryClient();
    return useCallback(() => reread(client, changed), [client, changed]);
}
