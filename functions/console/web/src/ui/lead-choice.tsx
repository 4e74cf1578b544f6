// Choosing a lead by typing part of the name, the company or the address.
import { Autocomplete, Box, TextField } from "@mui/material";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Ref, useDeferredValue, useState } from "react";
import { api, take, type Schemas } from "../api/client";
import { useT } from "../providers/i18n";
import { isTooShort } from "./filters";
import { leadName } from "./labels";
import { Face, Muted, TierBadge } from "./parts";

type Lead = Schemas["LeadView"];

export function LeadChoice({ value, onChange, label, error, autoFocus, required, inputRef, onBlur }: { value: Lead | null; onChange: (lead: Lead | null) => void; label: string; error?: string; autoFocus?: boolean; required?: boolean; inputRef?: Ref<HTMLInputElement>; onBlur?: () => void }) {
    const t = useT();
    const [text, setText] = useState("");
    const q = useDeferredValue(text.trim());
    const long = q !== "" && !isTooShort(q);
    const { data, isFetching } = useQuery({
        queryKey: ["find", "leads", long ? q : ""],
        queryFn: async () => (await take(api.GET("/api/v1/leads", { params: { query: { q: long ? q : undefined, limit: 8 } } }))).data,
        placeholderData: keepPreviousData,
    });
    return (
        <Autocomplete
            value={value}
            onChange={(_, lead) => onChange(lead)}
            onInputChange={(_, next) => setText(next)}
            options={data ?? []}
            filterOptions={(options) => options}
            getOptionLabel={leadName}
            getOptionKey={(lead) => lead.id}
            isOptionEqualToValue={(left, right) => left.id === right.id}
            loading={isFetching}
            loadingText={t("state.loading")}
            noOptionsText={t("find.nothing")}
            openText={t("choice.open")}
            closeText={t("choice.close")}
            clearText={t("choice.clear")}
            renderOption={({ key, ...props }, lead) => (
                <Box component="li" {...props} key={key} sx={{ gap: 1, fontSize: "0.8125rem" }}>
                    <Face name={leadName(lead)} size={22} />
                    <span>{leadName(lead)}</span>
                    <Muted sx={{ flex: 1, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{lead.company}</Muted>
                    <TierBadge tier={lead.tier} bare />
                </Box>
            )}
            renderInput={(params) => <TextField {...params} label={label} error={Boolean(error)} helperText={error} autoFocus={autoFocus} required={required} inputRef={inputRef} onBlur={onBlur} />}
        />
    );
}
