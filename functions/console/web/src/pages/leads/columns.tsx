// What the list of leads can show: each column once, for the table, the file and the choice of columns.
import { Box } from "@mui/material";
import { useMemo } from "react";
import { Link } from "react-router-dom";
import type { ReactNode } from "react";
import type { Schemas } from "../../api/client";
import { useFormat } from "../../i18n/format";
import { type MessageKey, useT } from "../../providers/i18n";
import { usePipelines, useTeam } from "../../ui/known";
import { leadName, useLabel, useStageName } from "../../ui/labels";
import { useMissing } from "./decision";
import { Face, Muted, StatusTag, Tag, TierBadge, When } from "../../ui/parts";

export type Lead = Schemas["LeadView"] & { missing?: Schemas["Missing"] };

export interface Column {
    key: string;
    label: MessageKey;
    /** The API's field to sort by, where it can. */
    sort?: "total_score" | "last_activity_at" | "created_at";
    align?: "right";
    render: (lead: Lead) => ReactNode;
    /** In one line, for the card of a phone, where it differs. */
    brief?: (lead: Lead) => ReactNode;
    /** What the API calls it in files; there some are two columns. */
    file: readonly string[];
    /** The same as text or number. */
    text: (lead: Lead) => string | number | null | undefined;
}

export const SHOWN_AT_FIRST = ["name", "tier", "score", "intent", "status", "owner", "pipeline", "activity"];

/** What a card of a phone shows at first besides the name. */
export const FACTS_AT_FIRST = ["tier", "score", "activity"];

/** In the pool it is what each lacks that counts; nobody there has a pipeline. Elsewhere nothing is known to be missing. */
export function shownColumns(columns: Column[], chosen: readonly string[], pool: boolean): Column[] {
    return columns.filter(({ key }) => key === "name" || (key === "missing" ? pool : chosen.includes(key) && !(pool && key === "pipeline")));
}

/** What stands below a lead's name. */
export const about = (lead: Lead) => [lead.job_title, lead.company].filter(Boolean).join(" · ") || lead.email;

export function useColumns(): Column[] {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const stageName = useStageName();
    const missing = useMissing();
    const { nameOf } = useTeam();
    const { pipeline, stage } = usePipelines();
    return useMemo(() => {
        const plain = (key: string, file: string, text: Column["text"]): Column => ({ key, label: `leads.column.${key}` as MessageKey, file: [file], text, render: (lead) => text(lead) ?? <Muted>–</Muted> });
        const moment = (key: string, file: string, at: (lead: Lead) => string | null | undefined, sort?: Column["sort"]): Column => ({ key, label: `leads.column.${key}` as MessageKey, sort, file: [file], text: (lead) => (at(lead) ? format.stamp(at(lead)!) : null), render: (lead) => <When at={at(lead)} /> });
        const placeOf = (lead: Lead) => [pipeline(lead.pipeline_id)?.name, stageName(stage(lead.stage_id)?.name)].filter(Boolean).join(" · ") || t("lead.pool");
        return [
            {
                key: "name",
                label: "leads.column.name",
                file: ["name"],
                text: leadName,
                render: (lead) => (
                    <Box sx={{ display: "flex", alignItems: "center", gap: 1.125, minWidth: 0 }}>
                        <Face name={leadName(lead)} size={26} />
                        <Box sx={{ minWidth: 0, lineHeight: 1.3 }}>
                            <Box component={Link} to={`/leads/${lead.id}`} sx={{ display: "block", overflow: "hidden", textOverflow: "ellipsis", color: "text.primary", fontWeight: 570, textDecoration: "none", "&:hover": { textDecoration: "underline" } }}>
                                {leadName(lead)}
                            </Box>
                            <Muted sx={{ display: "block", fontSize: "0.75rem", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{about(lead)}</Muted>
                        </Box>
                    </Box>
                ),
            },
            { key: "tier", label: "leads.column.tier", file: ["tier"], text: (lead) => t(`tier.${lead.tier}`), render: (lead) => <TierBadge tier={lead.tier} /> },
            { key: "score", label: "leads.column.score", sort: "total_score", align: "right", file: ["total_score"], text: (lead) => lead.total_score, render: (lead) => <Box sx={{ fontWeight: 600 }}>{format.number(lead.total_score)}</Box> },
            {
                key: "intent",
                label: "leads.column.intent",
                file: ["primary_intent", "intent_confidence"],
                text: (lead) => (lead.primary_intent ? `${label("intent", lead.primary_intent)} (${format.percent(lead.intent_confidence)})` : null),
                render: (lead) =>
                    lead.primary_intent ? (
                        <Box sx={{ display: "flex", alignItems: "baseline", gap: 0.75, whiteSpace: "nowrap" }}>
                            {label("intent", lead.primary_intent)}
                            <Muted sx={{ fontSize: "0.75rem" }}>{format.percent(lead.intent_confidence)}</Muted>
                            {lead.conflict && <Tag tone="bad">{t("lead.conflict")}</Tag>}
                        </Box>
                    ) : (
                        <Muted>–</Muted>
                    ),
            },
            { key: "status", label: "leads.column.status", file: ["status"], text: (lead) => t(`status.${lead.status}`), render: (lead) => <StatusTag of="status" status={lead.status} /> },
            plain("owner", "owner", (lead) => nameOf(lead.owner_id)),
            {
                key: "pipeline",
                label: "leads.column.pipeline",
                file: ["pipeline", "stage"],
                text: placeOf,
                brief: placeOf,
                render: (lead) => {
                    const [line, place] = [pipeline(lead.pipeline_id), stage(lead.stage_id)];
                    if (!line) return <Muted>{t("lead.pool")}</Muted>;
                    return (
                        <Box sx={{ lineHeight: 1.3 }}>
                            {line.name}
                            <Box sx={{ display: "flex", alignItems: "center", gap: 0.625, fontSize: "0.75rem", color: "text.secondary" }}>
                                <Box aria-hidden="true" sx={{ width: 7, height: 7, borderRadius: "50%", bgcolor: place?.color ?? "divider" }} />
                                {stageName(place?.name)}
                            </Box>
                        </Box>
                    );
                },
            },
            {
                key: "missing",
                label: "missing.title",
                file: ["missing"],
                text: (lead) => missing(lead.missing ?? null).join("; "),
                brief: (lead) => missing(lead.missing ?? null).join(" · "),
                render: (lead) => {
                    const lines = missing(lead.missing ?? null);
                    if (lines.length === 0) return <Muted>–</Muted>;
                    return <Box component="ul" sx={{ m: 0, p: 0, listStyle: "none", minWidth: 230, whiteSpace: "normal", fontSize: "0.75rem", lineHeight: 1.4 }}>{lines.map((line) => <li key={line}>{line}</li>)}</Box>;
                },
            },
            moment("activity", "last_activity_at", (lead) => lead.last_activity_at, "last_activity_at"),
            moment("created", "created_at", (lead) => lead.created_at, "created_at"),
            plain("email", "email", (lead) => lead.email),
            plain("phone", "phone", (lead) => lead.phone),
            plain("company", "company", (lead) => lead.company),
            plain("jobTitle", "job_title", (lead) => lead.job_title),
            plain("country", "country", (lead) => lead.country),
            plain("source", "source", (lead) => (lead.source ? label("source", lead.source) : null)),
            plain("campaign", "campaign", (lead) => lead.campaign),
            { key: "tags", label: "leads.column.tags", file: ["tags"], text: (lead) => lead.tags.join(", "), render: (lead) => (lead.tags.length ? <Box sx={{ display: "flex", gap: 0.5 }}>{lead.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</Box> : <Muted>–</Muted>) },
            moment("routedAt", "routed_at", (lead) => lead.routed_at),
        ];
    }, [t, format, label, stageName, missing, nameOf, pipeline, stage]);
}
