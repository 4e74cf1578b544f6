// What a list is narrowed to, as sentences that can be changed: "Tier: hot or very hot", "Last active: more than 14 days ago".
import { Box, Button, Checkbox, FormControlLabel, IconButton, Menu, MenuItem, Popover, Radio, RadioGroup, TextField, ToggleButton, ToggleButtonGroup } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ListFilter, X } from "lucide-react";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { api, take } from "../api/client";
import type { EntityFilter } from "../entities/entity";
import { useWords } from "../entities/words";
import { isDay } from "../i18n/day";
import { addDays, startOf } from "../i18n/zone";
import { useT, useTranslate } from "../providers/i18n";
import { asksForNone, type Span, sayCondition, spanOf } from "./conditions";
import { DateField } from "./date-field";
import { type Choice, SearchBox, SHORTEST_SEARCH } from "./filters";
import { usePipelines, useRoutingConfig, useTeam } from "./known";
import { useLabel, useStageName } from "./labels";
import { useList } from "./list";
import { type Condition, opsOf, takesMany } from "./list-state";

export function FilterBar() {
    const t = useT();
    const { entity, filters, setFilters } = useList();
    const [adding, setAdding] = useState<string | null>(null);
    const search = entity.filters.find(({ kind }) => kind === "search");
    const fits = entity.filters.filter(({ kind, unless, name }) => kind !== "search" && (!unless?.(filters) || filters[name]));
    const shown = fits.filter(({ name, quick, isView }) => !isView && (quick || filters[name] || name === adding));
    const others = fits.filter((filter) => !shown.includes(filter) && !filter.isView);
    const set = (name: string, condition: Condition | undefined, refine = false) => setFilters({ ...filters, ...{ [name]: condition as Condition } }, refine);
    const text = search && filters[search.name]?.in?.[0];
    return (
        <Box role="search" aria-label={t("list.narrow")} sx={{ display: "flex", alignItems: "center", flexWrap: "wrap", gap: 0.75 }}>
            {search && <SearchBox label={t(search.label)} value={text ?? ""} shortest={SHORTEST_SEARCH} onSearch={(q) => set(search.name, q ? { in: [q] } : undefined, Boolean(q && text))} />}
            {/* On a phone they are one row to swipe. */}
            <Box sx={{ display: { xs: "flex", sm: "contents" }, alignItems: "center", gap: 0.75, width: { xs: "100%" }, my: { xs: -0.75 }, py: { xs: 0.75 }, overflowX: "auto", scrollbarWidth: "none", "& > *": { flexShrink: 0 } }}>
                {shown.map((filter) => (
                    <FilterChip key={filter.name} filter={filter} condition={filters[filter.name]} set={(condition, refine) => set(filter.name, condition, refine)} begin={filter.name === adding} onClose={() => setAdding(null)} />
                ))}
                {others.length > 0 && <More filters={others} add={setAdding} />}
                {Object.keys(filters).length > 0 && (
                    <Button onClick={() => setFilters({})} sx={{ color: "text.secondary" }}>
                        {t("leads.clear")}
                    </Button>
                )}
            </Box>
        </Box>
    );
}

function More({ filters, add }: { filters: EntityFilter[]; add: (name: string) => void }) {
    const t = useT();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    return (
        <>
            <Button variant="outlined" aria-haspopup="menu" aria-expanded={anchor !== null} startIcon={<ListFilter size={15} aria-hidden="true" />} onClick={(event) => setAnchor(event.currentTarget)} sx={{ color: "text.secondary", fontWeight: 450 }}>
                {t("leads.more")}
            </Button>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
                {filters.map(({ name, label }) => (
                    <MenuItem
                        key={name}
                        onClick={() => {
                            setAnchor(null);
                            add(name);
                        }}
                    >
                        {t(label)}
                    </MenuItem>
                ))}
            </Menu>
        </>
    );
}

type Set = (condition: Condition | undefined, refine?: boolean) => void;

/** `begin`: it was just added, so it opens by itself. */
function FilterChip({ filter, condition, set, begin, onClose }: { filter: EntityFilter; condition: Condition | undefined; set: Set; begin: boolean; onClose: () => void }) {
    const t = useT();
    const words = useWords();
    const choices = useChoices(filter, condition);
    const [button, setButton] = useState<HTMLElement | null>(null);
    const [open, setOpen] = useState(begin);
    // From its first change on until it is closed it is one question.
    const [changed, setChanged] = useState(false);
    const label = t(filter.label);
    const close = () => {
        setOpen(false);
        setChanged(false);
        onClose();
    };
    const change: Set = (next) => {
        set(next, changed);
        setChanged(true);
    };
    return (
        <Box sx={{ display: "inline-flex", position: "relative" }}>
            <Button
                ref={setButton}
                variant="outlined"
                aria-haspopup="dialog"
                aria-expanded={open}
                onClick={() => setOpen(true)}
                endIcon={condition ? undefined : <ChevronDown size={14} aria-hidden="true" />}
                sx={{ fontWeight: condition ? 600 : 450, borderColor: condition ? "primary.main" : undefined, color: condition ? "text.primary" : "text.secondary", pr: condition ? 4 : undefined, maxWidth: 420, overflow: "hidden", textOverflow: "ellipsis" }}
            >
                {!condition ? label : asksForNone(filter, condition) ? t("filter.without", { field: label }) : t("filter.says", { field: label, what: sayCondition(filter, condition, choices, words) })}
            </Button>
            {condition && (
                <IconButton aria-label={t("filter.remove", { field: label })} onClick={() => set(undefined)} sx={{ position: "absolute", right: 3, top: 3, minWidth: 26, minHeight: 26, p: 0.25 }}>
                    <X size={13} />
                </IconButton>
            )}
            <Popover open={open && button !== null} anchorEl={button} onClose={close} anchorOrigin={{ vertical: "bottom", horizontal: "left" }} slotProps={{ paper: { role: "dialog", "aria-label": label, sx: { mt: 0.5, border: 1, borderColor: "divider", minWidth: 220, maxWidth: "calc(100vw - 24px)" } } }}>
                <Editor
                    filter={filter}
                    condition={condition}
                    choices={choices}
                    change={change}
                    apply={(next) => {
                        close();
                        set(next);
                    }}
                />
            </Popover>
        </Box>
    );
}

interface EditorProps {
    filter: EntityFilter;
    condition: Condition | undefined;
    choices: Choice[];
    /** Shows at once what it finds. */
    change: Set;
    /** The same, and it is done. */
    apply: Set;
}

function Editor(props: EditorProps) {
    switch (props.filter.kind) {
        case "number":
            return <Numbers {...props} />;
        case "moment":
        case "day":
            return <Moments {...props} />;
        case "presence":
            return <Presence {...props} />;
        case "flag":
            return <YesNo {...props} />;
        case "text":
            return <Written {...props} />;
        default:
            return <Checklist {...props} />;
    }
}

/** More than these are searched, not read. */
const MANY = 9;

function Checklist({ filter, condition, choices, change }: EditorProps) {
    const t = useT();
    const many = takesMany(filter);
    const negated = condition?.not_in !== undefined;
    const chosen = condition?.in ?? condition?.not_in ?? [];
    const [sought, setSought] = useState("");
    const say = (values: readonly string[], not: boolean): Condition | undefined => (values.length === 0 ? undefined : not ? { not_in: values } : { in: values });
    const press = (value: string) => change(say(chosen.includes(value) ? chosen.filter((one) => one !== value) : many ? [...chosen, value] : [value], negated));
    const found = choices.filter(({ name }) => name.toLowerCase().includes(sought.trim().toLowerCase()));
    return (
        <Box sx={{ py: 1 }}>
            {opsOf(filter).includes("not_in") && (
                <ToggleButtonGroup exclusive value={negated ? "not" : "is"} onChange={(_, next: string | null) => next && change(say(chosen, next === "not"))} aria-label={t("filter.how")} sx={{ px: 1.5, pb: 0.75 }}>
                    <ToggleButton value="is" disabled={chosen.length === 0}>{t("filter.isOneOf")}</ToggleButton>
                    <ToggleButton value="not" disabled={chosen.length === 0}>{t("filter.isNoneOf")}</ToggleButton>
                </ToggleButtonGroup>
            )}
            {choices.length > MANY && <TextField autoFocus placeholder={t("filter.seek")} value={sought} onChange={(event) => setSought(event.target.value)} slotProps={{ htmlInput: { "aria-label": t("filter.seek") } }} sx={{ mx: 1.5, mb: 0.75 }} />}
            <Box role="group" aria-label={t(filter.label)} sx={{ display: "grid", maxHeight: 320, overflowY: "auto", px: 1.5 }}>
                {found.map(({ value, name }, at) => (
                    <FormControlLabel key={value} control={<Checkbox checked={chosen.includes(value)} autoFocus={at === 0 && choices.length <= MANY} onChange={() => press(value)} />} label={name} slotProps={{ typography: { variant: "body2" } }} />
                ))}
            </Box>
        </Box>
    );
}

function YesNo({ filter, condition, change }: EditorProps) {
    const t = useT();
    return (
        <RadioGroup aria-label={t(filter.label)} value={condition?.is === undefined ? "any" : String(condition.is)} onChange={(_, value) => change(value === "any" ? undefined : { is: value === "true" })} sx={{ px: 1.5, py: 0.75 }}>
            <FormControlLabel value="any" control={<Radio size="small" />} label={t("choice.any")} slotProps={{ typography: { variant: "body2" } }} />
            <FormControlLabel value="true" control={<Radio size="small" />} label={t("team.yes")} slotProps={{ typography: { variant: "body2" } }} />
            {filter.field !== undefined && <FormControlLabel value="false" control={<Radio size="small" />} label={t("team.no")} slotProps={{ typography: { variant: "body2" } }} />}
        </RadioGroup>
    );
}

/** Whether there is one. */
function Presence({ filter, condition, change }: EditorProps) {
    const t = useT();
    const now = condition?.empty === undefined ? "any" : condition.empty ? "empty" : "filled";
    return (
        <RadioGroup aria-label={t(filter.label)} value={now} onChange={(_, value) => change(value === "any" ? undefined : { empty: value === "empty" })} sx={{ px: 1.5, py: 0.75 }}>
            <FormControlLabel value="any" control={<Radio size="small" />} label={t("choice.any")} slotProps={{ typography: { variant: "body2" } }} />
            <FormControlLabel value="filled" control={<Radio size="small" />} label={t("filter.filled")} slotProps={{ typography: { variant: "body2" } }} />
            <FormControlLabel value="empty" control={<Radio size="small" />} label={t("filter.empty")} slotProps={{ typography: { variant: "body2" } }} />
        </RadioGroup>
    );
}

function Form({ onSubmit, children }: { onSubmit: () => void; children: ReactNode }) {
    const t = useT();
    const submit = (event: FormEvent) => {
        event.preventDefault();
        onSubmit();
    };
    return (
        <Box component="form" noValidate onSubmit={submit} sx={{ p: 1.5, display: "grid", gap: 1.25, width: 280, maxWidth: "100%" }}>
            {children}
            <Button type="submit" variant="contained">
                {t("leads.apply")}
            </Button>
        </Box>
    );
}

function Numbers({ filter: { per = 1 }, condition, apply }: EditorProps) {
    const t = useT();
    const shown = (value: number | undefined) => (value === undefined ? "" : String(value / per));
    const [text, setText] = useState({ min: shown(condition?.min), max: shown(condition?.max) });
    const [fault, setFault] = useState<{ min?: string; max?: string }>({});
    const read = (one: string) => (one.trim() === "" ? undefined : Number(one));
    const submit = () => {
        const [min, max] = [read(text.min), read(text.max)];
        const whole = (value: number | undefined) => (value === undefined || Number.isSafeInteger(value) ? undefined : t("leads.filterFault.whole"));
        const faults = { min: whole(min), max: whole(max) ?? (min !== undefined && max !== undefined && max < min ? t("leads.filterFault.below") : undefined) };
        setFault(faults);
        if (!faults.min && !faults.max) apply({ min: min === undefined ? undefined : min * per, max: max === undefined ? undefined : max * per });
    };
    return (
        <Form onSubmit={submit}>
            {(["min", "max"] as const).map((end, at) => (
                <TextField key={end} type="number" autoFocus={at === 0} label={t(`filter.${end}`)} value={text[end]} error={fault[end] !== undefined} helperText={fault[end]} onChange={(event) => setText({ ...text, [end]: event.target.value })} />
            ))}
        </Form>
    );
}

/** Words of one's own, with commas between where several can be asked for. */
function Written({ filter, condition, apply }: EditorProps) {
    const t = useT();
    const many = takesMany(filter);
    const [text, setText] = useState((condition?.in ?? condition?.not_in ?? []).join(", "));
    const [mode, setMode] = useState(condition?.not_in ? "not" : condition?.empty === true ? "empty" : condition?.empty === false ? "filled" : "is");
    const id = useId();
    const modes = [["is", "filter.isOneOf"], ...(opsOf(filter).includes("not_in") ? [["not", "filter.isNoneOf"]] : []), ...(opsOf(filter).includes("empty") ? [["empty", "filter.empty"], ["filled", "filter.filled"]] : [])] as [string, Parameters<typeof t>[0]][];
    const submit = () => {
        const values = (many ? text.split(",") : [text]).map((one) => one.trim()).filter(Boolean);
        if (mode === "empty" || mode === "filled") return apply({ empty: mode === "empty" });
        return apply(values.length === 0 ? undefined : mode === "not" ? { not_in: values } : { in: values });
    };
    return (
        <Form onSubmit={submit}>
            {modes.length > 1 && (
                <RadioGroup aria-label={t("filter.how")} value={mode} onChange={(_, next) => setMode(next)}>
                    {modes.map(([value, key]) => (
                        <FormControlLabel key={value} value={value} control={<Radio size="small" />} label={t(key)} slotProps={{ typography: { variant: "body2" } }} />
                    ))}
                </RadioGroup>
            )}
            {(mode === "is" || mode === "not") && <TextField autoFocus id={id} label={t(filter.label)} value={text} helperText={many ? t("filter.commas") : undefined} onChange={(event) => setText(event.target.value)} />}
        </Form>
    );
}

function Moments({ filter, condition, apply }: EditorProps) {
    const t = useT();
    const { zone } = useWords();
    const days = filter.kind === "day";
    const now = spanOf(condition, zone, days);
    const ops = opsOf(filter);
    const modes: Span["mode"][] = ["last", "ago", ...(ops.includes("next") ? (["next"] as const) : []), "between", ...(ops.includes("empty") ? (["empty", "filled"] as const) : [])];
    const [mode, setMode] = useState<Span["mode"]>(now?.mode ?? "last");
    const [count, setCount] = useState(now && "days" in now ? String(now.days) : "14");
    const [range, setRange] = useState(now?.mode === "between" ? { from: now.from, to: now.to } : { from: "", to: "" });
    const [faults, setFaults] = useState<{ count?: string; from?: string; to?: string }>({});
    const submit = () => {
        if (mode === "empty" || mode === "filled") return apply({ empty: mode === "empty" });
        if (mode === "between") {
            const day = (value: string) => (value !== "" && !isDay(value) ? t("form.date") : undefined);
            const found = { from: day(range.from), to: day(range.to) ?? (range.from && range.to && range.to < range.from ? t("leads.filterFault.before") : undefined) };
            setFaults(found);
            if (found.from || found.to) return undefined;
            const at = (value: string) => (days ? value : startOf(value, zone).toISOString());
            const wanted = { from: range.from ? at(range.from) : undefined, before: range.to ? at(addDays(range.to, 1)) : undefined };
            return apply(wanted.from || wanted.before ? wanted : undefined);
        }
        const number = Number(count);
        if (!Number.isSafeInteger(number) || number < 1 || number > 9999) return setFaults({ count: t("leads.filterFault.whole") });
        return apply(mode === "last" ? { from: `-${number}d` } : mode === "ago" ? { before: `-${number}d` } : { next: `${number}d` });
    };
    return (
        <Form onSubmit={submit}>
            <RadioGroup aria-label={t("filter.how")} value={mode} onChange={(_, next) => setMode(next as Span["mode"])}>
                {modes.map((one) => (
                    <FormControlLabel key={one} value={one} control={<Radio size="small" />} label={t(`filter.mode.${one}`)} slotProps={{ typography: { variant: "body2" } }} />
                ))}
            </RadioGroup>
            {mode === "between" ? (
                <>
                    <DateField label={t("filter.min")} value={range.from} onChange={(from) => setRange({ ...range, from })} error={faults.from !== undefined} helperText={faults.from} />
                    <DateField label={t("filter.max")} value={range.to} onChange={(to) => setRange({ ...range, to })} error={faults.to !== undefined} helperText={faults.to} />
                </>
            ) : mode === "empty" || mode === "filled" ? null : (
                <TextField type="number" label={t("filter.days")} value={count} error={faults.count !== undefined} helperText={faults.count} onChange={(event) => setCount(event.target.value)} />
            )}
        </Form>
    );
}

/** The values that one can choose among, as they are called. What is chosen is offered, although it may be gone. */
export function useChoices(filter: EntityFilter, condition: Condition | undefined): Choice[] {
    const t = useT();
    const translate = useTranslate();
    const label = useLabel();
    const stageName = useStageName();
    const { members } = useTeam();
    const { pipelines } = usePipelines();
    const { choices } = filter;
    const config = useRoutingConfig();
    const stats = useQuery({ queryKey: ["leads", "stats"], queryFn: () => take(api.GET("/api/v1/leads/stats")), enabled: choices?.of === "sources" });
    const chosen = [...(condition?.in ?? []), ...(condition?.not_in ?? [])];
    const nothing: Choice[] = filter.optional && filter.field !== undefined ? [{ value: "none", name: t(filter.kind === "person" ? "filter.nobody" : "filter.nothing") }] : [];
    const listed = (): Choice[] => {
        switch (choices?.of) {
            case "words":
                return choices.values.map((value) => ({ value, name: translate(`${choices.say}.${value}`) }));
            case "people":
                // Who left the team is no choice, but a link may still ask for what is theirs.
                return [{ value: "me", name: t("filter.me") }, ...members.filter(({ id, active }) => active || chosen.includes(id)).map(({ id, name }) => ({ value: id, name }))];
            case "pipelines":
                return (pipelines ?? []).map(({ id, name }) => ({ value: id, name }));
            case "stages":
                return (pipelines ?? []).flatMap((pipeline) => pipeline.stages.map(({ id, name }) => ({ value: id, name: `${stageName(name)} · ${pipeline.name}` })));
            case "intents":
                return (config.data?.intents ?? []).map(({ intent }) => ({ value: intent, name: label("intent", intent) }));
            case "sources":
                return Object.keys(stats.data?.by_source ?? {}).filter((source) => source !== "none").map((source) => ({ value: source, name: label("source", source) }));
            default:
                return [];
        }
    };
    const all = [...listed(), ...nothing];
    const gone = chosen.filter((value) => !all.some((choice) => choice.value === value)).map((value) => ({ value, name: choices?.of === "sources" ? label("source", value) : value }));
    return [...all, ...gone];
}
