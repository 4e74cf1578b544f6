// Every decision about the lead, the latest first.
import { Box } from "@mui/material";
import { Route as RouteIcon } from "lucide-react";
import { useT } from "../../providers/i18n";
import { Card, Empty, Failed } from "../../ui/parts";
import { Coming } from "./coming";
import { DecisionCard } from "./decision";
import { type LeadDetails, useDecisions } from "./queries";

export default function Decisions({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const decisions = useDecisions(lead.id);
    if (decisions.error) return <Card><Failed error={decisions.error} retry={() => void decisions.refetch()} /></Card>;
    if (!decisions.data) return <Coming tab="decisions" />;
    if (decisions.data.length === 0) return <Card><Empty icon={RouteIcon} title={t("decision.none")} hint={t("decision.noneHint")} /></Card>;
    return (
        <Box sx={{ display: "grid", gap: 1.5, minWidth: 0 }}>
            {decisions.data.map((decision, at) => (
                <Card key={decision.id ?? `now-${at}`}>
                    <DecisionCard decision={decision} />
                </Card>
            ))}
        </Box>
    );
}
