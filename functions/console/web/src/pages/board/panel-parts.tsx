// The parts of a deal's panel: what is known about it, to be changed where it stands, and the stages it has been in.
import { Box, MenuItem, TextField } from "@mui/material";
import { type ReactNode, useState } from "react";
import { take, api, type Schemas } from "../../api/client";
import { useFormat } from "../../i18n/format";
import { type MessageKey, useT } from "../../providers/i18n";
import { Async } from "../../ui/async";
import { useChange } from "../../ui/change";
import { DateField, isDateValue } from "../../ui/date-field";
import { EditFact, type Seen } from "../../ui/edit-fact";
import { Fact, Facts, Section } from "../../ui/facts";
import { MoneyField, PersonPick } from "../../ui/inputs";
import { type Stage, usePipelines, useTeam } from "../../ui/known";
import { useLabel, useStageName } from "../../ui/labels";
import { Face, Muted, When } from "../../ui/parts";
import { useDealChange } from "./changes";
import { LostReason } from "./dialogs";
import type { Deal } from "./order";
import { updateDeal, useStays } from "./queries";

const NAMES = { value_minor: "deal.value", owner_id: "lead.owner", expected_close_on: "deal.expected" } as const satisfies Partial<Record<keyof Deal, MessageKey>>;
type FactName = keyof typeof NAMES;

/** One fact of a deal, changed in place. */
function useFactChange(deal: Deal) {
    const t = useT();
    const format = useFormat();
    const change = useChange("deal");
    const { nameOf } = useTeam();
    const show = (field: string, value: unknown) => (value === null || value === undefined ? t("form.nothing") : field === "value_minor" ? format.money(value as number, deal.currency) : field === "owner_id" ? (nameOf(value as string) ?? "–") : format.date(value as string));
    return <N extends FactName>(name: N, value: Deal[N], seen: Seen<Deal[N]>) => {
        const fields: Schemas["DealsUpdateInput"] = { [name]: value };
        return change<Deal>({
            record: { ...deal, ...({ [name]: seen.value } as Partial<Deal>), version: seen.version ?? deal.version },
            // The name stands beside the id.
            fields: fields as Partial<Deal>,
            beside: name === "owner_id" ? { owner_name: nameOf(value as string | null) } : undefined,
            send: (version) => updateDeal({ id: deal.id, version }, fields),
            undo: (version, was) => updateDeal({ id: deal.id, version }, { [name]: was[name] ?? null }),
            said: "form.factSaved",
            args: { name: t(NAMES[name]), value: show(name, value) },
            fieldwise: { read: () => take(api.GET("/api/v1/deals/{id}", { params: { path: { id: deal.id } } })), label: (field) => t(NAMES[field as FactName]), show },
        });
    };
}

export function DealFacts({ deal, writable }: { deal: Deal; writable: boolean }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const change = useFactChange(deal);
    const { nameOf } = useTeam();
    const { pipeline } = usePipelines();
    const owner = nameOf(deal.owner_id) ?? deal.owner_name;
    const draft = (name: FactName) => `deal/${deal.id}/${name}`;
    const facts: [MessageKey, ReactNode][] = [
        ["lead.source", deal.source && label("source", deal.source)],
        ["lead.campaign", deal.campaign],
        ["deal.createdAt", <When key="created" at={deal.created_at} exact />],
        ...(deal.closed_at ? ([["deal.closedAt", <When key="closed" at={deal.closed_at} exact />]] as [MessageKey, ReactNode][]) : []),
        ...(deal.lost_reason ? ([["deal.lostReason", deal.lost_reason]] as [MessageKey, ReactNode][]) : []),
    ];
    return (
        <Facts names={120}>
            <Fact label={t("board.pipeline")}>{pipeline(deal.pipeline_id)?.name}</Fact>
            <Fact label={t("deal.stage")}>
                <StageChoice deal={deal} writable={writable} />
            </Fact>
            <Fact label={t("deal.probability")}>{format.percent(deal.probability)}</Fact>
            <EditFact<number | null>
                label={t("deal.value")}
                value={deal.value_minor}
                draft={draft("value_minor")}
                version={deal.version}
                // A deal is worth something, if only nothing.
                valid={(minor) => minor === null || (typeof minor === "number" && !Number.isNaN(minor))}
                save={writable ? (minor, seen) => change("value_minor", minor ?? 0, { ...seen, value: seen.value ?? 0 }) : undefined}
                editor={({ value, label, change }) => <MoneyField label={label} value={value} currency={deal.currency} onChange={change} autoFocus fullWidth />}
            >
                {format.money(deal.value_minor, deal.currency)}
            </EditFact>
            <EditFact label={t("lead.owner")} value={deal.owner_id ?? null} draft={draft("owner_id")} version={deal.version} save={writable ? (id, seen) => change("owner_id", id, seen) : undefined} editor={({ value, label, commit, leave }) => <PersonPick label={label} value={value} pipeline={deal.pipeline_id} none={t("lead.nobody")} opened autoFocus fullWidth onChange={(id) => commit(id)} onClosed={leave} />}>
                {owner && (
                    <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75 }}>
                        <Face name={owner} size={18} />
                        {owner}
                    </Box>
                )}
            </EditFact>
            <EditFact label={t("deal.expected")} value={deal.expected_close_on ?? ""} draft={draft("expected_close_on")} version={deal.version} valid={(day) => isDateValue(day, false)} save={writable ? (day, seen) => change("expected_close_on", day || null, { ...seen, value: seen.value || null }) : undefined} editor={({ value, label, change }) => <DateField label={label} value={value} onChange={change} autoFocus fullWidth error={!isDateValue(value, false)} helperText={isDateValue(value, false) ? undefined : t("form.date")} />}>
                {deal.expected_close_on && format.date(deal.expected_close_on)}
            </EditFact>
            {facts.map(([name, value]) => (
                <Fact key={name} label={t(name)}>
                    {value}
                </Fact>
            ))}
        </Facts>
    );
}

/** Moves the deal without dragging: for fingers, for those who do not drag, and from afar. */
function StageChoice({ deal, writable }: { deal: Deal; writable: boolean }) {
    const t = useT();
    const stageName = useStageName();
    const { pipeline, stage } = usePipelines();
    const [losing, setLosing] = useState<Stage | null>(null);
    const { move } = useDealChange();
    const stages = pipeline(deal.pipeline_id)?.stages ?? [];
    const place = stage(deal.stage_id);
    const named = (one: Stage | undefined) => (
        <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75 }}>
            <Box aria-hidden="true" sx={{ width: 8, height: 8, borderRadius: "50%", bgcolor: one?.color ?? "divider" }} />
            {stageName(one?.name)}
        </Box>
    );
    if (!writable || !place) return named(place);
    const choose = (id: string) => {
        const to = stages.find((one) => one.id === id);
        if (!to || to.id === deal.stage_id) return;
        // A lost deal tells why.
        if (to.is_lost) setLosing(to);
        else void move(deal, to);
    };
    return (
        <>
            <TextField select value={deal.stage_id} onChange={(event) => choose(event.target.value)} slotProps={{ select: { inputProps: { "aria-label": t("deal.stage") }, SelectDisplayProps: { "aria-label": t("deal.stage") } } }} sx={{ minWidth: 180, "& .MuiInputBase-input": { py: 0.625, fontSize: "m" }, "& .MuiOutlinedInput-root": { minHeight: 32 } }}>
                {stages.map((one) => (
                    <MenuItem key={one.id} value={one.id}>
                        {named(one)}
                    </MenuItem>
                ))}
            </TextField>
            <LostReason
                open={losing !== null}
                name={deal.name}
                onClose={() => setLosing(null)}
                onReason={(reason) => {
                    if (losing) void move(deal, losing, reason);
                    setLosing(null);
                }}
            />
        </>
    );
}

export function History({ deal }: { deal: Deal }) {
    const t = useT();
    const format = useFormat();
    const stageName = useStageName();
    const stays = useStays(deal.id);
    return (
        <Section title={t("deal.history")}>
            <Async of={stays} lines={3}>
                {(stays) => (
                <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0, fontSize: "m" }}>
                    {stays.map((stay) => (
                        <Box key={stay.id} component="li" sx={{ position: "relative", pl: 2.5, pb: 1.25, "&::before": { content: '""', position: "absolute", left: 2, top: 6, width: 9, height: 9, borderRadius: "50%", bgcolor: stay.color ?? "divider" }, "&:not(:last-of-type)::after": { content: '""', position: "absolute", left: 6, top: 18, bottom: -2, width: "1px", bgcolor: "divider" } }}>
                            <Box sx={{ display: "flex", gap: 1 }}>
                                <Box sx={{ fontWeight: 550 }}>{stageName(stay.stage_name) || t("deal.goneStage")}</Box>
                                <Muted sx={{ ml: "auto" }}>{stay.duration_seconds !== null && stay.duration_seconds !== undefined && format.duration(stay.duration_seconds)}</Muted>
                            </Box>
                            <Muted sx={{ fontSize: "s" }}>
                                <When at={stay.entered_at} exact />
                                {stay.moved_by && ` · ${stay.moved_by === "machine" ? t("deal.machine") : (stay.moved_by_name ?? t("deal.somebody"))}`}
                                {stay.reason && ` · ${stay.reason}`}
                            </Muted>
                        </Box>
                    ))}
                </Box>
                )}
            </Async>
        </Section>
    );
}
