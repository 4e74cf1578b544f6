// Fields for what the console is about: persons, amounts, tags.
import { Autocomplete, Chip, MenuItem, TextField, type TextFieldProps } from "@mui/material";
import { useEffect, useState } from "react";
import { useFormat } from "../i18n/format";
import { readMoney, showMoney } from "../i18n/money";
import { useT } from "../providers/i18n";
import { useOwners } from "./owners";
import { Muted } from "./parts";

type Rest = Pick<TextFieldProps, "label" | "required" | "disabled" | "autoFocus" | "error" | "helperText" | "size" | "fullWidth" | "sx">;

interface PersonProps extends Rest {
    value: string | null;
    onChange: (id: string | null) => void;
    /** Whose deals it is about: who serves it comes first. */
    pipeline?: string | null;
    /** What choosing nobody is called; without it somebody must be chosen. */
    none?: string;
    /** Its list is there at once. */
    opened?: boolean;
    onClosed?: () => void;
}

/** Only those who may own something, with how much they carry; and who it is now, whoever it is. */
export function PersonPick({ value, onChange, pipeline, none, opened = false, onClosed, ...rest }: PersonProps) {
    const owners = useOwners({ pipeline, current: value });
    return (
        <TextField
            {...rest}
            select
            value={owners.some((owner) => owner.value === value) ? value : ""}
            onChange={(event) => onChange(event.target.value || null)}
            slotProps={{
                inputLabel: { shrink: true },
                select: { defaultOpen: opened, displayEmpty: none !== undefined, onClose: onClosed, renderValue: (id) => owners.find((owner) => owner.value === id)?.name ?? none ?? "" },
            }}
        >
            {none !== undefined && <MenuItem value="">{none}</MenuItem>}
            {owners.map((owner) => (
                <MenuItem key={owner.value} value={owner.value}>
                    {owner.name}
                    <Muted sx={{ ml: "auto", pl: 2, fontSize: "s" }}>{owner.note}</Muted>
                </MenuItem>
            ))}
        </TextField>
    );
}

interface MoneyProps extends Rest {
    /** In minor units; nothing for none, and not a number for what cannot be read. */
    value: number | null;
    onChange: (minor: number | null) => void;
    currency: string;
}

/** An amount as one writes it: `1.234,50` or `1234.5`. */
export function MoneyField({ value, onChange, currency, error, helperText, ...rest }: MoneyProps) {
    const t = useT();
    const { region } = useFormat();
    const shown = (minor: number | null) => (minor === null || Number.isNaN(minor) ? "" : showMoney(minor, region, currency));
    const read = (written: string) => (written.trim() === "" ? null : (readMoney(written, region, currency) ?? Number.NaN));
    const [text, setText] = useState(shown(value));
    const unreadable = value !== null && Number.isNaN(value);
    useEffect(() => {
        // Set from elsewhere.
        if (!Object.is(read(text), value)) setText(shown(value));
    }, [value, region, currency]);
    return (
        <TextField
            {...rest}
            value={text}
            error={error || unreadable}
            helperText={unreadable ? t("form.money", { example: showMoney(123450, region, currency) }) : helperText}
            onChange={(event) => {
                setText(event.target.value);
                onChange(read(event.target.value));
            }}
            onBlur={() => !unreadable && setText(shown(value))}
            slotProps={{ inputLabel: { shrink: true }, htmlInput: { inputMode: "decimal", autoComplete: "off" }, input: { endAdornment: <Muted sx={{ fontSize: "s" }}>{currency}</Muted> } }}
        />
    );
}

interface TagProps extends Rest {
    value: readonly string[];
    onChange: (tags: string[]) => void;
    /** Offered while one writes. */
    known?: readonly string[];
}

/** Words; Enter or a comma ends one. */
export function TagField({ value, onChange, known = [], ...rest }: TagProps) {
    const t = useT();
    const [text, setText] = useState("");
    const set = (tags: readonly string[]) => onChange([...new Set(tags.map((tag) => tag.trim()).filter(Boolean))]);
    return (
        <Autocomplete
            multiple
            freeSolo
            disabled={rest.disabled}
            value={[...value]}
            inputValue={text}
            options={known.filter((tag) => !value.includes(tag))}
            onChange={(_, tags) => set(tags)}
            onInputChange={(_, next) => {
                if (!next.includes(",")) return setText(next);
                set([...value, ...next.split(",")]);
                setText("");
            }}
            onBlur={() => {
                if (text.trim()) set([...value, text]);
                setText("");
            }}
            clearText={t("choice.clear")}
            openText={t("choice.open")}
            closeText={t("choice.close")}
            renderValue={(tags, item) =>
                tags.map((tag, index) => {
                    const { key, ...props } = item({ index });
                    return <Chip key={key} size="small" label={tag} {...props} sx={{ borderRadius: 1 }} />;
                })
            }
            renderInput={(params) => <TextField {...params} {...rest} />}
        />
    );
}
