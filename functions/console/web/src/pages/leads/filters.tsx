// The filters of the list of leads. They live in the address, so a view can be sent to a colleague.
import { Badge, Box, Button, Chip, MenuItem, Popover, TextField } from "@mui/material";
import { ListFilter, X } from "lucide-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, take } from "../../api/client";
import { useFormat } from "../../i18n/format";
import { type MessageKey, useT } from "../../providers/i18n";
import { DateField } from "../../ui/date-field";
import { type Choice, FilterMenu, SearchBox, SHORTEST_SEARCH } from "../../ui/filters";
import { useHotFrom, useMe, usePipelines, useRoutingConfig, useTeam, useZone } from "../../ui/known";
import { useLabel } from "../../ui/labels";
import { useList } from "../../ui/list";
import type { Filters } from "../../ui/list-state";
import { FURTHER, isDay, momentToDay, type Name, readFurther } from "./further";
import { STATUSES, TIERS } from "./spec";

/** The leads that are not routed yet, each with what it lacks. */
export const isPool = (filters: Filters) => filters.pool === true;

export function useViews(): { key: string; label: MessageKey; filter: Filters }[] {
    const me = useMe();
    const hotFrom = useHotFrom();
    return [
        { key: "all", label: "leads.view.all", filter: {} },
        { key: "hot", label: "leads.view.hot", filter: { min_score: hotFrom } },
        ...(me?.member ? [{ key: "mine", label: "leads.view.mine" as const, filter: { owner_id: me.member.id } }] : []),
        { key: "pool", label: "leads.view.pool", filter: { pool: true } },
        { key: "qualified", label: "leads.view.qualified", filter: { status: "qualified" } },
    ];
}

export function Views() {
    const t = useT();
    const { filters, setFilters } = useList();
    const views = useViews();
    const now = JSON.stringify(filters);
    return (
        <Box role="group" aria-label={t("leads.views")} sx={{ display: "flex", gap: 0.5, overflowX: "auto" }}>
            {views.map((view) => {
                const on = JSON.stringify(view.filter) === now;
                return (
                    <Button key={view.key} aria-pressed={on} onClick={() => setFilters(view.filter)} sx={{ color: on ? "text.primary" : "text.secondary", bgcolor: on ? "subtle" : undefined, fontWeight: on ? 600 : 450, flexShrink: 0 }}>
                        {t(view.label)}
                    </Button>
                );
            })}
        </Box>
    );
}

export function LeadFilters() {
    const t = useT();
    const label = useLabel();
    const { filters, setFilters } = useList();
    const { members } = useTeam();
    const { pipelines } = usePipelines();
    const config = useRoutingConfig();
    const set = (name: string, value: string | number | undefined) => setFilters({ ...filters, [name]: value });
    const choice = (name: string, title: MessageKey, choices: Choice[]) => <FilterMenu key={name} title={t(title)} value={filters[name] as string | undefined} choices={choices} onChoose={(value) => set(name, value)} />;
    // Who left the team is no choice, but a link may still ask for what is theirs.
    const owners = members.filter(({ id, active }) => active || id === filters.owner_id);
    const any = Object.keys(filters).length > 0;
    // All of the pool are without a pipeline, and their status says only how warm they are.
    const pool = isPool(filters);
    return (
        <Box sx={{ display: "flex", alignItems: "center", flexWrap: "wrap", gap: 0.75 }}>
            <SearchBox label={t("leads.search")} value={(filters.q as string) ?? ""} shortest={SHORTEST_SEARCH} onSearch={(q) => setFilters({ ...filters, q }, Boolean(q && filters.q))} />
            {/* On a phone they are one row to swipe. */}
            <Box sx={{ display: { xs: "flex", sm: "contents" }, alignItems: "center", gap: 0.75, width: { xs: "100%" }, my: { xs: -0.75 }, py: { xs: 0.75 }, overflowX: "auto", scrollbarWidth: "none", "& > *": { flexShrink: 0 } }}>
                {choice("tier", "leads.column.tier", TIERS.map((value) => ({ value, name: t(`tier.${value}`) })))}
                {!pool && choice("status", "leads.column.status", STATUSES.map((value) => ({ value, name: t(`status.${value}`) })))}
                {choice("intent", "leads.column.intent", (config.data?.intents ?? []).map(({ intent }) => ({ value: intent, name: label("intent", intent) })))}
                {!pool && choice("pipeline_id", "leads.column.pipeline", (pipelines ?? []).map(({ id, name }) => ({ value: id, name })))}
                {choice("owner_id", "leads.column.owner", owners.map(({ id, name }) => ({ value: id, name })))}
                <Further filters={filters} apply={(next) => setFilters(next)} />
                {FURTHER.filter((name) => filters[name] !== undefined).map((name) => (
                    <FurtherChip key={name} name={name} value={filters[name] as string} onDelete={() => set(name, undefined)} />
                ))}
                {any && (
                    <Button onClick={() => setFilters({})} sx={{ color: "text.secondary" }}>
                        {t("leads.clear")}
                    </Button>
                )}
            </Box>
        </Box>
    );
}

function FurtherChip({ name, value, onDelete }: { name: Name; value: string; onDelete: () => void }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const zone = useZone();
    const day = isDay(name) && momentToDay(name, value, zone);
    const shown = day ? format.date(day) : name === "source" ? label("source", value) : String(value);
    return <Chip size="small" label={`${t(`leads.filter.${name}`)}: ${shown}`} onDelete={onDelete} deleteIcon={<X size={13} aria-label={t("leads.removeFilter")} />} sx={{ borderRadius: 1, height: 32 }} />;
}

function Further({ filters, apply }: { filters: Filters; apply: (filters: Filters) => void }) {
    const t = useT();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const set = FURTHER.filter((name) => filters[name] !== undefined).length;
    return (
        <>
            <Badge badgeContent={set} color="primary">
                <Button variant="outlined" aria-haspopup="dialog" aria-expanded={anchor !== null} startIcon={<ListFilter size={15} aria-hidden="true" />} onClick={(event) => setAnchor(event.currentTarget)} sx={{ color: "text.secondary", fontWeight: 450 }}>
                    {t("leads.more")}
                </Button>
            </Badge>
            <Popover open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)} anchorOrigin={{ vertical: "bottom", horizontal: "left" }} slotProps={{ paper: { role: "dialog", "aria-label": t("leads.more"), sx: { mt: 0.5, border: 1, borderColor: "divider", maxWidth: "calc(100vw - 24px)" } } }}>
                <FurtherForm
                    filters={filters}
                    apply={(next) => {
                        setAnchor(null);
                        apply(next);
                    }}
                />
            </Popover>
        </>
    );
}

/** A day in a form that is read by its fields' names. */
function DayFilter({ name, initial, label, fault }: { name: Name; initial: string; label: string; fault: string | undefined }) {
    const [day, setDay] = useState(initial);
    return (
        <>
            <DateField label={label} value={day} onChange={setDay} error={fault !== undefined} helperText={fault} />
            <input type="hidden" name={name} value={day} />
        </>
    );
}

/** Its fields begin anew each time it is opened. */
function FurtherForm({ filters, apply }: { filters: Filters; apply: (filters: Filters) => void }) {
    const t = useT();
    const zone = useZone();
    const label = useLabel();
    const format = useFormat();
    const stats = useQuery({ queryKey: ["leads", "stats"], queryFn: () => take(api.GET("/api/v1/leads/stats")) });
    const [faults, setFaults] = useState<Partial<Record<Name, MessageKey>>>({});
    const chosen = (filters.source as string | undefined) ?? "";
    const sources = [...new Set([...Object.keys(stats.data?.by_source ?? {}).filter((source) => source !== "none"), ...(chosen ? [chosen] : [])])];
    const submit = (event: React.FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const read = readFurther(Object.fromEntries(FURTHER.map((name) => [name, String(form.get(name) ?? "")])) as Record<Name, string>, zone);
        setFaults(read.faults);
        if (Object.keys(read.faults).length === 0) apply({ ...filters, ...read.filters });
    };
    const field = (name: Name, type: "text" | "number" | "date") => {
        const value = isDay(name) ? momentToDay(name, filters[name], zone) : (filters[name] ?? "");
        const fault = faults[name];
        if (type === "date") return <DayFilter key={name} name={name} initial={String(value)} label={t(`leads.filter.${name}`)} fault={fault && t(fault)} />;
        return <TextField key={name} name={name} label={t(`leads.filter.${name}`)} type={type} defaultValue={value} error={fault !== undefined} helperText={fault && t(fault)} slotProps={{ inputLabel: { shrink: true } }} />;
    };
    return (
        <Box component="form" noValidate onSubmit={submit} sx={{ p: 2, width: 420, maxWidth: "100%", display: "grid", gap: 1.5, gridTemplateColumns: "repeat(2, minmax(0, 1fr))" }}>
            <TextField select name="source" label={t("leads.filter.source")} defaultValue={chosen} slotProps={{ inputLabel: { shrink: true }, select: { displayEmpty: true } }}>
                <MenuItem value="">{t("choice.any")}</MenuItem>
                {sources
                    .map((source) => ({ source, name: label("source", source) }))
                    .sort((left, right) => format.collate(left.name, right.name))
                    .map(({ source, name }) => (
                        <MenuItem key={source} value={source}>
                            {name}
                        </MenuItem>
                    ))}
            </TextField>
            {field("campaign", "text")}
            {field("min_score", "number")}
            {field("max_score", "number")}
            {field("created_from", "date")}
            {field("created_to", "date")}
            {field("active_from", "date")}
            {field("active_to", "date")}
            {field("tag", "text")}
            <Button type="submit" variant="contained" sx={{ minHeight: 36 }}>
                {t("leads.apply")}
            </Button>
        </Box>
    );
}
