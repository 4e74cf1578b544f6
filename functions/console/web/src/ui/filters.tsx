// The parts of a filter bar.
import { Box, Button, IconButton, InputAdornment, InputBase, Menu, MenuItem } from "@mui/material";
import { Check, ChevronDown, Search, X } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useT } from "../providers/i18n";
import { Muted } from "./parts";

/** The API searches from two characters on. */
export const SHORTEST_SEARCH = 2;

/** Whether something is written, and no word of it is long enough to search for. */
export const isTooShort = (text: string, shortest: number = SHORTEST_SEARCH) => text.trim() !== "" && !text.trim().split(/\s+/).some((word) => [...word].length >= shortest);

export interface Choice {
    value: string;
    name: string;
}

/**
 * Searches while one types, a moment after the last letter. `shortest`: characters that one of the words must have; with fewer nothing is
 * searched, which the box says, instead of leaving what was found before under other words.
 */
export function SearchBox({ label, value, shortest = 1, onSearch }: { label: string; value: string; shortest?: number; onSearch: (text: string) => void }) {
    const t = useT();
    const [text, setText] = useState(value);
    const sent = useRef(value);
    const input = useRef<HTMLInputElement | null>(null);
    const hintId = useId();
    const tooShort = isTooShort(text, shortest);
    const clear = () => {
        setText("");
        input.current?.focus();
    };
    useEffect(() => {
        // The address changed by other means, such as the back button.
        if (value !== sent.current) {
            sent.current = value;
            setText(value);
        }
    }, [value]);
    useEffect(() => {
        const wanted = tooShort ? "" : text.trim();
        if (wanted === sent.current) return;
        const timer = setTimeout(() => {
            sent.current = wanted;
            onSearch(wanted);
        }, 250);
        return () => clearTimeout(timer);
    });
    return (
        <InputBase
            value={text}
            inputRef={input}
            onChange={(event) => setText(event.target.value)}
            placeholder={label}
            startAdornment={
                <InputAdornment position="start" sx={{ mr: 0.75 }}>
                    <Search size={15} aria-hidden="true" />
                </InputAdornment>
            }
            endAdornment={
                <>
                    <Muted sx={{ fontSize: "0.75rem", whiteSpace: "nowrap" }}>
                        <span id={hintId} aria-live="polite">
                            {tooShort && t("choice.tooShort")}
                        </span>
                    </Muted>
                    {text && (
                        <IconButton aria-label={t("choice.clearSearch")} onClick={clear} sx={{ minWidth: 24, minHeight: 24, p: 0.25 }}>
                            <X size={14} />
                        </IconButton>
                    )}
                </>
            }
            slotProps={{ input: { "aria-label": label, "aria-describedby": hintId, type: "search" } }}
            sx={{ height: 34, px: 1.125, width: { xs: 180, sm: 260 }, flexGrow: { xs: 1, sm: 0 }, border: 1, borderColor: "divider", borderRadius: 1, bgcolor: "background.paper", fontSize: "0.8125rem", "&:focus-within": { borderColor: "primary.main" }, "& input::-webkit-search-cancel-button": { display: "none" } }}
        />
    );
}

/** One choice out of a few, or any. */
export function FilterMenu({ title, value, choices, onChoose }: { title: string; value: string | undefined; choices: Choice[]; onChoose: (value: string | undefined) => void }) {
    const t = useT();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const chosen = choices.find((choice) => choice.value === value);
    const choose = (next: string | undefined) => {
        setAnchor(null);
        onChoose(next);
    };
    return (
        <>
            <Button variant="outlined" aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)} endIcon={<ChevronDown size={14} aria-hidden="true" />} sx={{ fontWeight: value ? 600 : 450, borderColor: value ? "primary.main" : undefined, color: value ? "text.primary" : "text.secondary" }}>
                {value ? `${title}: ${chosen?.name ?? value}` : title}
            </Button>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)} slotProps={{ list: { sx: { minWidth: 180 } } }}>
                <MenuItem role="menuitemradio" aria-checked={value === undefined} onClick={() => choose(undefined)}>
                    <Box sx={{ width: 16 }}>{value === undefined && <Check size={14} />}</Box>
                    {t("choice.any")}
                </MenuItem>
                {choices.map((choice) => (
                    <MenuItem key={choice.value} role="menuitemradio" aria-checked={choice.value === value} onClick={() => choose(choice.value)}>
                        <Box sx={{ width: 16 }}>{choice.value === value && <Check size={14} />}</Box>
                        {choice.name}
                    </MenuItem>
                ))}
            </Menu>
        </>
    );
}
