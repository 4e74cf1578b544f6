// How values of several kinds of records are shown: fields that differ only in what they hold.
import { Box } from "@mui/material";
import { Face, Muted, When } from "../ui/parts";
import type { Field } from "./entity";
import type { Words } from "./words";

export const NOTHING = <Muted>–</Muted>;

type More<T> = Partial<Omit<Field<T>, "key" | "label" | "api">>;

/** A text that stands as it is. */
export function plain<T>(key: string, api: string, text: (record: T, words: Words) => string | number | null | undefined, more: More<T> = {}): Field<T> {
    return { key, api, label: `field.${api}` as Field<T>["label"], file: [api], text, show: (record, words) => text(record, words) || NOTHING, ...more };
}

/** A moment, near in words. */
export function moment<T>(key: string, api: string, at: (record: T) => string | null | undefined, more: More<T> = {}): Field<T> {
    return { key, api, label: `field.${api}` as Field<T>["label"], file: [api], first: "DESC", text: (record, { format }) => (at(record) ? format.stamp(at(record)!) : null), show: (record) => <When at={at(record)} />, ...more };
}

/** Whose it is. */
export function ownerField<T>(owner: (record: T, words: Words) => string | null | undefined, more: More<T> = {}): Field<T> {
    return {
        key: "owner",
        api: "owner_id",
        label: "field.owner_id",
        file: ["owner"],
        edit: { kind: "person" },
        text: owner,
        show: (record, words) => {
            const name = owner(record, words);
            if (!name) return NOTHING;
            return (
                <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75 }}>
                    <Face name={name} size={20} />
                    {name}
                </Box>
            );
        },
        brief: owner,
        ...more,
    };
}

/** A stage with its colour. */
export function StageName({ color, name }: { color: string | undefined; name: string }) {
    return (
        <Box component="span" sx={{ display: "flex", alignItems: "center", gap: 0.75 }}>
            <Box component="span" aria-hidden="true" sx={{ width: 7, height: 7, flexShrink: 0, borderRadius: "50%", bgcolor: color ?? "divider" }} />
            {name}
        </Box>
    );
}
