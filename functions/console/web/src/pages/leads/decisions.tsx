// Every decision about the lead, the latest first.
import { Box } from "@mui/material";
import { Route as RouteIcon } from "lucide-react";
import { useT } from "../../providers/i18n";
import { Async } from "../../ui/async";
import { Card, Empty } from "../../ui/parts";
import { DecisionCard } from "./decision";
import { type LeadDetails, useDecisions } from "./queries";

export default function Decisions({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const decisions = useDecisions(lead.id);
    return (
        <Async of={decisions} card lines={6} height={26} empty={<Empty icon={RouteIcon} title={t("decision.none")} hint={t("decision.noneHint")} />}>
            {(decisions) => (
                <Box sx={{ display: "grid", gap: 1.5, minWidth: 0 }}>
                    {decisions.map((decision, at) => (
                        <Card key={decision.id ?? `now-${at}`}>
                            <DecisionCard decision={decision} />
                        </Card>
                    ))}
                </Box>
            )}
        </Async>
    );
}
