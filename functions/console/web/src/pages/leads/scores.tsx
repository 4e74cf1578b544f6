// How the score came about: every award, expiry and withdrawal, and what it came to.
import { Box } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { Gauge } from "lucide-react";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { Async } from "../../ui/async";
import { useLabel } from "../../ui/labels";
import { Card, Empty, Muted, Tag, TierBadge, When } from "../../ui/parts";
import { SimpleTable } from "../../ui/simple-table";
import { type LeadDetails, type ScoreStep, useSteps } from "./queries";
import { ScoreChart } from "./score-chart";

export default function Scores({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const steps = useSteps(lead.id);
    return (
        <Async of={steps} card={t("score.overTime")} lines={9} height={26} empty={<Empty icon={Gauge} title={t("score.none")} hint={t("score.noneHint")} />}>
            {(steps) => (
                <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
                    <Card title={t("score.overTime")}>
                        <ScoreChart steps={steps} />
                    </Card>
                    <Card title={t("score.steps")} hint={format.number(steps.length)} flush>
                        <SimpleTable
                            label={t("score.steps")}
                            rows={steps}
                            keyOf={(step, at) => `${step.at}-${step.rule_id}-${at}`}
                            columns={[
                                { key: "at", label: t("score.when"), cell: (step) => <When at={step.at} exact /> },
                                { key: "what", label: t("score.what"), wrap: 200, cell: (step) => <What step={step} /> },
                                { key: "expiry", label: t("score.expiry"), quiet: true, cell: (step) => (step.kind === "award" ? (step.expires_at ? format.date(step.expires_at) : t("score.stays")) : "") },
                                { key: "points", label: t("score.points"), figure: true, strong: true, cell: (step) => <Box component="span" sx={{ color: step.points < 0 ? "bad.main" : "inherit" }}>{format.points(step.points)}</Box> },
                                {
                                    key: "total",
                                    label: t("score.total"),
                                    figure: true,
                                    cell: (step) => (
                                        <Box sx={{ display: "inline-flex", gap: 1, alignItems: "center" }}>
                                            <TierBadge tier={step.tier} bare />
                                            <Box component="span" sx={{ fontWeight: 600, minWidth: 24 }}>
                                                {format.number(step.total_score)}
                                            </Box>
                                        </Box>
                                    ),
                                },
                            ]}
                        />
                    </Card>
                </Box>
            )}
        </Async>
    );
}

function What({ step }: { step: ScoreStep }) {
    const t = useT();
    const label = useLabel();
    const { palette } = useTheme();
    const rule = label("rule", step.rule_slug ?? step.rule_id, step.rule_name);
    const event = step.event_type && label("event", step.event_type);
    return (
        <>
            <Box component="span" aria-hidden="true" sx={{ display: "inline-block", width: 8, height: 8, borderRadius: 0.5, bgcolor: palette.category[step.category], mr: 1 }} />
            {rule} {step.kind !== "award" && <Tag tone={step.kind === "withdrawal" ? "bad" : "plain"}>{t(`step.${step.kind}`)}</Tag>}
            {/* Many rules are called as their event is. */}
            {event && event !== rule && <Muted sx={{ fontSize: "s", ml: 0.75 }}>{event}</Muted>}
        </>
    );
}
