// One lead: who it is, what comes next, and why it stands where it stands.
import { useIsFetching } from "@tanstack/react-query";
import { Mail, Pencil, Phone, Plus, RefreshCw, Route as RouteIcon, Scale, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useParams } from "react-router-dom";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { part } from "../../shell/part";
import { startAdding } from "../../shell/quick-add-state";
import { useSeen } from "../../shell/recent";
import type { Action } from "../../ui/actions";
import { DetailPage } from "../../ui/detail-page";
import { useMay } from "../../ui/known";
import { leadName, mailTo, useLabel } from "../../ui/labels";
import { listAddress } from "../../ui/list-state";
import { StatusTag, Tag, TierBadge } from "../../ui/parts";
import { Coming, TABS } from "./coming";
import { OUTCOME } from "./decision";
import { EditLead, RouteLead } from "./dialogs";
import { Overview } from "./overview";
import { Profile } from "./profile";
import { type LeadDetails, recalculate, useEvaluation, useLead, useLeadAction } from "./queries";

const PARTS = { overview: Overview, scores: part(() => import("./scores")), events: part(() => import("./events")), decisions: part(() => import("./decisions")), deals: part(() => import("./deals")) };

export function LeadPage() {
    const { id = "", "*": tab = "" } = useParams();
    // Another lead is another page: nothing that is open here goes along.
    return <Page key={id} id={id} tab={tab} />;
}

function Page({ id, tab }: { id: string; tab: string }) {
    const t = useT();
    const may = useMay();
    const lead = useLead(id);
    const [dialog, setDialog] = useState<"edit" | "route" | null>(null);
    const actions = useActions(id, setDialog);
    const settling = useIsFetching({ queryKey: ["lead", id], predicate: ({ state }) => state.status === "pending" }) > 0;
    const close = () => setDialog(null);
    useSeen("lead", `/leads/${id}`, lead.data && leadName(lead.data));
    return (
        <DetailPage
            resource="leads"
            id={id}
            of={lead}
            back={{ to: listAddress("leads"), label: t("nav.leads") }}
            title={leadName}
            subtitle={(lead) => [lead.job_title, lead.company].filter(Boolean).join(" · ") || lead.email}
            tags={(lead) => <Tags lead={lead} />}
            actions={actions}
            tabsLabel={t("lead.tabs")}
            tab={tab}
            tabs={TABS.filter((name) => name !== "deals" || may("deals", "read")).map((name) => {
                const Part = PARTS[name];
                return { name, label: t(`lead.tab.${name}`), content: (lead: LeadDetails) => <Part lead={lead} />, coming: <Coming tab={name} /> };
            })}
            aside={(lead) => <Profile lead={lead} />}
            settling={settling}
        >
            {(lead) => (
                <>
                    <EditLead lead={lead} open={dialog === "edit"} onClose={close} />
                    <RouteLead lead={lead} open={dialog === "route"} onClose={close} />
                </>
            )}
        </DetailPage>
    );
}

function useActions(id: string, open: (dialog: "edit" | "route") => void) {
    const t = useT();
    const may = useMay();
    const evaluating = useEvaluation(id, ({ outcome }) => ({ text: t("lead.evaluated", { outcome: t(`outcome.${outcome}`) }), tone: OUTCOME[outcome].tone === "good" ? "success" : OUTCOME[outcome].tone === "bad" ? "warning" : "info" }));
    const recalculating = useLeadAction(() => recalculate(id), ({ changed, before, after }) => ({ text: changed ? t("lead.recalculated", { before: before.total_score, after: after.total_score }) : t("lead.unchanged"), tone: changed ? "success" : "info" }));
    const writable = may("leads", "write");
    const follow = (address: string) => () => location.assign(address);
    return (lead: LeadDetails): (Action | false)[] => [
        writable && lead.status !== "anonymized" && { key: "route", label: t("lead.route"), icon: RouteIcon, primary: !lead.routed_at, run: () => open("route") },
        writable && { key: "edit", label: t("lead.edit"), icon: Pencil, run: () => open("edit") },
        Boolean(lead.phone) && { key: "call", label: t("lead.call"), icon: Phone, run: follow(`tel:${lead.phone}`) },
        Boolean(lead.email) && { key: "mail", label: t("lead.mail"), icon: Mail, run: follow(mailTo(lead.email ?? "")) },
        may("deals", "write") && { key: "deal", label: t("deal.new"), icon: Plus, run: () => startAdding("deal") },
        writable && { key: "recalculate", label: t("lead.recalculate"), icon: RefreshCw, tip: t("lead.recalculateTip"), busy: recalculating.isPending, run: () => recalculating.mutate() },
        may("routing", "write") && { key: "evaluate", label: t("lead.evaluate"), icon: Scale, tip: t("lead.evaluateTip"), busy: evaluating.isPending, run: () => evaluating.mutate() },
    ];
}

function Tags({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    return (
        <>
            <TierBadge tier={lead.tier} />
            <Tag>{t("lead.points", { score: format.number(lead.total_score) })}</Tag>
            <StatusTag of="status" status={lead.status} />
            {lead.primary_intent && (
                <Tag>
                    {label("intent", lead.primary_intent)} · {format.percent(lead.intent_confidence)}
                </Tag>
            )}
            {lead.conflict && (
                <Tag tone="bad" icon={Scale}>
                    {t("lead.conflict")}
                </Tag>
            )}
            {lead.suppressed && (
                <Tag tone="bad" icon={TriangleAlert}>
                    {t("lead.suppressed")}
                </Tag>
            )}
        </>
    );
}
