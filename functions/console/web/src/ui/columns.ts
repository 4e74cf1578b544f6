// Which fields of a list stand in its table, in which order and how wide: as a saved view says, else as the person chose. What fits a table
// would crowd a phone's card, so each keeps its own choice.
import { useMediaQuery } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { useMemo, useState } from "react";
import type { Entity, Versioned } from "../entities/entity";
import { useStored } from "../providers/store";
import type { SavedView } from "./saved-views";

export interface Column {
    field: string;
    /** Pixels, once somebody has pulled it. */
    width?: number;
}

export const NARROWEST = 56;
export const WIDEST = 800;

export const usePhone = () => useMediaQuery(useTheme().breakpoints.down("sm"), { noSsr: true });

/** Former settings are names without widths. What the list no longer has is left out. */
export function knownColumns<T extends Versioned>(entity: Entity<T>, kept: readonly (Column | string)[]): Column[] {
    const columns = kept.map((one) => (typeof one === "string" ? { field: one } : one));
    return columns.filter(({ field }, at) => entity.fields.some(({ key }) => key === field) && columns.findIndex((one) => one.field === field) === at);
}

/** One column before another; after all where there is none. */
export function moved(columns: readonly Column[], field: string, before: string | null): Column[] {
    const one = columns.find((column) => column.field === field);
    if (!one || field === before) return [...columns];
    const rest = columns.filter((column) => column !== one);
    const at = before === null ? rest.length : rest.findIndex((column) => column.field === before);
    return at < 0 ? [...columns] : [...rest.slice(0, at), one, ...rest.slice(at)];
}

export function useColumns<T extends Versioned>(entity: Entity<T>, saved: SavedView | null): { columns: Column[]; setColumns: (columns: Column[]) => void; areChanged: boolean; reset: () => void } {
    const phone = usePhone();
    const [kept, keep] = useStored<readonly (Column | string)[] | null>(`${entity.resource}.${phone ? "facts" : "columns"}`, null);
    // What is changed in a saved view is the view's, once it is saved.
    const [changes, setChanges] = useState<{ view: string; columns: Column[] } | null>(null);
    const ofView = saved && !phone && saved.columns.length > 0 ? saved.columns : null;
    const mine = changes && saved && changes.view === saved.id ? changes.columns : null;
    const columns = useMemo(() => knownColumns(entity, mine ?? ofView ?? kept ?? (phone ? entity.facts : entity.columns)), [entity, mine, ofView, kept, phone]);
    return {
        columns,
        setColumns: (next) => (saved && !phone ? setChanges({ view: saved.id, columns: next }) : keep(next)),
        areChanged: mine !== null && JSON.stringify(mine) !== JSON.stringify(ofView ?? []),
        reset: () => setChanges(null),
    };
}
