// A routing decision in sentences: what came of it, why, what was missing, and who could have owned the lead.
import { Box, ButtonBase, Collapse } from "@mui/material";
import { Check, ChevronDown, CircleDashed, Hand, Route as RouteIcon, Scale, Telescope, type LucideIcon } from "lucide-react";
import { useCallback, useId, useState } from "react";
import { useFormat } from "../../i18n/format";
import { useLanguage, useT } from "../../providers/i18n";
import { usePipelines, useTeam } from "../../ui/known";
import { useLabel } from "../../ui/labels";
import { Muted, Tag, When } from "../../ui/parts";
import type { Decision } from "./queries";

export const OUTCOME: Record<Decision["outcome"], { icon: LucideIcon; tone: "good" | "bad" | "note" | "plain" }> = {
    routed: { icon: RouteIcon, tone: "good" },
    manual: { icon: Hand, tone: "note" },
    discovery: { icon: Telescope, tone: "note" },
    conflict: { icon: Scale, tone: "bad" },
    pending: { icon: CircleDashed, tone: "plain" },
};

/** What has to change, one thing a line. */
export function useMissing() {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    return useCallback((missing: Decision["missing"]): string[] => {
        if (!missing) return [];
        const { score, confidence, discovery_at, routed_by, pipeline_for, blocked } = missing;
        return [
            blocked && t(`missing.${blocked}`),
            score ? t("missing.score", { smart_count: score }) : null,
            confidence?.too_close && confidence.intent && t("missing.tooClose", { intent: label("intent", confidence.intent), other: label("intent", confidence.too_close) }),
            confidence && !confidence.too_close && t("missing.confidence", { intent: confidence.intent ? label("intent", confidence.intent) : t("missing.anyIntent"), from: format.percent(confidence.from), to: format.percent(confidence.to) }),
            pipeline_for && t("missing.pipeline", { intent: label("intent", pipeline_for) }),
            discovery_at && t("missing.discovery", { date: format.date(discovery_at) }),
            routed_by && t("missing.routedBy", { time: format.time(routed_by) }),
        ].filter((line): line is string => Boolean(line));
    }, [t, format, label]);
}

export function DecisionCard({ decision, brief = false }: { decision: Decision; brief?: boolean }) {
    const t = useT();
    const [language] = useLanguage();
    const { nameOf } = useTeam();
    const { pipeline } = usePipelines();
    const lines = useMissing()(decision.missing);
    const { icon, tone } = OUTCOME[decision.outcome];
    const owner = nameOf(decision.owner_id) ?? decision.candidates.find((one) => one.member_id === decision.owner_id)?.name;
    return (
        <Box data-decision={decision.outcome} data-now={decision.id ? undefined : true}>
            <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
                <Tag tone={tone} icon={icon}>
                    {t(`outcome.${decision.outcome}`)}
                </Tag>
                <Muted sx={{ fontSize: "0.75rem" }}>
                    {decision.id ? <When at={decision.decided_at} exact /> : t("decision.now")}
                </Muted>
                {(decision.pipeline_id || owner) && <Muted sx={{ fontSize: "0.75rem" }}>{[pipeline(decision.pipeline_id)?.name, owner].filter(Boolean).join(" · ")}</Muted>}
            </Box>
            <Box component="p" sx={{ m: 0, mt: 1, lineHeight: 1.55, maxWidth: "72ch", overflowWrap: "anywhere" }}>
                {decision.explanation[language]}
            </Box>
            {lines.length > 0 && (
                <Box sx={{ mt: 1.25, p: 1.25, borderRadius: 1, bgcolor: "subtle" }}>
                    <Box sx={{ fontWeight: 600, fontSize: "0.8125rem" }}>{t("missing.title")}</Box>
                    <Box component="ul" sx={{ m: 0, mt: 0.25, pl: 2.25, fontSize: "0.8125rem" }}>
                        {lines.map((line) => (
                            <li key={line}>{line}</li>
                        ))}
                    </Box>
                </Box>
            )}
            {!brief && <Numbers decision={decision} />}
        </Box>
    );
}

/** Everything that was looked at, for those who want to check the sentence. */
function Numbers({ decision }: { decision: Decision }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const id = useId();
    const [open, setOpen] = useState(false);
    const { inputs, candidates } = decision;
    const cell = { px: 1.25, py: 0.625, borderTop: 1, borderColor: "divider", textAlign: "left" };
    return (
        <>
            <ButtonBase aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} sx={{ mt: 1, gap: 0.5, borderRadius: 0.5, fontSize: "0.8125rem", color: "text.secondary", "&:hover": { color: "text.primary" } }}>
                <Box component={ChevronDown} size={15} aria-hidden="true" sx={{ transform: open ? "rotate(180deg)" : "none", transition: "transform 120ms" }} />
                {t("decision.numbers")}
            </ButtonBase>
            <Collapse in={open} id={id} unmountOnExit>
                <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.75, mt: 1.25 }}>
                    <Tag tone={inputs.total_score >= inputs.config.min_score ? "good" : "plain"}>{t("decision.score", { score: format.number(inputs.total_score), min: format.number(inputs.config.min_score) })}</Tag>
                    {inputs.intents.filter((one) => one.weight > 0).map((one) => (
                        <Tag key={one.intent} tone={one.confidence >= inputs.config.min_confidence ? "good" : "plain"}>
                            {label("intent", one.intent)} {format.percent(one.confidence)} · {t("decision.needed", { min: format.percent(inputs.config.min_confidence) })}
                        </Tag>
                    ))}
                    <Tag>{t("decision.rules", { version: decision.rule_set_version })}</Tag>
                    {decision.tie_break && <Tag>{t(`tieBreak.${decision.tie_break}`)}</Tag>}
                </Box>
                {candidates.length > 0 && (
                    <Box sx={{ overflowX: "auto", mt: 1.25 }} tabIndex={0} role="region" aria-label={t("decision.candidates")}>
                        <Box component="table" sx={{ width: "100%", borderCollapse: "collapse", fontSize: "0.8125rem", "& th": { ...cell, borderTop: 0, fontWeight: 500, color: "text.secondary", fontSize: "0.75rem" }, "& td": cell }}>
                            <thead>
                                <tr>
                                    <th>{t("decision.candidates")}</th>
                                    <th>{t("decision.load")}</th>
                                    <th>{t("decision.verdict")}</th>
                                </tr>
                            </thead>
                            <tbody>
                                {candidates.map((one) => (
                                    <tr key={one.member_id}>
                                        <td>
                                            <Box sx={{ display: "inline-flex", gap: 0.5, alignItems: "center", fontWeight: one.verdict === "chosen" ? 600 : 400 }}>
                                                {one.verdict === "chosen" && <Check size={14} aria-hidden="true" />}
                                                {one.name}
                                            </Box>
                                        </td>
                                        <td>{t("decision.of", { load: one.load, capacity: one.capacity })}</td>
                                        <td>{t(`verdict.${one.verdict}`)}</td>
                                    </tr>
                                ))}
                            </tbody>
                        </Box>
                    </Box>
                )}
            </Collapse>
        </>
    );
}
