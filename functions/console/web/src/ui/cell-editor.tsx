// A value changed where it stands: Enter saves, Escape leaves it as it was.
import { Box, Button, MenuItem, MenuList, Popover, TextField } from "@mui/material";
import { Check } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { Entity, Field, Versioned } from "../entities/entity";
import { isDay, isMoment } from "../i18n/day";
import { minorUnits } from "../i18n/format";
import { fromLocal, toLocal } from "../i18n/zone";
import { useT, useTranslate } from "../providers/i18n";
import { DateField } from "./date-field";
import { useEdit } from "./edit";
import { useZone } from "./known";
import { useOwners } from "./owners";
import { Face, Muted } from "./parts";

interface Props<T extends Versioned> {
    anchor: HTMLElement;
    record: T;
    field: Field<T>;
    entity: Entity<T>;
    onClose: () => void;
}

type Loose = Record<string, unknown>;

export function CellEditor<T extends Versioned>({ anchor, record, field, entity, onClose }: Props<T>) {
    const t = useT();
    const edit = useEdit(entity);
    const was = (record as Loose)[field.api];
    const save = (value: unknown) => {
        onClose();
        anchor.focus();
        const same = JSON.stringify(value ?? null) === JSON.stringify(was ?? null);
        if (!same) void edit(record, { [field.api]: value } as Partial<T>);
    };
    const kind = field.edit!.kind;
    const label = t(field.label);
    return (
        <Popover open anchorEl={anchor} onClose={onClose} anchorOrigin={{ vertical: "top", horizontal: "left" }} slotProps={{ paper: { role: "dialog", "aria-label": t("list.changeField", { field: label, name: entity.name(record) }), sx: { border: 1, borderColor: "divider", minWidth: 220, maxWidth: "calc(100vw - 24px)" } } }}>
            {kind === "person" ? (
                <People label={label} current={was as string | null} pipeline={(record as Loose).pipeline_id as string | null | undefined} choose={save} />
            ) : kind === "choice" ? (
                <Words label={label} field={field} current={was as string} choose={save} />
            ) : (
                <Written label={label} field={field} record={record} was={was} save={save} cancel={onClose} />
            )}
        </Popover>
    );
}

function People({ label, current, pipeline, choose }: { label: string; current: string | null; pipeline: string | null | undefined; choose: (id: string | null) => void }) {
    const t = useT();
    const owners = useOwners({ pipeline, current });
    const all = [{ value: "", name: t("lead.nobody"), note: "" }, ...owners];
    return (
        <MenuList autoFocusItem aria-label={label} sx={{ maxHeight: 340, overflowY: "auto" }}>
            {all.map(({ value, name, note }) => (
                <MenuItem key={value} role="menuitemradio" aria-checked={value === (current ?? "")} selected={value === (current ?? "")} onClick={() => choose(value || null)}>
                    {value ? <Face name={name} size={20} /> : <Box sx={{ width: 20 }} />}
                    {name}
                    <Muted sx={{ ml: "auto", pl: 2, fontSize: "s" }}>{note}</Muted>
                </MenuItem>
            ))}
        </MenuList>
    );
}

function Words<T extends Versioned>({ label, field, current, choose }: { label: string; field: Field<T>; current: string; choose: (value: string) => void }) {
    const translate = useTranslate();
    const editor = field.edit;
    if (editor?.kind !== "choice") return null;
    return (
        <MenuList autoFocusItem aria-label={label}>
            {editor.values.map((value) => (
                <MenuItem key={value} role="menuitemradio" aria-checked={value === current} selected={value === current} onClick={() => choose(value)}>
                    <Box sx={{ width: 16 }}>{value === current && <Check size={14} aria-hidden="true" />}</Box>
                    {translate(`${editor.say}.${value}`)}
                </MenuItem>
            ))}
        </MenuList>
    );
}

/** What is typed, and what it means to the API; a fault where it means nothing. */
function Written<T extends Versioned>({ label, field, record, was, save, cancel }: { label: string; field: Field<T>; record: T; was: unknown; save: (value: unknown) => void; cancel: () => void }) {
    const t = useT();
    const zone = useZone();
    const kind = field.edit!.kind;
    const currency = ((record as Loose).currency as string | undefined) ?? "EUR";
    const [text, setText] = useState(() => {
        if (kind === "tags") return (was as string[]).join(", ");
        if (kind === "money") return String((was as number) / minorUnits(currency));
        if (kind === "moment") return toLocal(was as string | null, zone);
        return (was as string | null) ?? "";
    });
    const [fault, setFault] = useState<string | null>(null);
    const submit = (event: FormEvent) => {
        event.preventDefault();
        const written = text.trim();
        if (kind === "tags") return save([...new Set(written.split(",").map((tag) => tag.trim()).filter(Boolean))]);
        if (kind === "money") {
            const amount = Number(written.replace(",", "."));
            const minor = Math.round(amount * minorUnits(currency));
            return written !== "" && Number.isSafeInteger(minor) && minor >= 0 ? save(minor) : setFault(t("fault.at.number"));
        }
        if (written !== "" && ((kind === "day" && !isDay(written)) || (kind === "moment" && !isMoment(written)))) return setFault(t("form.date"));
        // The field knows no seconds: what was not touched must not lose them.
        if (kind === "moment") return save(written === "" ? null : written === toLocal(was as string | null, zone) ? was : fromLocal(written, zone));
        return save(written || null);
    };
    const shared = { label, value: text, error: fault !== null, helperText: fault ?? (kind === "tags" ? t("lead.tagsHelp") : undefined), autoFocus: true, fullWidth: true };
    return (
        <Box component="form" noValidate onSubmit={submit} sx={{ p: 1.5, display: "grid", gap: 1.25, width: 300, maxWidth: "100%" }}>
            {kind === "day" || kind === "moment" ? <DateField {...shared} withTime={kind === "moment"} onChange={setText} /> : <TextField {...shared} onChange={(event) => setText(event.target.value)} slotProps={{ htmlInput: { inputMode: kind === "money" ? "decimal" : undefined } }} />}
            <Box sx={{ display: "flex", justifyContent: "flex-end", gap: 1 }}>
                <Button onClick={cancel}>{t("action.cancel")}</Button>
                <Button type="submit" variant="contained">
                    {t("action.save")}
                </Button>
            </Box>
        </Box>
    );
}
