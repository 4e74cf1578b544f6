// The lead's deals.
import { Box, Button } from "@mui/material";
import { HandCoins, Plus } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router-dom";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { useMay, usePipelines, useTeam } from "../../ui/known";
import { useStageName } from "../../ui/labels";
import { Card, Empty, Failed, Muted, StatusTag } from "../../ui/parts";
import { NewDeal } from "../board/dialogs";
import { Coming } from "./coming";
import { type LeadDetails, useDeals } from "./queries";

export default function Deals({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const may = useMay();
    const stageName = useStageName();
    const { nameOf } = useTeam();
    const { pipeline, stage } = usePipelines();
    const deals = useDeals(lead.id);
    const [creating, setCreating] = useState(false);
    const add = may("deals", "write") && (
        <Button variant="outlined" startIcon={<Plus size={15} aria-hidden="true" />} onClick={() => setCreating(true)}>
            {t("deal.new")}
        </Button>
    );
    if (!deals.data && !deals.error) return <Coming tab="deals" />;
    return (
        <Card title={t("lead.tab.deals")} action={add} flush>
            {deals.error ? (
                <Failed error={deals.error} retry={() => void deals.refetch()} />
            ) : deals.data.length === 0 ? (
                <Empty icon={HandCoins} title={t("deal.none")} hint={t("deal.noneHint")} />
            ) : (
                <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                    {deals.data.map((deal) => (
                        <Box key={deal.id} component="li" sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1.5, px: 2, py: 1.25, borderBottom: 1, borderColor: "divider", "&:last-of-type": { borderBottom: 0 } }}>
                            <Box sx={{ flexGrow: 1, flexBasis: { xs: "100%", sm: 180 }, minWidth: 0 }}>
                                <Box component={Link} to={`/board/${deal.pipeline_id}?deal=${deal.id}`} sx={{ color: "text.primary", fontWeight: 570, overflowWrap: "anywhere" }}>
                                    {deal.name}
                                </Box>
                                <Box sx={{ display: "flex", alignItems: "center", gap: 0.75, fontSize: "0.75rem", color: "text.secondary", mt: 0.25 }}>
                                    <Box aria-hidden="true" sx={{ width: 8, height: 8, borderRadius: "50%", bgcolor: stage(deal.stage_id)?.color ?? "divider" }} />
                                    {[pipeline(deal.pipeline_id)?.name, stageName(stage(deal.stage_id)?.name), deal.owner_name ?? nameOf(deal.owner_id)].filter(Boolean).join(" · ")}
                                </Box>
                            </Box>
                            {deal.expected_close_on && <Muted sx={{ fontSize: "0.75rem" }}>{t("deal.expectedOn", { date: format.date(deal.expected_close_on) })}</Muted>}
                            <StatusTag of="dealStatus" status={deal.status} />
                            <Box sx={{ fontWeight: 650, minWidth: 90, ml: "auto", textAlign: "right" }}>{format.money(deal.value_minor, deal.currency)}</Box>
                        </Box>
                    ))}
                </Box>
            )}
            {creating && <NewDeal lead={lead} pipeline={lead.pipeline_id} onClose={() => setCreating(false)} />}
        </Card>
    );
}
