// Choosing a lead by typing part of the name, the company or the address; a deal by part of its name.
import { api, take, type Schemas } from "../api/client";
import { EntityPick, type EntityPickProps } from "./entity-pick";
import { leadName } from "./labels";
import { TierBadge } from "./parts";

type Lead = Schemas["LeadView"];
type Deal = Schemas["DealView"];

const MOST = 8;
const leads = async (q: string | undefined) => (await take(api.GET("/api/v1/leads", { params: { query: { q, limit: MOST } } }))).data;
const deals = async (q: string | undefined) => (await take(api.GET("/api/v1/deals", { params: { query: { q, status: "open", limit: MOST } } }))).data;

export const LeadChoice = (props: EntityPickProps<Lead>) => <EntityPick of="leads" search={leads} nameOf={leadName} hintOf={(lead) => lead.company} markOf={(lead) => <TierBadge tier={lead.tier} bare />} {...props} />;

export const DealChoice = (props: EntityPickProps<Deal>) => <EntityPick of="open deals" search={deals} nameOf={(deal) => deal.name} hintOf={(deal) => deal.lead_company} {...props} />;
