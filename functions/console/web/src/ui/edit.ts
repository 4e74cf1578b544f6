// Changing fields of a record from a list: shown at once, guarded by the version that was seen.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { sayError } from "../api/problem";
import { reread } from "../api/reread";
import type { Entity, Versioned } from "../entities/entity";
import { changeOne, type Page } from "../providers/data";
import { useTranslate } from "../providers/i18n";
import { notify } from "./notify";

export function useEdit<T extends Versioned>(entity: Entity<T>): (record: T, fields: Partial<T>) => Promise<unknown> {
    const client = useQueryClient();
    const translate = useTranslate();
    const lists = { queryKey: [entity.resource, "list"] };
    const show = (id: string, fields: Partial<T>) =>
        client.setQueriesData<Page<T>>(lists, (page) => page && { ...page, data: page.data.map((row) => (row.id === id ? { ...row, ...fields } : row)) });
    const { mutateAsync } = useMutation({
        mutationFn: ({ record, fields }: { record: T; fields: Partial<T> }) => changeOne<T>(entity.resource, record.id, fields as Record<string, unknown>, record.version),
        onMutate: async ({ record, fields }) => {
            await client.cancelQueries(lists);
            show(record.id, fields);
        },
        onSuccess: (after) => show(after.id, after),
        onError: (error, { record }) => {
            show(record.id, record);
            notify(sayError(error, translate), { type: "error" });
        },
        onSettled: () => reread(client, entity.kind),
    });
    return (record, fields) => mutateAsync({ record, fields }).catch(() => undefined);
}
