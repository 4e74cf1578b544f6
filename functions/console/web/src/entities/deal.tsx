// Deals: what may be sold, to whom, and how far it has come.
import { Box } from "@mui/material";
import type { Schemas } from "../api/client";
import { Muted, StatusTag } from "../ui/parts";
import { entity, type Field } from "./entity";
import { moment, NOTHING, ownerField, plain, StageName } from "./parts";

export type Deal = Schemas["DealView"];

export const DEAL_STATUSES = ["open", "won", "lost"] as const;

/** An open deal whose day has passed. */
export const isLate = (deal: Pick<Deal, "status" | "expected_close_on">, today: string) => deal.status === "open" && Boolean(deal.expected_close_on) && deal.expected_close_on! < today;

const FIELDS: Field<Deal>[] = [
    { key: "name", api: "name", label: "field.name", file: ["name"], width: 260, text: (deal) => deal.name, show: (deal) => deal.name },
    plain("lead", "lead_id", (deal) => deal.lead_name, { file: ["lead"] }),
    plain("company", "company", (deal) => deal.lead_company),
    plain("pipeline", "pipeline_id", (deal, { pipeline }) => pipeline(deal.pipeline_id)?.name, { file: ["pipeline"], filter: { kind: "id", plain: { in: "pipeline_id" }, field: "pipeline_id", choices: { of: "pipelines" }, quick: true } }),
    plain("stage", "stage_id", (deal, { stage, stageName }) => stageName(stage(deal.stage_id)?.name), {
        file: ["stage"],
        filter: { kind: "id", plain: { in: "stage_id" }, field: "stage_id", choices: { of: "stages" }, quick: true },
        show: (deal, { stage, stageName }) => <StageName color={stage(deal.stage_id)?.color} name={stageName(stage(deal.stage_id)?.name)} />,
    }),
    {
        key: "status",
        api: "status",
        label: "field.status",
        file: ["status"],
        filter: { kind: "choice", words: DEAL_STATUSES, plain: { in: "status" }, field: "status", choices: { of: "words", values: DEAL_STATUSES, say: "dealStatus" }, quick: true },
        text: (deal, { t }) => t(`dealStatus.${deal.status}`),
        show: (deal) => <StatusTag of="dealStatus" status={deal.status} />,
    },
    {
        key: "value",
        api: "value_minor",
        label: "field.value_minor",
        sort: "value_minor",
        first: "DESC",
        align: "right",
        file: ["value", "currency"],
        edit: { kind: "money" },
        filter: { kind: "number", field: "value_minor", per: 100 },
        text: (deal, { format }) => format.money(deal.value_minor, deal.currency),
        show: (deal, { format }) => <Box component="span" sx={{ fontWeight: 600 }}>{format.money(deal.value_minor, deal.currency)}</Box>,
    },
    plain("probability", "probability", (deal, { format }) => format.percent(deal.probability), { align: "right" }),
    ownerField((deal, { nameOf }) => deal.owner_name ?? nameOf(deal.owner_id), { filter: { kind: "person", optional: true, plain: { in: "owner_id" }, field: "owner_id", choices: { of: "people" }, quick: true } }),
    {
        key: "expected",
        api: "expected_close_on",
        label: "field.expected_close_on",
        sort: "expected_close_on",
        first: "ASC",
        file: ["expected_close_on"],
        edit: { kind: "day" },
        filter: { kind: "day", optional: true, field: "expected_close_on" },
        text: (deal, { format }) => deal.expected_close_on && format.date(deal.expected_close_on),
        show: (deal, { format }) => (deal.expected_close_on ? <Box component="span" sx={isLate(deal, format.today()) ? { color: "bad.main", fontWeight: 600 } : undefined}>{format.date(deal.expected_close_on)}</Box> : NOTHING),
    },
    plain("source", "source", (deal, { label }) => (deal.source ? label("source", deal.source) : null), { filter: { kind: "choice", optional: true, field: "source", choices: { of: "sources" } } }),
    plain("campaign", "campaign", (deal) => deal.campaign, { filter: { kind: "text", optional: true, field: "campaign" } }),
    plain("lostReason", "lost_reason", (deal) => deal.lost_reason, { filter: { kind: "text", optional: true, field: "lost_reason" } }),
    moment("created", "created_at", (deal) => deal.created_at, { sort: "created_at", filter: { kind: "moment", plain: { from: "created_from", before: "created_to" }, field: "created_at" } }),
    moment("closed", "closed_at", (deal) => deal.closed_at, { filter: { kind: "moment", optional: true, field: "closed_at" } }),
];

export const DEAL = entity<Deal>({
    kind: "deal",
    resource: "deals",
    area: "deals",
    alone: true,
    page: "/deals",
    title: "nav.deals",
    fields: FIELDS,
    more: [
        { name: "q", label: "board.search", kind: "search", plain: { in: "q" } },
        // Without an open task nobody knows what comes next.
        { name: "task", label: "field.next_step", kind: "presence", optional: true, field: "task" },
    ],
    name: (deal) => deal.name,
    about: (deal) => [deal.lead_name, deal.lead_company].filter(Boolean).join(" · ") || <Muted>–</Muted>,
    to: (deal) => `/board/${deal.pipeline_id}?deal=${deal.id}`,
    columns: ["stage", "value", "probability", "owner", "expected", "created"],
    facts: ["value", "stage", "expected"],
    atRight: ["value", "expected"],
    begin: () => ({ status: { in: ["open"] } }),
    sort: { field: "created_at", order: "DESC" },
    orders: [
        { field: "created_at", order: "DESC" },
        { field: "created_at", order: "ASC" },
        { field: "value_minor", order: "DESC" },
        { field: "value_minor", order: "ASC" },
        { field: "expected_close_on", order: "ASC" },
        { field: "expected_close_on", order: "DESC" },
    ],
    views: [
        { key: "open", label: "deals.view.open", filters: () => ({ status: { in: ["open"] } }), sort: { field: "expected_close_on", order: "ASC" } },
        { key: "mine", label: "deals.view.mine", filters: ({ member }) => (member ? { status: { in: ["open"] }, owner_id: { in: ["me"] } } : null), sort: { field: "expected_close_on", order: "ASC" } },
        { key: "idle", label: "deals.view.idle", filters: () => ({ status: { in: ["open"] }, task: { empty: true } }), sort: { field: "expected_close_on", order: "ASC" } },
        { key: "won", label: "deals.view.won", filters: () => ({ status: { in: ["won"] } }) },
        { key: "lost", label: "deals.view.lost", filters: () => ({ status: { in: ["lost"] } }) },
        { key: "all", label: "deals.view.all", filters: () => ({}) },
    ],
    stale: ["deal", "deals", "board", "find", "lead", "leads", "tasks", "team", "home"],
});
