// Changing fields of a record from a list: shown at once, guarded by the version that was seen, taken back where one wants to.
import type { Entity, Versioned } from "../entities/entity";
import { useWords } from "../entities/words";
import { changeOne, readOne } from "../providers/data";
import { useChange } from "./change";

type Loose = Record<string, unknown>;

export function useEdit<T extends Versioned>(entity: Entity<T>): (record: T, fields: Partial<T>) => Promise<T | null> {
    const change = useChange(entity.kind);
    const words = useWords();
    return (record, fields) => {
        const { resource } = entity;
        const send = (version: number, what: Partial<T>) => changeOne<T>(resource, record.id, what as Loose, version);
        const fieldOf = (name: string) => entity.fields.find(({ api }) => api === name);
        const name = Object.keys(fields)[0] ?? "";
        // A row shows the owner's name as it was read with it.
        const { owner_id: owner } = fields as Loose;
        const beside = owner !== undefined && "owner_name" in record ? ({ owner_name: owner ? (words.nameOf(String(owner)) ?? null) : null } as Loose as Partial<T>) : undefined;
        const label = (one: string) => words.translate(fieldOf(one)?.label ?? `field.${one}`);
        return change<T>({
            record,
            fields,
            beside,
            send: (version) => send(version, fields),
            undo: send,
            said: "list.changed",
            args: { field: label(name), name: entity.name(record) },
            fieldwise: entity.alone
                ? { read: () => readOne<T>(resource, record.id), label, show: (one, value) => String(fieldOf(one)?.text({ ...record, [one]: value, ...(one === "owner_id" ? { owner_name: null } : {}) }, words) || "–") }
                : undefined,
        });
    };
}
