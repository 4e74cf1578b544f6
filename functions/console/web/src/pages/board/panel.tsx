// A deal beside the board: what comes next, what it is worth, whose it is, how it came here, and how it ends.
import { Box, Button } from "@mui/material";
import { Pencil, Trophy, UserRoundPen, X } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router-dom";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { useSeen } from "../../shell/recent";
import { Actions } from "../../ui/actions";
import { Async } from "../../ui/async";
import { Section } from "../../ui/facts";
import { useMay } from "../../ui/known";
import { Face, Muted, StatusTag } from "../../ui/parts";
import { SidePanel } from "../../ui/side-panel";
import { Timeline } from "../leads/stream";
import { BelowNextStep, NextStep } from "../tasks/next-step";
import { useDealChange } from "./changes";
import { ChooseLead, EditDeal, LostReason } from "./dialogs";
import type { Deal } from "./order";
import { DealFacts, History } from "./panel-parts";
import { useDeal } from "./queries";

/** `order`: the deals of the board as they stand there, column by column. */
export function DealPanel({ id, order, onOpen, onClose }: { id: string; order: readonly string[]; onOpen: (id: string) => void; onClose: () => void }) {
    const t = useT();
    const deal = useDeal(id);
    const at = order.indexOf(id);
    useSeen("deal", `/board/${deal.data?.pipeline_id}?deal=${id}`, deal.data?.name);
    const beside = (step: -1 | 1) => {
        const other = at < 0 ? undefined : order[at + step];
        return other === undefined ? undefined : () => onOpen(other);
    };
    return (
        <SidePanel id={id} title={deal.data?.name ?? t("deal.one")} onClose={onClose} onPrevious={beside(-1)} onNext={beside(1)}>
            <Async of={deal} lines={10} height={24}>
                {(deal) => <Content key={deal.id} deal={deal} />}
            </Async>
        </SidePanel>
    );
}

function Content({ deal }: { deal: Deal }) {
    const t = useT();
    const may = useMay();
    const { close } = useDealChange();
    const [dialog, setDialog] = useState<"edit" | "lead" | "lose" | null>(null);
    const writable = may("deals", "write");
    const about = { deal: { id: deal.id, name: deal.name } };
    const lead = deal.lead_id ? { id: deal.lead_id, name: deal.lead_name ?? deal.name } : null;
    return (
        <>
            <Head deal={deal} />
            {writable && (
                <Actions
                    shown={3}
                    of={[
                        deal.status === "open" && { key: "win", label: t("deal.win"), icon: Trophy, primary: true, run: () => void close(deal, "won", null) },
                        deal.status === "open" && { key: "lose", label: t("deal.lose"), icon: X, run: () => setDialog("lose") },
                        { key: "edit", label: t("action.edit"), icon: Pencil, run: () => setDialog("edit") },
                    ]}
                />
            )}
            {may("tasks", "read") && (
                <Section title={t("next.title")}>
                    <NextStep about={about} owner={deal.owner_id} />
                </Section>
            )}
            <BelowNextStep about={about}>
                <Section
                    title={t("deal.lead")}
                    action={
                        writable && (
                            <Button startIcon={<UserRoundPen size={14} aria-hidden="true" />} onClick={() => setDialog("lead")} sx={{ color: "text.secondary" }}>
                                {deal.lead_id ? t("deal.changeLead") : t("deal.chooseLead")}
                            </Button>
                        )
                    }
                >
                    <Whose deal={deal} />
                </Section>
                <DealFacts deal={deal} writable={writable} />
                <History deal={deal} />
                {lead && may("leads", "read") && (
                    <Section title={t("timeline.title")}>
                        <Timeline lead={lead.id} />
                    </Section>
                )}
            </BelowNextStep>
            <EditDeal deal={deal} open={dialog === "edit"} onClose={() => setDialog(null)} />
            {dialog === "lead" && <ChooseLead deal={deal} open onClose={() => setDialog(null)} />}
            <LostReason
                open={dialog === "lose"}
                name={deal.name}
                onClose={() => setDialog(null)}
                onReason={(reason) => {
                    setDialog(null);
                    void close(deal, "lost", reason);
                }}
            />
        </>
    );
}

function Head({ deal }: { deal: Deal }) {
    const format = useFormat();
    return (
        <Box>
            <Box component="h2" sx={{ m: 0, fontSize: "xxl", fontWeight: 650, letterSpacing: "-0.01em", lineHeight: 1.35, overflowWrap: "anywhere" }}>
                {deal.name}
            </Box>
            <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, mt: 0.5 }}>
                <Box sx={{ fontSize: "head", fontWeight: 680, letterSpacing: "-0.02em" }}>{format.money(deal.value_minor, deal.currency)}</Box>
                <StatusTag of="dealStatus" status={deal.status} />
            </Box>
        </Box>
    );
}

function Whose({ deal }: { deal: Deal }) {
    const t = useT();
    if (!deal.lead_id) return <Muted sx={{ fontSize: "m" }}>{t("deal.noLead")}</Muted>;
    return (
        <Box component={Link} to={`/leads/${deal.lead_id}`} sx={{ display: "flex", alignItems: "center", gap: 1.25, p: 1.25, border: 1, borderColor: "divider", borderRadius: 1, textDecoration: "none", color: "text.primary", "&:hover": { bgcolor: "subtle" } }}>
            <Face name={deal.lead_name ?? deal.name} size={30} />
            <Box sx={{ minWidth: 0, lineHeight: 1.35, overflowWrap: "anywhere" }}>
                <Box sx={{ fontWeight: 570 }}>{deal.lead_name ?? t("tasks.lead")}</Box>
                <Muted sx={{ fontSize: "s" }}>{deal.lead_company}</Muted>
            </Box>
        </Box>
    );
}
