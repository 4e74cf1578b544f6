// Forms in dialogs: what the API refuses is shown at the field it refuses.
import { Alert, Box, Button, Dialog, DialogActions, DialogContent, DialogTitle, MenuItem, TextField } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslate } from "ra-core";
import { type ReactNode, useRef, useState } from "react";
import { Controller, FormProvider, useForm, useFormContext, type DefaultValues } from "react-hook-form";
import { ApiError, fieldErrors } from "../api/problem";
import { useT } from "../providers/i18n";

export type Values = Record<string, string | number | boolean | string[] | null>;

interface Props<V extends Values> {
    open: boolean;
    title: string;
    submit: string;
    values: V;
    onClose: () => void;
    /** How many of the API's units one of a field's is, where they differ; of what stands in the form. */
    units?: (values: V) => Record<string, number>;
    /** Throws what the API said. `before` is what the form began with: only what differs from it is the person's change. */
    onSubmit: (values: V, before: V) => Promise<unknown>;
    children: ReactNode;
}

export function FormDialog<V extends Values>(props: Props<V>) {
    // What is under way comes to its end here: else nobody would see how.
    const [busy, setBusy] = useState(false);
    return (
        <Dialog open={props.open} onClose={() => !busy && props.onClose()} maxWidth="sm" fullWidth aria-label={props.title}>
            <Inner {...props} onBusy={setBusy} />
        </Dialog>
    );
}

function Inner<V extends Values>({ title, submit, values, units, onClose, onSubmit, onBusy, children }: Props<V> & { onBusy: (busy: boolean) => void }) {
    const t = useT();
    const translate = useTranslate();
    const client = useQueryClient();
    // The record may be read again while the form is open; what stands in the form does not change by that.
    const [before] = useState(values);
    const form = useForm<V>({ defaultValues: before as DefaultValues<V> });
    const [general, setGeneral] = useState<string | null>(null);
    const send = form.handleSubmit(async (given) => {
        setGeneral(null);
        onBusy(true);
        try {
            await onSubmit(given, before);
            onClose();
        } catch (error) {
            const { "root.serverError": rest, ...fields } = fieldErrors(error, Object.keys(values), translate, units?.(given));
            for (const [field, message] of Object.entries(fields)) form.setError(field as never, { type: "server", message });
            setGeneral(rest ?? null);
            const first = Object.keys(fields)[0];
            if (first) form.setFocus(first as never);
            // Somebody else changed it. With its new version, saving again adds this change to theirs.
            if (error instanceof ApiError && error.status === 412) await client.invalidateQueries();
        } finally {
            onBusy(false);
        }
    });
    return (
        <FormProvider {...form}>
            <Box component="form" noValidate onSubmit={(event: React.FormEvent) => void send(event)} sx={{ display: "contents" }}>
                <DialogTitle>{title}</DialogTitle>
                <DialogContent sx={{ display: "grid", gap: 2, pt: "12px !important" }}>
                    {general && (
                        <Alert severity="error" variant="outlined">
                            {general}
                        </Alert>
                    )}
                    {children}
                </DialogContent>
                <DialogActions>
                    <Button onClick={onClose} disabled={form.formState.isSubmitting}>
                        {t("action.cancel")}
                    </Button>
                    <Button type="submit" variant="contained" disabled={form.formState.isSubmitting}>
                        {submit}
                    </Button>
                </DialogActions>
            </Box>
        </FormProvider>
    );
}

interface FieldProps {
    name: string;
    label: string;
    type?: "text" | "number" | "date" | "datetime-local" | "password" | "email";
    required?: boolean;
    rows?: number;
    options?: { value: string; name: string }[];
    /** For options: the choice that means none. */
    none?: string;
    help?: string;
    autoFocus?: boolean;
    multiple?: boolean;
    disabled?: boolean;
}

export function Field({ name, label, type = "text", required, rows, options, none, help, autoFocus, multiple, disabled }: FieldProps) {
    const t = useT();
    const { control } = useFormContext();
    const input = useRef<HTMLInputElement | null>(null);
    // A browser gives an empty text for what it cannot read as a number.
    const readable = () => !input.current?.validity?.badInput || t("fault.at.number");
    return (
        <Controller
            control={control}
            name={name}
            rules={{ required: required && t("form.required"), validate: type === "number" ? readable : undefined }}
            render={({ field, fieldState }) => (
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
                    helperText={fieldState.error?.message ?? help}
                    slotProps={{
                        inputLabel: type === "date" || type === "datetime-local" ? { shrink: true } : undefined,
                        select: options ? { multiple } : undefined,
                        htmlInput: type === "number" ? { min: 0, step: "any" } : undefined,
                    }}
                >
                    {options && none && <MenuItem value="">{none}</MenuItem>}
                    {options?.map((option) => (
                        <MenuItem key={option.value} value={option.value}>
                            {option.name}
                        </MenuItem>
                    ))}
                </TextField>
            )}
        />
    );
}

/** Two fields beside each other where there is room. */
export function Pair({ children }: { children: ReactNode }) {
    return <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" } }}>{children}</Box>;
}
