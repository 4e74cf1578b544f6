// A date, or a date with a clock time, written as people do in the language of the page. The browser's own field speaks the browser's
// language; only its calendar is used.
import { IconButton, InputAdornment, TextField, type TextFieldProps } from "@mui/material";
import { CalendarDays } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useFormat } from "../i18n/format";
import { isDay, isMoment, readDay, readMoment, showDay, showMoment } from "../i18n/day";
import { useT } from "../providers/i18n";

/** What the field holds is a date, or nothing. */
export const isDateValue = (value: unknown, withTime: boolean) => value === "" || value === null || value === undefined || (typeof value === "string" && (withTime ? isMoment(value) : isDay(value)));

interface Props extends Omit<TextFieldProps, "value" | "onChange" | "type" | "slotProps"> {
    /** `2026-11-25` or `2026-11-25T14:30`; empty for none. What cannot be read stands here as it was written. */
    value: string;
    onChange: (value: string) => void;
    withTime?: boolean;
}

export function DateField({ value, onChange, withTime = false, onBlur, helperText, ...rest }: Props) {
    const t = useT();
    const { region, today } = useFormat();
    const shown = (one: string) => (withTime ? showMoment(one, region) : showDay(one, region));
    const read = (written: string) => (withTime ? readMoment(written, region, today()) : readDay(written, region, today())) ?? written.trim();
    const [text, setText] = useState(shown(value));
    const picker = useRef<HTMLInputElement>(null);
    useEffect(() => {
        // Set from elsewhere: by the calendar, by a draft, by somebody else's change.
        if (read(text) !== value) setText(shown(value));
    }, [value, region]);
    return (
        <TextField
            {...rest}
            value={text}
            onChange={(event) => {
                setText(event.target.value);
                onChange(read(event.target.value));
            }}
            onBlur={(event) => {
                setText(shown(value));
                onBlur?.(event);
            }}
            helperText={helperText}
            placeholder={shown(withTime ? `${today()}T14:30` : today())}
            slotProps={{
                inputLabel: { shrink: true },
                htmlInput: { autoComplete: "off" },
                input: {
                    endAdornment: (
                        <InputAdornment position="end">
                            <input
                                ref={picker}
                                type={withTime ? "datetime-local" : "date"}
                                value={isDateValue(value, withTime) ? value : ""}
                                onChange={(event) => onChange(event.target.value)}
                                tabIndex={-1}
                                aria-hidden="true"
                                style={{ width: 0, height: 0, padding: 0, border: 0, opacity: 0, alignSelf: "flex-end" }}
                            />
                            <IconButton aria-label={t("form.calendar")} disabled={rest.disabled} onClick={() => picker.current?.showPicker?.()}>
                                <CalendarDays size={16} aria-hidden="true" />
                            </IconButton>
                        </InputAdornment>
                    ),
                },
            }}
        />
    );
}
