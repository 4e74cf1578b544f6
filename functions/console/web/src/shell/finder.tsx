// Everything within reach of the keyboard: people, deals and pages by their name.
import { Box, Dialog, InputBase } from "@mui/material";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ArrowRight, Contact, HandCoins, Search, type LucideIcon } from "lucide-react";
import { useDeferredValue, useEffect, useId, useState } from "react";
import { useNavigate } from "react-router-dom";
import { api, take } from "../api/client";
import { useT } from "../providers/i18n";
import { isTooShort } from "../ui/filters";
import { useMay } from "../ui/known";
import { leadName } from "../ui/labels";
import { Muted, TierBadge } from "../ui/parts";
import type { Tier } from "../theme/theme";
import { PLACES } from "./navigation";

/** One line, cut where it has no room. */
const CUT = { minWidth: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" } as const;

interface Found {
    key: string;
    to: string;
    icon: LucideIcon;
    text: string;
    hint?: string | null;
    tier?: Tier;
}

export function Finder({ open, onClose }: { open: boolean; onClose: () => void }) {
    const t = useT();
    return (
        <Dialog open={open} onClose={onClose} fullWidth maxWidth="sm" slotProps={{ paper: { "aria-label": t("find.open"), sx: { position: "absolute", top: { xs: 8, sm: 96 }, m: 0, width: "calc(100% - 24px)" } } }}>
            <Results onClose={onClose} />
        </Dialog>
    );
}

function Results({ onClose }: { onClose: () => void }) {
    const t = useT();
    const may = useMay();
    const go = useNavigate();
    const listId = useId();
    const [text, setText] = useState("");
    const [at, setAt] = useState(0);
    const typed = text.trim();
    const q = useDeferredValue(typed);
    const long = q !== "" && !isTooShort(q);
    const leads = useQuery({
        queryKey: ["find", "leads", q],
        queryFn: async () => (await take(api.GET("/api/v1/leads", { params: { query: { q, limit: 6 } } }))).data,
        enabled: long && may("leads", "read"),
        placeholderData: keepPreviousData,
    });
    const deals = useQuery({
        queryKey: ["find", "deals", q],
        queryFn: async () => (await take(api.GET("/api/v1/deals", { params: { query: { q, limit: 5 } } }))).data,
        enabled: long && may("deals", "read"),
        placeholderData: keepPreviousData,
    });
    const wanted = q.toLowerCase();
    // Until the answer comes the one before stands; where none can come, it would be a lie.
    const rows = <T,>({ data, isPlaceholderData, fetchStatus }: { data: T[] | undefined; isPlaceholderData: boolean; fetchStatus: string }) => (!long || (isPlaceholderData && fetchStatus !== "fetching") ? [] : (data ?? []));
    const found: Found[] = [
        ...rows(leads).map((lead) => ({ key: lead.id, to: `/leads/${lead.id}`, icon: Contact, text: leadName(lead), hint: lead.company, tier: lead.tier })),
        ...rows(deals).map((deal) => ({ key: deal.id, to: `/board/${deal.pipeline_id}?deal=${deal.id}`, icon: HandCoins, text: deal.name, hint: deal.lead_company })),
        ...PLACES.filter((place) => may(place.area, "read"))
            .map((place) => ({ key: place.to, to: place.to, icon: place.icon, text: t(place.label) }))
            .filter((place) => place.text.toLowerCase().includes(wanted)),
    ];
    useEffect(() => setAt(0), [q]);
    // What is shown may still be what was found for the letters before.
    const waits = ({ isPlaceholderData, fetchStatus, data }: typeof leads | typeof deals) => fetchStatus === "fetching" && (isPlaceholderData || data === undefined);
    const answered = q === typed && !(long && (waits(leads) || waits(deals)));
    const [hurried, setHurried] = useState(false);

    const choose = (one: Found | undefined) => {
        if (!one) return;
        onClose();
        go(one.to);
    };
    useEffect(() => {
        if (!hurried || !answered) return;
        setHurried(false);
        choose(found[at]);
    });
    const onKey = (event: React.KeyboardEvent) => {
        if (event.key === "ArrowDown") setAt((now) => Math.min(now + 1, found.length - 1));
        else if (event.key === "ArrowUp") setAt((now) => Math.max(now - 1, 0));
        // Enter means what is typed, also where its answer is still on the way.
        else if (event.key === "Enter") setHurried(true);
        else return;
        event.preventDefault();
    };
    return (
        <>
            <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, px: 2, height: 52, borderBottom: 1, borderColor: "divider", color: "text.secondary" }}>
                <Search size={17} aria-hidden="true" />
                <InputBase
                    autoFocus
                    fullWidth
                    value={text}
                    placeholder={t("find.placeholder")}
                    onChange={(event) => {
                        setHurried(false);
                        setText(event.target.value);
                    }}
                    onKeyDown={onKey}
                    slotProps={{ input: { role: "combobox", "aria-label": t("find.open"), "aria-expanded": true, "aria-controls": listId, "aria-activedescendant": found[at] ? `${listId}-${at}` : undefined, autoComplete: "off", spellCheck: false } }}
                    sx={{ fontSize: "0.9375rem" }}
                />
            </Box>
            <Box role="listbox" id={listId} aria-label={t("find.results")} aria-busy={!answered} sx={{ opacity: answered ? 1 : 0.6, p: 0.75, maxHeight: 380, overflowY: "auto" }}>
                {found.map((one, index) => (
                    <Box key={one.key} id={`${listId}-${index}`} role="option" aria-selected={index === at} onMouseEnter={() => setAt(index)} onClick={() => choose(one)} sx={{ display: "flex", alignItems: "center", gap: 1.25, px: 1.25, minHeight: 38, borderRadius: 1, cursor: "pointer", bgcolor: index === at ? "subtle" : undefined, fontSize: "0.84375rem" }}>
                        <one.icon size={16} aria-hidden="true" style={{ flexShrink: 0 }} />
                        <Box component="span" sx={CUT}>{one.text}</Box>
                        {one.hint && <Muted sx={{ ...CUT, flexShrink: 4, fontSize: "0.8125rem" }}>{one.hint}</Muted>}
                        <Box sx={{ ml: "auto", flexShrink: 0, display: "flex", alignItems: "center", gap: 1, color: "text.secondary" }}>
                            {one.tier && <TierBadge tier={one.tier} bare />}
                            {index === at && <ArrowRight size={14} aria-hidden="true" />}
                        </Box>
                    </Box>
                ))}
                {found.length === 0 && (
                    <Box role="option" aria-selected={false} aria-disabled="true" sx={{ p: 2, textAlign: "center", color: "text.secondary" }}>
                        {long ? t("find.nothing") : t("find.more")}
                    </Box>
                )}
            </Box>
        </>
    );
}
