// Choosing a record by typing part of what it is called.
import { Autocomplete, Box, TextField } from "@mui/material";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, type Ref, useDeferredValue, useState } from "react";
import { useT } from "../providers/i18n";
import { isTooShort } from "./filters";
import { Face, Muted } from "./parts";

export interface EntityPickProps<T> {
    value: T | null;
    onChange: (record: T | null) => void;
    label: string;
    error?: string;
    autoFocus?: boolean;
    required?: boolean;
    inputRef?: Ref<HTMLInputElement>;
    onBlur?: () => void;
}

interface Kind<T> {
    /** Such as `leads`: what is found is kept under this name. */
    of: string;
    /** What is found for a text; without one, what is offered at first. */
    search: (q: string | undefined) => Promise<T[]>;
    nameOf: (record: T) => string;
    hintOf?: (record: T) => ReactNode;
    markOf?: (record: T) => ReactNode;
}

export function EntityPick<T extends { id: string }>({ of, search, nameOf, hintOf, markOf, value, onChange, label, error, autoFocus, required, inputRef, onBlur }: EntityPickProps<T> & Kind<T>) {
    const t = useT();
    const [text, setText] = useState("");
    const q = useDeferredValue(text.trim());
    const long = q !== "" && !isTooShort(q);
    const { data, isFetching } = useQuery({ queryKey: ["find", of, long ? q : ""], queryFn: () => search(long ? q : undefined), placeholderData: keepPreviousData });
    return (
        <Autocomplete
            value={value}
            onChange={(_, record) => onChange(record)}
            onInputChange={(_, next) => setText(next)}
            options={data ?? []}
            filterOptions={(options) => options}
            getOptionLabel={nameOf}
            getOptionKey={(record) => record.id}
            isOptionEqualToValue={(left, right) => left.id === right.id}
            loading={isFetching}
            loadingText={t("state.loading")}
            noOptionsText={t("find.nothing")}
            openText={t("choice.open")}
            closeText={t("choice.close")}
            clearText={t("choice.clear")}
            renderOption={({ key, ...props }, record) => (
                <Box component="li" {...props} key={key} sx={{ gap: 1, fontSize: "m" }}>
                    <Face name={nameOf(record)} size={22} />
                    <span>{nameOf(record)}</span>
                    <Muted sx={{ flex: 1, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{hintOf?.(record)}</Muted>
                    {markOf?.(record)}
                </Box>
            )}
            renderInput={(params) => <TextField {...params} label={label} error={Boolean(error)} helperText={error} autoFocus={autoFocus} required={required} inputRef={inputRef} onBlur={onBlur} />}
        />
    );
}
