// How the score came about: every award, expiry and withdrawal, and what it came to.
import { Box, Typography } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { Gauge } from "lucide-react";
import { Suspense } from "react";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { part } from "../../shell/part";
import { useLabel } from "../../ui/labels";
import { Card, Empty, Failed, Lines, Muted, Tag, TierBadge, When } from "../../ui/parts";
import { Coming } from "./coming";
import { type LeadDetails, useSteps } from "./queries";

const ScoreChart = part(() => import("./score-chart"));

export default function Scores({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const { palette } = useTheme();
    const steps = useSteps(lead.id);
    if (steps.error) return <Card><Failed error={steps.error} retry={() => void steps.refetch()} /></Card>;
    if (!steps.data) return <Coming tab="scores" />;
    if (steps.data.length === 0) return <Card><Empty icon={Gauge} title={t("score.none")} hint={t("score.noneHint")} /></Card>;
    return (
        <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
            <Card title={t("score.overTime")}>
                <Suspense fallback={<Lines count={6} height={26} />}>
                    <ScoreChart steps={steps.data} />
                </Suspense>
            </Card>
            <Card title={t("score.steps")} hint={format.number(steps.data.length)} flush>
                <Box sx={{ overflowX: "auto" }} tabIndex={0} role="group" aria-label={t("score.steps")}>
                    <Box component="table" sx={{ width: "100%", borderCollapse: "collapse", fontSize: "0.8125rem", "& th, & td": { px: 1.25, py: 0.75, "&:first-of-type": { pl: 2 }, "&:last-of-type": { pr: 2 }, textAlign: "left", borderTop: 1, borderColor: "divider", whiteSpace: "nowrap" }, "& th": { borderTop: 0, color: "text.secondary", fontWeight: 500, fontSize: "0.75rem" } }}>
                        <thead>
                            <tr>
                                <th>{t("score.when")}</th>
                                <th>{t("score.what")}</th>
                                <th>{t("score.expiry")}</th>
                                <Box component="th" sx={{ textAlign: "right !important" }}>{t("score.points")}</Box>
                                <Box component="th" sx={{ textAlign: "right !important" }}>{t("score.total")}</Box>
                            </tr>
                        </thead>
                        <tbody>
                            {steps.data.map((step, at) => {
                                const rule = label("rule", step.rule_slug ?? step.rule_id, step.rule_name);
                                const event = step.event_type && label("event", step.event_type);
                                return (
                                    <tr key={`${step.at}-${step.rule_id}-${at}`}>
                                        <td>
                                            <When at={step.at} exact />
                                        </td>
                                        <Box component="td" sx={{ whiteSpace: "normal !important", minWidth: 200 }}>
                                            <Box component="span" aria-hidden="true" sx={{ display: "inline-block", width: 8, height: 8, borderRadius: 0.5, bgcolor: palette.category[step.category], mr: 1 }} />
                                            {rule}{" "}
                                            {step.kind !== "award" && <Tag tone={step.kind === "withdrawal" ? "bad" : "plain"}>{t(`step.${step.kind}`)}</Tag>}
                                            {/* Many rules are called as their event is. */}
                                            {event && event !== rule && <Muted sx={{ fontSize: "0.75rem", ml: 0.75 }}>{event}</Muted>}
                                        </Box>
                                        <Box component="td" sx={{ color: "text.secondary" }}>{step.kind === "award" ? (step.expires_at ? format.date(step.expires_at) : t("score.stays")) : ""}</Box>
                                        <Box component="td" sx={{ textAlign: "right !important", fontWeight: 600, color: step.points < 0 ? "bad.main" : "inherit" }}>{format.points(step.points)}</Box>
                                        <Box component="td" sx={{ textAlign: "right !important" }}>
                                            <Box sx={{ display: "inline-flex", gap: 1, alignItems: "center" }}>
                                                <TierBadge tier={step.tier} bare />
                                                <Typography component="span" variant="body2" sx={{ fontWeight: 600, minWidth: 24 }}>
                                                    {format.number(step.total_score)}
                                                </Typography>
                                            </Box>
                                        </Box>
                                    </tr>
                                );
                            })}
                        </tbody>
                    </Box>
                </Box>
            </Card>
        </Box>
    );
}
