// What has to be read again after a change: what the description of the kind of record names. A page that forgets one shows what was.
import { onlineManager, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { ENTITIES } from "../entities";
import type { EntityKind } from "../entities/entity";

export type Changed = EntityKind;

/** The beginnings of the keys of what shows records of a kind, or figures about them. */
export const SHOWN_IN: Record<Changed, readonly string[]> = { lead: ENTITIES.lead.stale, deal: ENTITIES.deal.stale, task: ENTITIES.task.stale, member: ENTITIES.member.stale };

/** Resolves when it is read; without a connection at once, and it is read when there is one again. */
export async function reread(client: QueryClient, changed: Changed): Promise<void> {
    const reading = Promise.all(SHOWN_IN[changed].map((name) => client.invalidateQueries({ queryKey: [name] })));
    if (onlineManager.isOnline()) await reading;
}

export function useReread(changed: Changed): () => Promise<void> {
    const client = useQueryClient();
    return useCallback(() => reread(client, changed), [client, changed]);
}
