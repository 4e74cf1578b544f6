// Why the lead stands where it stands: score, intent and decision, each with what is behind it.
import { Box, Button, ButtonBase, Collapse } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { Banknote, ChevronDown, CircleDot, Gauge, Lightbulb, Route as RouteIcon, Send, SquareCheck, type LucideIcon } from "lucide-react";
import { useId, useState } from "react";
import { Link } from "react-router-dom";
import { useFormat } from "../../i18n/format";
import { useLanguage, useT } from "../../providers/i18n";
import { useMay, useRoutingConfig } from "../../ui/known";
import { useLabel, useStageName } from "../../ui/labels";
import { Bar, Card, Empty, Failed, Lines, Muted, Tag, When } from "../../ui/parts";
import type { Category } from "../../theme/theme";
import { DecisionCard } from "./decision";
import { eventIcon } from "./event-icons";
import { type Decision, type LeadDetails, type Signal, type TimelineEntry, useBreakdown, useDecisions, useSignals, useTimeline, useVerdict } from "./queries";
import { since, standing } from "./standing";

export const CATEGORIES: Category[] = ["demographic", "engagement", "behavior"];

export function Overview({ lead }: { lead: LeadDetails }) {
    const may = useMay();
    return (
        <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
            <Latest lead={lead} />
            {may("scoring", "read") && <Score lead={lead} />}
            <Intent lead={lead} />
            <Activity lead={lead} />
        </Box>
    );
}

function Latest({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const decisions = useDecisions(lead.id);
    const verdict = useVerdict(lead.id);
    const { now, then } = standing(decisions.data ?? [], verdict, lead);
    return (
        <Card
            title={t("lead.why")}
            action={
                <Button component={Link} to={`/leads/${lead.id}/decisions`} sx={{ color: "text.secondary" }}>
                    {t("lead.allDecisions")}
                </Button>
            }
        >
            {decisions.error ? (
                <Failed error={decisions.error} retry={() => void decisions.refetch()} />
            ) : !decisions.data ? (
                <Lines count={5} height={28} />
            ) : now || then ? (
                <Box sx={{ display: "grid", gap: 2 }}>
                    {now && <DecisionCard decision={now} brief />}
                    {then && (
                        <Box>
                            <Changed decision={then} lead={lead} />
                            <DecisionCard decision={then} brief />
                        </Box>
                    )}
                </Box>
            ) : (
                <Empty compact icon={RouteIcon} title={t("decision.none")} hint={t("decision.noneHint")} />
            )}
        </Card>
    );
}

/** Of which day a decision is, and what has changed since: its sentence explains the figures of then. */
function Changed({ decision, lead }: { decision: Decision; lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const change = since(decision, lead);
    if (!change) return null;
    return (
        <Box data-since={change.points} sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 0.75, mb: 1, fontSize: "0.8125rem" }}>
            <Box sx={{ fontWeight: 600 }}>{t("decision.then", { date: format.date(decision.decided_at) })}</Box>
            {change.points !== 0 && <Tag tone="note">{t("decision.since", { smart_count: Math.abs(change.points), points: format.points(change.points) })}</Tag>}
            {change.intents.map(({ intent, from, to }) => (
                <Tag key={intent} tone="note">
                    {t("decision.sinceIntent", { intent: label("intent", intent), from: format.percent(from), to: format.percent(to) })}
                </Tag>
            ))}
        </Box>
    );
}

function Score({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const { palette } = useTheme();
    const breakdown = useBreakdown(lead.id);
    const config = useRoutingConfig();
    const data = breakdown.data;
    const tiers = config.data?.tiers ?? [];
    const top = Math.max(100, data?.total_score ?? 0);
    const next = tiers.find((tier) => tier.min_score > (data?.total_score ?? 0));
    return (
        <Card title={t("score.title")} hint={data?.next_expiry_at && t("score.nextExpiry", { date: format.date(data.next_expiry_at) })} flush>
            {breakdown.error ? (
                <Failed error={breakdown.error} retry={() => void breakdown.refetch()} />
            ) : !data ? (
                <Box sx={{ px: 2 }}>
                    <Lines count={6} />
                </Box>
            ) : (
                <>
                    <Box sx={{ p: 2, display: "grid", gap: 1 }}>
                        <Box sx={{ display: "flex", alignItems: "baseline", gap: 1, flexWrap: "wrap" }}>
                            <Box sx={{ fontSize: "1.75rem", fontWeight: 680, letterSpacing: "-0.02em", lineHeight: 1 }} data-score>
                                {format.number(data.total_score)}
                            </Box>
                            <Muted>{next ? t("score.toNext", { points: format.number(next.min_score - data.total_score), tier: t(`tier.${next.name}`) }) : t("score.highest")}</Muted>
                        </Box>
                        <Bar height={10} total={top} label={CATEGORIES.map((category) => `${t(`category.${category}`)} ${data.scores[category]}`).join(", ")} parts={CATEGORIES.map((category) => ({ value: data.scores[category], color: palette.category[category] }))} />
                        <Box aria-hidden="true" sx={{ position: "relative", height: 16, fontSize: "0.6875rem", color: "text.secondary" }}>
                            {tiers.filter((tier) => tier.min_score > 0).map((tier) => (
                                <Box key={tier.name} sx={{ position: "absolute", left: `${(tier.min_score / top) * 100}%`, transform: "translateX(-50%)", whiteSpace: "nowrap", "&::before": { content: '""', position: "absolute", left: "50%", top: -13, height: 10, width: 1.5, bgcolor: "background.paper" } }}>
                                    {t(`tier.${tier.name}`)} {tier.min_score}
                                </Box>
                            ))}
                        </Box>
                    </Box>
                    {data.rules.length === 0 && <Empty compact icon={Gauge} title={t("score.none")} hint={t("score.noneHint")} />}
                    {CATEGORIES.filter((category) => data.rules.some((rule) => rule.category === category)).map((category) => (
                        <Rules key={category} category={category} sum={data.scores[category]} rules={data.rules.filter((rule) => rule.category === category)} />
                    ))}
                </>
            )}
        </Card>
    );
}

type Rule = NonNullable<ReturnType<typeof useBreakdown>["data"]>["rules"][number];

function Rules({ category, sum, rules }: { category: Category; sum: number; rules: Rule[] }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const { palette } = useTheme();
    const sorted = [...rules].sort((left, right) => right.points - left.points);
    return (
        <Box component="table" sx={{ width: "100%", borderCollapse: "collapse", fontSize: "0.8125rem", "& td, & th": { px: 2, py: 0.75, borderTop: 1, borderColor: "divider", textAlign: "left", verticalAlign: "top" } }}>
            <thead>
                <Box component="tr" sx={{ bgcolor: "background.default" }}>
                    <Box component="th" scope="colgroup" colSpan={2} sx={{ fontWeight: 600 }}>
                        <Box component="span" aria-hidden="true" sx={{ display: "inline-block", width: 9, height: 9, borderRadius: 0.5, bgcolor: palette.category[category], mr: 1 }} />
                        {t(`category.${category}`)} <Muted sx={{ fontWeight: 400, fontSize: "0.75rem", display: { xs: "none", sm: "inline" } }}>{t(`categoryHint.${category}`)}</Muted>
                    </Box>
                    <Box component="th" sx={{ textAlign: "right !important", fontWeight: 650 }}>{format.points(sum)}</Box>
                </Box>
            </thead>
            <tbody>
                {sorted.map((rule) => (
                    <tr key={rule.rule_id}>
                        <td>
                            {label("rule", rule.slug ?? rule.rule_id, rule.name)}
                            {rule.awards > 1 && <Muted> × {format.number(rule.awards)}</Muted>}
                            <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 1, fontSize: "0.75rem", color: "text.secondary" }}>
                                {rule.rule_type === "event" && rule.caps.lead_reached && <span>{t("score.capLead")}</span>}
                                {rule.rule_type === "event" && rule.caps.day_reached && !rule.caps.lead_reached && <span>{t("score.capDay")}</span>}
                                {rule.expired.awards > 0 && <span>{t("score.expired", { points: format.points(rule.expired.points) })}</span>}
                                {rule.withdrawn.awards > 0 && <span>{t("score.withdrawn", { points: format.points(rule.withdrawn.points) })}</span>}
                                {!rule.is_active && <span>{t("score.inactive")}</span>}
                            </Box>
                        </td>
                        <Box component="td" sx={{ color: "text.secondary", fontSize: "0.75rem !important", whiteSpace: "nowrap", textAlign: "right !important" }}>
                            {rule.points === 0 ? "" : rule.next_expiry_at ? t("score.expires", { date: format.date(rule.next_expiry_at) }) : t("score.stays")}
                        </Box>
                        <Box component="td" sx={{ textAlign: "right !important", fontWeight: 600, width: 64, color: rule.points < 0 ? "bad.main" : "inherit" }}>{format.points(rule.points)}</Box>
                    </tr>
                ))}
            </tbody>
        </Box>
    );
}

function Intent({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const config = useRoutingConfig();
    const signals = useSignals(lead.id);
    const order = config.data?.intents.map((one) => one.intent) ?? [];
    const names = Object.keys(lead.intents).sort((left, right) => (lead.intents[right] ?? 0) - (lead.intents[left] ?? 0) || order.indexOf(left) - order.indexOf(right));
    return (
        <Card title={t("interest.title")} hint={config.data && t("interest.needed", { min: config.data.min_confidence })}>
            {signals.error ? (
                <Failed error={signals.error} retry={() => void signals.refetch()} />
            ) : names.every((name) => !lead.intents[name]) ? (
                <Empty compact icon={Lightbulb} title={t("interest.none")} hint={t("interest.noneHint")} />
            ) : (
                <Box sx={{ display: "grid", gap: 0.75 }}>
                    {names.map((name) => (
                        <IntentRow key={name} name={name} confidence={lead.intents[name] ?? 0} min={config.data?.min_confidence ?? 60} primary={name === lead.primary_intent} signals={signals.data?.filter((signal) => signal.intent === name)} />
                    ))}
                </Box>
            )}
        </Card>
    );
}

function IntentRow({ name, confidence, min, primary, signals }: { name: string; confidence: number; min: number; primary: boolean; signals: Signal[] | undefined }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const id = useId();
    const [open, setOpen] = useState(primary);
    const counted = signals?.filter((signal) => signal.state === "counted") ?? [];
    return (
        <Box>
            <ButtonBase aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} disabled={!signals?.length} sx={{ width: "100%", display: "grid", gridTemplateColumns: { xs: "110px 1fr 52px 20px", sm: "150px 1fr 60px 110px 20px" }, gap: 1.25, alignItems: "center", textAlign: "left", py: 0.5, borderRadius: 0.75, fontSize: "0.8125rem" }}>
                <Box sx={{ fontWeight: primary ? 620 : 450 }}>{label("intent", name)}</Box>
                <Box sx={{ position: "relative", height: 8, borderRadius: 99, bgcolor: "subtle" }}>
                    <Box sx={{ width: `${confidence}%`, height: "100%", borderRadius: 99, bgcolor: primary ? "primary.main" : "text.disabled" }} />
                    <Box aria-hidden="true" sx={{ position: "absolute", left: `${min}%`, top: -2, bottom: -2, width: 2, bgcolor: "text.primary", opacity: 0.55, borderRadius: 1 }} />
                </Box>
                <Box sx={{ textAlign: "right", fontWeight: 600 }}>{format.percent(confidence)}</Box>
                <Muted sx={{ fontSize: "0.75rem", display: { xs: "none", sm: "block" } }}>{t("interest.signals", { smart_count: counted.length })}</Muted>
                <Box component={ChevronDown} size={15} aria-hidden="true" sx={{ opacity: signals?.length ? 0.7 : 0, transform: open ? "rotate(180deg)" : "none", transition: "transform 120ms" }} />
            </ButtonBase>
            <Collapse in={open} id={id} unmountOnExit>
                <Box component="ul" sx={{ listStyle: "none", m: 0, mt: 0.25, mb: 0.75, p: 0, pl: { xs: 0, sm: "160px" }, fontSize: "0.8125rem" }}>
                    {signals?.map((signal) => (
                        <Box key={`${signal.rule_id}-${signal.event_id}-${signal.detected_at}`} component="li" sx={{ display: "flex", flexWrap: "wrap", gap: 1, py: 0.375, color: signal.state === "counted" ? "text.primary" : "text.secondary" }}>
                            <Box sx={{ width: 30, fontWeight: 600 }}>{format.points(signal.weight)}</Box>
                            <Box sx={{ flex: 1, minWidth: 120 }}>{label("rule", signal.rule_slug ?? signal.rule_id)}</Box>
                            {signal.state !== "counted" && <Tag>{t(`counted.${signal.state}`)}</Tag>}
                            <Muted sx={{ fontSize: "0.75rem" }}>
                                <When at={signal.detected_at} />
                            </Muted>
                        </Box>
                    ))}
                </Box>
            </Collapse>
        </Box>
    );
}

const ENTRY_ICON: Record<string, LucideIcon> = { decision: RouteIcon, task: SquareCheck, deal: Banknote, effect: Send };

function Activity({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const timeline = useTimeline(lead.id);
    return (
        <Card
            title={t("timeline.title")}
            action={
                <Button component={Link} to={`/leads/${lead.id}/events`} sx={{ color: "text.secondary" }}>
                    {t("lead.allEvents")}
                </Button>
            }
        >
            {timeline.error ? (
                <Failed error={timeline.error} retry={() => void timeline.refetch()} />
            ) : !timeline.data ? (
                <Lines count={5} />
            ) : timeline.data.length === 0 ? (
                <Empty compact icon={CircleDot} title={t("events.none")} hint={t("events.noneHint")} />
            ) : (
                <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                    {timeline.data.map((entry) => (
                        <Entry key={entry.id} entry={entry} />
                    ))}
                </Box>
            )}
        </Card>
    );
}

function Entry({ entry }: { entry: TimelineEntry }) {
    const Icon = entry.kind === "event" ? eventIcon(entry.body.event_type) : (ENTRY_ICON[entry.kind] ?? CircleDot);
    return (
        <Box component="li" sx={{ display: "flex", gap: 1.25, py: 0.625, alignItems: "flex-start", fontSize: "0.8125rem" }}>
            <Box sx={{ display: "grid", placeItems: "center", width: 24, height: 24, borderRadius: "50%", bgcolor: "subtle", color: "text.secondary", flexShrink: 0 }}>
                <Icon size={13} aria-hidden="true" />
            </Box>
            <Box sx={{ flex: 1, minWidth: 0, pt: 0.25 }}>
                <EntryText entry={entry} />
            </Box>
            <Muted sx={{ fontSize: "0.75rem", whiteSpace: "nowrap", pt: 0.375 }}>
                <When at={entry.at} />
            </Muted>
        </Box>
    );
}

function EntryText({ entry }: { entry: TimelineEntry }) {
    const t = useT();
    const label = useLabel();
    const stageName = useStageName();
    const [language] = useLanguage();
    switch (entry.kind) {
        case "event":
            return (
                <>
                    {label("event", entry.body.event_type)} <Muted>{label("source", entry.body.source)}</Muted>
                </>
            );
        case "decision":
            return (
                <>
                    {t(`outcome.${entry.body.outcome}`)} <Muted>{[entry.body.pipeline_name, entry.body.owner_name].filter(Boolean).join(" · ") || entry.body.explanation[language]}</Muted>
                </>
            );
        case "task":
            return (
                <>
                    {t(`timeline.task.${entry.body.action}`)} <Muted>{entry.body.title}</Muted>
                </>
            );
        case "deal":
            return (
                <>
                    {t(`timeline.deal.${entry.body.action}`)} <Muted>{[entry.body.deal_name, stageName(entry.body.to_stage_name)].filter(Boolean).join(" · ")}</Muted>
                </>
            );
        case "effect":
            return (
                <>
                    {label("source", entry.body.effect)} <Muted>{[entry.body.target, label("field", `effect_${entry.body.status}`, entry.body.status)].join(" · ")}</Muted>
                </>
            );
        default:
            return (
                <>
                    {label("rule", entry.body.rule_slug ?? entry.body.rule_id, entry.body.rule_name)} <Muted>{entry.body.points}</Muted>
                </>
            );
    }
}
