// Leads: people one may do business with.
import { Box } from "@mui/material";
import type { Schemas } from "../api/client";
import { leadName } from "../ui/labels";
import type { Filters } from "../ui/list-state";
import { Muted, StatusTag, Tag, TierBadge } from "../ui/parts";
import { entity, type Field } from "./entity";
import { moment, NOTHING, ownerField, plain, StageName } from "./parts";
import type { Words } from "./words";

export type Lead = Schemas["LeadView"] & { missing?: Schemas["Missing"] };

export const TIERS = ["very_hot", "hot", "warm", "cold"] as const;
export const STATUSES = ["new", "engaged", "qualified", "routed", "customer", "lost", "anonymized"] as const;

/** The leads that are not routed yet, each with what it lacks. */
export const isPool = (filters: Filters) => filters.pool?.is === true;

/** What stands below a lead's name. */
export const about = (lead: Lead) => [lead.job_title, lead.company].filter(Boolean).join(" · ") || lead.email;

const placeOf = (lead: Lead, { pipeline, stage, stageName, t }: Words) => [pipeline(lead.pipeline_id)?.name, stageName(stage(lead.stage_id)?.name)].filter(Boolean).join(" · ") || t("lead.pool");

const FIELDS: Field<Lead>[] = [
    { key: "name", api: "name", label: "field.name", file: ["name"], width: 230, text: leadName, show: leadName },
    {
        key: "tier",
        api: "tier",
        label: "field.tier",
        file: ["tier"],
        filter: { kind: "choice", words: TIERS, plain: { in: "tier" }, field: "tier", choices: { of: "words", values: TIERS, say: "tier" }, quick: true },
        text: (lead, { t }) => t(`tier.${lead.tier}`),
        show: (lead) => <TierBadge tier={lead.tier} />,
        brief: (lead) => <TierBadge tier={lead.tier} bare />,
    },
    {
        key: "score",
        api: "total_score",
        label: "field.total_score",
        sort: "total_score",
        first: "DESC",
        align: "right",
        file: ["total_score"],
        filter: { kind: "number", plain: { min: "min_score", max: "max_score" }, field: "total_score" },
        text: (lead) => lead.total_score,
        show: (lead, { format }) => <Box component="span" sx={{ fontWeight: 600 }}>{format.number(lead.total_score)}</Box>,
    },
    {
        key: "intent",
        api: "intent",
        label: "field.primary_intent",
        file: ["primary_intent", "intent_confidence"],
        filter: { kind: "choice", optional: true, plain: { in: "intent" }, field: "intent", choices: { of: "intents" }, quick: true },
        text: (lead, { label, format }) => (lead.primary_intent ? `${label("intent", lead.primary_intent)} (${format.percent(lead.intent_confidence)})` : null),
        show: (lead, { label, format, t }) =>
            lead.primary_intent ? (
                <Box sx={{ display: "flex", alignItems: "baseline", gap: 0.75, whiteSpace: "nowrap" }}>
                    {label("intent", lead.primary_intent)}
                    <Muted sx={{ fontSize: "s" }}>{format.percent(lead.intent_confidence)}</Muted>
                    {lead.conflict && <Tag tone="bad">{t("lead.conflict")}</Tag>}
                </Box>
            ) : (
                NOTHING
            ),
    },
    {
        key: "status",
        api: "status",
        label: "field.status",
        file: ["status"],
        // All of the pool have one that says only how warm they are.
        filter: { kind: "choice", words: STATUSES, plain: { in: "status" }, field: "status", choices: { of: "words", values: STATUSES, say: "status" }, quick: true, unless: isPool },
        text: (lead, { t }) => t(`status.${lead.status}`),
        show: (lead) => <StatusTag of="status" status={lead.status} />,
    },
    // Who is in the pool gets an owner by being routed.
    ownerField((lead, { nameOf }) => nameOf(lead.owner_id), { fixed: (lead) => !lead.pipeline_id, filter: { kind: "person", optional: true, plain: { in: "owner_id" }, field: "owner_id", choices: { of: "people" }, quick: true } }),
    {
        key: "pipeline",
        api: "pipeline_id",
        label: "field.pipeline_id",
        file: ["pipeline", "stage"],
        filter: { kind: "id", optional: true, plain: { in: "pipeline_id" }, field: "pipeline_id", choices: { of: "pipelines" }, quick: true, unless: isPool },
        // Nobody in the pool has one.
        forced: (filters) => (isPool(filters) ? false : undefined),
        text: placeOf,
        brief: placeOf,
        show: (lead, { pipeline, stage, stageName, t }) => {
            const [line, place] = [pipeline(lead.pipeline_id), stage(lead.stage_id)];
            if (!line) return <Muted>{t("lead.pool")}</Muted>;
            return (
                <Box sx={{ lineHeight: 1.3 }}>
                    {line.name}
                    <Box sx={{ fontSize: "s", color: "text.secondary" }}>
                        <StageName color={place?.color} name={stageName(place?.name)} />
                    </Box>
                </Box>
            );
        },
    },
    {
        key: "missing",
        api: "missing",
        label: "missing.title",
        file: ["missing"],
        // In the pool it is what each lacks that counts; elsewhere nothing is known to be missing.
        forced: isPool,
        width: 260,
        text: (lead, { missing }) => missing(lead.missing ?? null).join("; "),
        brief: (lead, { missing }) => missing(lead.missing ?? null).join(" · "),
        show: (lead, { missing }) => {
            const lines = missing(lead.missing ?? null);
            if (lines.length === 0) return NOTHING;
            return <Box component="ul" sx={{ m: 0, p: 0, listStyle: "none", whiteSpace: "normal", fontSize: "s", lineHeight: 1.4 }}>{lines.map((line) => <li key={line}>{line}</li>)}</Box>;
        },
    },
    moment("activity", "last_activity_at", (lead) => lead.last_activity_at, { sort: "last_activity_at", filter: { kind: "moment", optional: true, plain: { from: "active_from", before: "active_to" }, field: "last_activity_at" } }),
    moment("created", "created_at", (lead) => lead.created_at, { sort: "created_at", filter: { kind: "moment", plain: { from: "created_from", before: "created_to" }, field: "created_at" } }),
    plain("email", "email", (lead) => lead.email, { edit: { kind: "text" }, filter: { kind: "presence", optional: true, field: "email" } }),
    plain("phone", "phone", (lead) => lead.phone, { edit: { kind: "text" }, filter: { kind: "presence", optional: true, field: "phone" } }),
    plain("company", "company", (lead) => lead.company, { edit: { kind: "text" }, filter: { kind: "text", optional: true, field: "company" } }),
    plain("jobTitle", "job_title", (lead) => lead.job_title, { edit: { kind: "text" }, filter: { kind: "presence", optional: true, field: "job_title" } }),
    plain("country", "country", (lead) => lead.country, { edit: { kind: "text" }, filter: { kind: "text", optional: true, field: "country" } }),
    plain("source", "source", (lead, { label }) => (lead.source ? label("source", lead.source) : null), { filter: { kind: "choice", optional: true, plain: { in: "source" }, field: "source", choices: { of: "sources" } } }),
    plain("campaign", "campaign", (lead) => lead.campaign, { edit: { kind: "text" }, filter: { kind: "text", optional: true, plain: { in: "campaign" }, field: "campaign" } }),
    {
        key: "tags",
        api: "tags",
        label: "field.tags",
        file: ["tags"],
        edit: { kind: "tags" },
        filter: { name: "tag", kind: "text", optional: true, plain: { in: "tag" }, field: "tags" },
        text: (lead) => lead.tags.join(", "),
        show: (lead) => (lead.tags.length ? <Box component="span" sx={{ display: "inline-flex", gap: 0.5 }}>{lead.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</Box> : NOTHING),
    },
    moment("routedAt", "routed_at", (lead) => lead.routed_at, { filter: { kind: "moment", optional: true, field: "routed_at", unless: isPool } }),
];

export const LEAD = entity<Lead>({
    kind: "lead",
    resource: "leads",
    area: "leads",
    alone: true,
    page: "/leads",
    title: "nav.leads",
    fields: FIELDS,
    more: [
        { name: "q", label: "leads.search", kind: "search", plain: { in: "q" } },
        { name: "pool", label: "lead.pool", kind: "flag", plain: { is: "pool" }, isView: true },
    ],
    name: leadName,
    about,
    to: (lead) => `/leads/${lead.id}`,
    faces: true,
    columns: ["tier", "score", "intent", "status", "owner", "pipeline", "activity"],
    facts: ["tier", "score", "activity"],
    atRight: ["tier", "score", "activity"],
    sort: { field: "total_score", order: "DESC" },
    orders: ["total_score", "last_activity_at", "created_at"].flatMap((field) => [{ field, order: "DESC" } as const, { field, order: "ASC" } as const]),
    views: [
        { key: "all", label: "leads.view.all", filters: () => ({}) },
        { key: "hot", label: "leads.view.hot", filters: ({ hotFrom }) => ({ total_score: { min: hotFrom } }) },
        { key: "mine", label: "leads.view.mine", filters: ({ member }) => (member ? { owner_id: { in: ["me"] } } : null) },
        { key: "pool", label: "leads.view.pool", filters: () => ({ pool: { is: true } }) },
        { key: "qualified", label: "leads.view.qualified", filters: () => ({ status: { in: ["qualified"] } }) },
    ],
    stale: ["lead", "leads", "find", "board", "deal", "deals", "tasks", "team", "home"],
});
