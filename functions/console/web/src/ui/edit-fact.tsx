// A fact that is changed where it stands. What is written and not saved stays: over Escape, a reload and an ended session.
import { Box, IconButton } from "@mui/material";
import { Pencil } from "lucide-react";
import { type FocusEvent, type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { useT } from "../providers/i18n";
import { same } from "./conflict";
import { type Draft, dropDraft, keepDraft, readDraft } from "./drafts";
import { Fact } from "./facts";
import { Tag } from "./parts";

export interface Editing<V> {
    value: V;
    label: string;
    change: (value: V) => void;
    /** Saves it as it stands, or this. */
    commit: (value?: V) => void;
    /** Saves nothing. What was written stays as a draft. */
    leave: () => void;
}

/** What stood there when one began to write. */
export interface Seen<V> {
    value: V;
    version?: number;
}

interface Props<V> {
    label: string;
    /** How it is read. */
    children: ReactNode;
    value: V;
    /** Under which name it is kept while it is not saved, such as `lead/<id>/phone`. */
    draft: string;
    /** Of the record it belongs to: a draft is saved over what one saw, also after a reload. */
    version?: number;
    /** Resolves to nothing where it did not work. Without it, it is only read. */
    save?: (value: V, seen: Seen<V>) => Promise<unknown>;
    /** What cannot be read is not sent; the field itself says why. */
    valid?: (value: V) => boolean;
    editor: (editing: Editing<V>) => ReactNode;
}

interface Held<V> {
    value: V;
    version: number | null;
}

export function EditFact<V>({ label, children, value, draft, version, save, valid = () => true, editor }: Props<V>) {
    const t = useT();
    const [held, setHeld] = useState(() => readDraft<Held<V>>(draft, ["value", "version"]));
    const [editing, setEditing] = useState(false);
    const box = useRef<HTMLDivElement>(null);
    const pencil = useRef<HTMLButtonElement>(null);
    const now = held ? held.values.value : value;
    // Written at once: what leaves the field saves in the same moment.
    const written = useRef(now);
    written.current = now;
    // As it was when one began: what somebody else writes meanwhile must not be taken for what one saw.
    const begun = useRef({ value, version, save });
    const change = (next: V) => {
        written.current = next;
        if (same(next, value)) {
            dropDraft(draft);
            setHeld(null);
        } else {
            const { value, version = null } = begun.current;
            const kept: Draft<Held<V>> = { before: { value, version }, values: { value: next, version }, at: Date.now() };
            keepDraft(draft, kept);
            setHeld(kept);
        }
    };
    // A list tells what was chosen, and then that it has closed: the first counts.
    const over = useRef(false);
    const leave = (back: boolean) => {
        over.current = true;
        setEditing(false);
        if (back) setTimeout(() => pencil.current?.focus());
    };
    const commit = (next: V, back: boolean) => {
        if (over.current || !valid(next)) return undefined;
        leave(back);
        const { save, ...seen } = begun.current;
        if (same(next, seen.value) || !save) {
            dropDraft(draft);
            setHeld(null);
            return undefined;
        }
        change(next);
        return void save(next, seen).then((done) => {
            // What was refused is still there to be mended.
            if (done === null) return;
            dropDraft(draft);
            setHeld(null);
        });
    };
    const press = (event: KeyboardEvent) => {
        if (event.key === "Escape") leave(true);
        else if (event.key === "Enter" && !event.defaultPrevented) commit(written.current, true);
        else return;
        event.preventDefault();
        event.stopPropagation();
    };
    const blur = ({ relatedTarget }: FocusEvent) => {
        // A list that belongs to the field lies elsewhere in the page.
        const within = relatedTarget instanceof Element && (box.current?.contains(relatedTarget) || relatedTarget.closest(".MuiModal-root, .MuiAutocomplete-popper") !== null);
        if (!within && relatedTarget !== null) commit(written.current, false);
    };
    if (editing) {
        return (
            <Fact label={label}>
                <Box ref={box} onKeyDown={press} onBlur={blur}>
                    {editor({ value: now, label, change, commit: (next) => commit(next === undefined ? written.current : next, true), leave: () => leave(true) })}
                </Box>
            </Fact>
        );
    }
    return (
        <Fact label={label}>
            <Box sx={{ display: "flex", alignItems: "flex-start", gap: 0.5, minHeight: 24, "& .edit": { opacity: 0 }, "&:hover .edit, &:focus-within .edit": { opacity: 1 }, "@media (hover: none)": { "& .edit": { opacity: 1 } } }}>
                <Box sx={{ minWidth: 0, pt: 0.25 }}>
                    {children || "–"}
                    {held && !same(now, value) && (
                        <Box>
                            <Tag tone="note">{t("form.unsaved")}</Tag>
                        </Box>
                    )}
                </Box>
                {save && (
                    <IconButton ref={pencil} className="edit" aria-label={t("form.editFact", { name: label })} onClick={() => {
                            over.current = false;
                            begun.current = held ? { value: held.before.value, version: held.before.version ?? undefined, save } : { value, version, save };
                            setEditing(true);
                        }} sx={{ minWidth: 24, minHeight: 24, p: 0.25 }}>
                        <Pencil size={13} />
                    </IconButton>
                )}
            </Box>
        </Fact>
    );
}
