// Forms in dialogs: what the API refuses is shown at the field it refuses, what others changed meanwhile beside what the person wrote, and
// what is written is not lost without a question.
import { Alert, Box, Button, Dialog, DialogActions, DialogContent, DialogTitle, MenuItem, TextField } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslate } from "ra-core";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { Controller, FormProvider, useForm, useFormContext, type DefaultValues, type Path } from "react-hook-form";
import { ApiError, fieldErrors } from "../api/problem";
import { useFormat } from "../i18n/format";
import { useT } from "../providers/i18n";
import { differs, merge, same } from "./conflict";
import { Muted } from "./parts";
import { DateField, isDateValue } from "./date-field";
import { type Draft, dropDraft, keepDraft, readDraft } from "./drafts";

export type Values = Record<string, string | number | boolean | string[] | null>;

interface Props<V extends Values> {
    open: boolean;
    title: string;
    submit: string;
    /** What the form begins with. When the record is read anew meanwhile, what others changed is taken over, or shown where both did. */
    values: V;
    onClose: () => void;
    /** How many of the API's units one of a field's is, where they differ; of what stands in the form. */
    units?: (values: V) => Record<string, number>;
    /** Throws what the API said. `before` is what the form began with: only what differs from it is the person's change. */
    onSubmit: (values: V, before: V) => Promise<unknown>;
    /** Names what is written and not saved, such as `lead/<id>`: it is kept under this name. Not for forms with passwords. */
    draft?: string;
    /** It cannot be undone, or is bad news. */
    grave?: boolean;
    children: ReactNode;
}

export function FormDialog<V extends Values>(props: Props<V>) {
    // Escape and a click beside it ask the form, which knows what would be lost.
    const leave = useRef(() => {});
    // Opened again while it still fades away, it begins anew.
    const [opening, setOpening] = useState({ open: props.open, count: 0 });
    if (opening.open !== props.open) setOpening({ open: props.open, count: opening.count + Number(props.open) });
    return (
        <Dialog open={props.open} onClose={() => leave.current()} maxWidth="sm" fullWidth slotProps={{ paper: { "aria-label": props.title } }}>
            <Inner key={opening.count} {...props} leave={leave} />
        </Dialog>
    );
}

/** What others wrote into fields that the person changed too. */
const Conflicts = createContext<Partial<Values>>({});

/** What the form begins with: what was written before and not saved, brought together with what the record says by now. */
function begin<V extends Values>(values: V, draft: Draft<V> | null) {
    if (!draft || !differs(draft.values, draft.before)) return { values, conflicts: {} as Partial<V>, writtenAt: null };
    return { ...merge(draft.before, draft.values, values), writtenAt: draft.at };
}

function Inner<V extends Values>({ title, submit, values, units, onClose, onSubmit, draft, grave, leave, children }: Props<V> & { leave: { current: () => void } }) {
    const t = useT();
    const translate = useTranslate();
    const client = useQueryClient();
    const [start] = useState(() => begin(values, draft ? readDraft<V>(draft, Object.keys(values)) : null));
    const [before, setBefore] = useState(values);
    const [conflicts, setConflicts] = useState(start.conflicts);
    const [writtenAt, setWrittenAt] = useState(start.writtenAt);
    const form = useForm<V>({ defaultValues: start.values as DefaultValues<V> });
    const [general, setGeneral] = useState<string | null>(null);
    const [overtaken, setOvertaken] = useState(false);
    const [asking, setAsking] = useState(false);
    const submitting = form.formState.isSubmitting;

    // Being saved, or saved: what is read then is what was sent.
    const sent = useRef(false);
    useEffect(() => {
        if (sent.current || !differs(values, before)) return;
        const merged = merge(before, form.getValues(), values);
        for (const [name, value] of Object.entries(merged.values)) if (!same(value, form.getValues(name as Path<V>))) form.setValue(name as Path<V>, value as never);
        setBefore(values);
        setConflicts((known) => ({ ...known, ...merged.conflicts }));
        setGeneral(null);
        // By their content: callers put the values together at every look.
    }, [JSON.stringify(values), submitting]);

    useEffect(() => {
        if (!draft) return undefined;
        const { unsubscribe } = form.watch(() => {
            const given = form.getValues();
            if (sent.current) return;
            if (differs(given, before)) keepDraft(draft, { before, values: given, at: Date.now() });
            else dropDraft(draft);
        });
        return unsubscribe;
    }, [draft, before, form]);

    const close = () => {
        setAsking(false);
        if (draft) dropDraft(draft);
        onClose();
    };
    // What is under way comes to its end here: else nobody would see how.
    leave.current = () => {
        if (submitting) return;
        if (differs(form.getValues(), before)) setAsking(true);
        else close();
    };
    const send = form.handleSubmit(async (given) => {
        setGeneral(null);
        try {
            sent.current = true;
            await onSubmit(given, before);
            close();
        } catch (error) {
            sent.current = false;
            const { "root.serverError": rest, ...fields } = fieldErrors(error, Object.keys(values), translate, units?.(given));
            for (const [field, message] of Object.entries(fields)) form.setError(field as never, { type: "server", message });
            setGeneral(rest ?? null);
            const first = Object.keys(fields)[0];
            if (first) form.setFocus(first as never);
            // Somebody else changed it. With its new version, saving again adds this change to theirs.
            if (error instanceof ApiError && error.status === 412) {
                setOvertaken(true);
                await client.invalidateQueries();
            }
        }
    });
    const both = Object.keys(conflicts).length;
    const said = general ?? (both > 0 ? t("form.both", { smart_count: both }) : overtaken ? t("form.merged") : null);
    return (
        <FormProvider {...form}>
            <Conflicts value={conflicts}>
                <Box component="form" noValidate onSubmit={(event: React.FormEvent) => void send(event)} sx={{ display: "contents" }}>
                    <DialogTitle>{title}</DialogTitle>
                    <DialogContent sx={{ display: "grid", gap: 2, pt: "12px !important" }}>
                        {said && (
                            <Alert severity={general ? "error" : "warning"} variant="outlined">
                                {said}
                            </Alert>
                        )}
                        {writtenAt && (
                            <Restored
                                at={writtenAt}
                                onDiscard={() => {
                                    if (draft) dropDraft(draft);
                                    form.reset(values as DefaultValues<V>);
                                    setConflicts({});
                                    setWrittenAt(null);
                                }}
                            />
                        )}
                        {children}
                    </DialogContent>
                    <DialogActions>
                        <Button onClick={() => leave.current()} disabled={submitting}>
                            {t("action.cancel")}
                        </Button>
                        <Button type="submit" variant="contained" color={grave ? "error" : "primary"} disabled={submitting}>
                            {submit}
                        </Button>
                    </DialogActions>
                </Box>
                <Discard open={asking} onStay={() => setAsking(false)} onDiscard={close} />
            </Conflicts>
        </FormProvider>
    );
}

/** What was written before and not saved stands in the form again. */
function Restored({ at, onDiscard }: { at: number; onDiscard: () => void }) {
    const t = useT();
    const format = useFormat();
    return (
        <Alert
            severity="info"
            variant="outlined"
            action={
                <Button color="inherit" onClick={onDiscard}>
                    {t("form.discard")}
                </Button>
            }
        >
            {t("form.restored", { at: format.relative(new Date(at)) })}
        </Alert>
    );
}

/** Asks before what is written is lost. */
export function Discard({ open, onStay, onDiscard }: { open: boolean; onStay: () => void; onDiscard: () => void }) {
    const t = useT();
    return (
        <Dialog open={open} onClose={onStay} maxWidth="xs" role="alertdialog">
            <DialogTitle>{t("form.discardTitle")}</DialogTitle>
            <DialogContent>{t("form.discardHint")}</DialogContent>
            <DialogActions>
                <Button onClick={onDiscard} color="error">
                    {t("form.discard")}
                </Button>
                <Button onClick={onStay} variant="contained" autoFocus>
                    {t("form.stay")}
                </Button>
            </DialogActions>
        </Dialog>
    );
}

/** What somebody else has written into this field meanwhile, to compare and to take. */
function Theirs({ value, options, onTake }: { value: Values[string]; options: FieldProps["options"]; onTake: () => void }) {
    const t = useT();
    const word = (one: unknown) => options?.find((option) => option.value === one)?.name ?? String(one ?? "");
    const shown = (Array.isArray(value) ? value.map(word).join(", ") : word(value)) || t("form.nothing");
    return (
        <Box component="span" sx={{ color: "bad.main" }}>
            {t("form.theirs", { value: shown })}{" "}
            <Button onClick={onTake} sx={{ py: 0, minHeight: 24 }}>
                {t("form.take")}
            </Button>
        </Box>
    );
}

interface FieldProps {
    name: string;
    label: string;
    type?: "text" | "number" | "date" | "datetime-local" | "password" | "email";
    required?: boolean;
    rows?: number;
    /** The most characters there may be. */
    max?: number;
    /** `note` is said beside the name where one chooses. */
    options?: { value: string; name: string; note?: string }[];
    /** For options: the choice that means none. */
    none?: string;
    help?: string;
    autoFocus?: boolean;
    multiple?: boolean;
    disabled?: boolean;
}

export function Field({ name, label, type = "text", required, rows, max, options, none, help, autoFocus, multiple, disabled }: FieldProps) {
    const t = useT();
    const { control, setValue } = useFormContext();
    const conflicts = useContext(Conflicts);
    const input = useRef<HTMLInputElement | null>(null);
    // A browser gives an empty text for what it cannot read as a number.
    const written = (value: unknown) => !required || typeof value !== "string" || value.trim() !== "" || t("form.required");
    const date = type === "date" || type === "datetime-local";
    const dated = (value: unknown) => isDateValue(value, type === "datetime-local") || t("form.date");
    const readable = () => !input.current?.validity?.badInput || t("fault.at.number");
    return (
        <Controller
            control={control}
            name={name}
            rules={{ required: required && t("form.required"), validate: { written, ...(type === "number" ? { readable } : {}), ...(date ? { dated } : {}) } }}
            render={({ field, fieldState }) => {
                const note = fieldState.error?.message ?? (name in conflicts ? <Theirs value={conflicts[name]!} options={options} onTake={() => setValue(name, conflicts[name], { shouldDirty: true })} /> : help);
                if (date) return <DateField name={name} inputRef={field.ref} value={field.value ?? ""} onChange={field.onChange} onBlur={field.onBlur} withTime={type === "datetime-local"} label={label} required={required} disabled={disabled} fullWidth autoFocus={autoFocus} error={fieldState.invalid} helperText={note} />;
                return (
                    <TextField
                        {...field}
                        inputRef={(element: HTMLInputElement | null) => {
                            input.current = element;
                            field.ref(element);
                        }}
                        value={field.value ?? (multiple ? [] : "")}
                        type={options ? undefined : type}
                        label={label}
                        required={required}
                        disabled={disabled}
                        multiline={rows !== undefined}
                        minRows={rows}
                        fullWidth
                        autoFocus={autoFocus}
                        select={options !== undefined}
                        error={fieldState.invalid}
                        helperText={note}
                        slotProps={{
                            select: options ? { multiple, renderValue: options.some(({ note }) => note) ? (value) => options.find((option) => option.value === value)?.name : undefined } : undefined,
                            htmlInput: { maxLength: max, ...(type === "number" ? { min: 0, step: "any" } : {}) },
                        }}
                    >
                        {options && none && <MenuItem value="">{none}</MenuItem>}
                        {options?.map((option) => (
                            <MenuItem key={option.value} value={option.value}>
                                {option.name}
                                {option.note && <Muted sx={{ ml: "auto", pl: 2, fontSize: "0.75rem" }}>{option.note}</Muted>}
                            </MenuItem>
                        ))}
                    </TextField>
                );
            }}
        />
    );
}

/** Two fields beside each other where there is room. */
export function Pair({ children }: { children: ReactNode }) {
    return <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" } }}>{children}</Box>;
}
