// What the list of leads can be asked for: the filters and the orders of the API.
import { kinds, type ListSpec } from "../../ui/list-state";

export const TIERS = ["very_hot", "hot", "warm", "cold"] as const;
export const STATUSES = ["new", "engaged", "qualified", "routed", "customer", "lost", "anonymized"] as const;

export const LEADS: ListSpec = {
    resource: "leads",
    filters: {
        q: kinds.text,
        tier: kinds.oneOf(...TIERS),
        status: kinds.oneOf(...STATUSES),
        intent: kinds.text,
        pipeline_id: kinds.id,
        owner_id: kinds.id,
        pool: kinds.on,
        source: kinds.text,
        campaign: kinds.text,
        tag: kinds.text,
        min_score: kinds.whole,
        max_score: kinds.whole,
        created_from: kinds.moment,
        created_to: kinds.moment,
        active_from: kinds.moment,
        active_to: kinds.moment,
    },
    sorts: ["total_score", "last_activity_at", "created_at"],
    sort: { field: "total_score", order: "DESC" },
    perPage: 25,
};
