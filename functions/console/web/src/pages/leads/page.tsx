// One lead: who it is, why it stands where it stands, and what to do next.
import { Box, Button, Skeleton, Tab, Tabs, Tooltip } from "@mui/material";
import { useIsFetching } from "@tanstack/react-query";
import { ArrowLeft, Pencil, RefreshCw, Route as RouteIcon, Scale, TriangleAlert, type LucideIcon } from "lucide-react";
import { type ReactNode, Suspense, useState } from "react";
import { Link, useNavigate, useParams } from "react-router-dom";
import { ApiError } from "../../api/problem";
import { useFormat } from "../../i18n/format";
import { type MessageKey, useT } from "../../providers/i18n";
import { part } from "../../shell/part";
import { Lost } from "../../shell/states";
import { useMay, usePipelines, useTeam } from "../../ui/known";
import { leadName, mailTo, useLabel, useStageName } from "../../ui/labels";
import { listAddress } from "../../ui/list-state";
import { Card, Face, Failed, Lines, Muted, StatusTag, Tag, TierBadge, When } from "../../ui/parts";
import { useTitle } from "../../ui/title";
import { Coming, type TabName, TABS } from "./coming";
import { OUTCOME } from "./decision";
import { EditLead, RouteLead } from "./dialogs";
import { Overview } from "./overview";
import { type LeadDetails, recalculate, useEvaluation, useLead, useLeadAction } from "./queries";

const Scores = part(() => import("./scores"));
const Events = part(() => import("./events"));
const Decisions = part(() => import("./decisions"));
const Deals = part(() => import("./deals"));

export function LeadPage() {
    const { id = "", "*": rest = "" } = useParams();
    const t = useT();
    const go = useNavigate();
    const may = useMay();
    const lead = useLead(id);
    const coming = useIsFetching({ queryKey: ["lead", id], predicate: ({ state }) => state.status === "pending" }) > 0;
    useTitle(lead.data && leadName(lead.data));
    const tab: TabName = TABS.find((name) => name === rest) ?? "overview";
    const visible = TABS.filter((name) => name !== "deals" || may("deals", "read"));
    if (lead.error instanceof ApiError && (lead.error.status === 404 || lead.error.status === 400)) return <Lost />;
    if (lead.error) return <Card><Failed error={lead.error} retry={() => void lead.refetch()} /></Card>;
    return (
        <Box sx={{ maxWidth: 1280 }}>
            <Box component={Link} to={listAddress("leads")} sx={{ display: "inline-flex", alignItems: "center", gap: 0.5, mb: 1, fontSize: "0.8125rem", color: "text.secondary", textDecoration: "none", "&:hover": { color: "text.primary" } }}>
                <ArrowLeft size={14} aria-hidden="true" />
                {t("nav.leads")}
            </Box>
            {lead.data ? <Head lead={lead.data} /> : <Skeleton variant="rounded" sx={{ height: HEAD }} />}
            <Tabs value={visible.includes(tab) ? tab : false} onChange={(_, name: TabName) => go(`/leads/${id}/${name === "overview" ? "" : name}`, { replace: true })} variant="scrollable" scrollButtons={false} aria-label={t("lead.tabs")} sx={{ borderBottom: 1, borderColor: "divider", mt: 1.5, mb: 2 }}>
                {visible.map((name) => (
                    <Tab key={name} value={name} id={`tab-${name}`} aria-controls={`panel-${name}`} label={t(`lead.tab.${name}`)} />
                ))}
            </Tabs>
            <Box role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`} sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "minmax(0, 1fr) 288px" }, alignItems: "start" }}>
                <Suspense fallback={<Coming tab={tab} />}>
                    {!lead.data ? (
                        <Coming tab={tab} />
                    ) : tab === "overview" ? (
                        <Overview lead={lead.data} />
                    ) : tab === "scores" ? (
                        <Scores lead={lead.data} />
                    ) : tab === "events" ? (
                        <Events lead={lead.data} />
                    ) : tab === "decisions" ? (
                        <Decisions lead={lead.data} />
                    ) : (
                        <Deals lead={lead.data} />
                    )}
                    {/* On a phone it stands below: it comes when what stands above has its height, and is never pushed away. */}
                    <Box sx={{ display: { xs: coming ? "none" : "block", lg: "block" }, minWidth: 0 }}>{lead.data ? <Profile lead={lead.data} /> : <Card><Lines count={8} /></Card>}</Box>
                </Suspense>
            </Box>
        </Box>
    );
}

/** The head's height, of which a phone needs more: what stands below must not jump when it comes. */
const HEAD = { xs: 191, md: 72 };

function Head({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const may = useMay();
    const [dialog, setDialog] = useState<"edit" | "route" | null>(null);
    const evaluating = useEvaluation(lead.id, ({ outcome }) => ({ text: t("lead.evaluated", { outcome: t(`outcome.${outcome}`) }), tone: OUTCOME[outcome].tone === "good" ? "success" : OUTCOME[outcome].tone === "bad" ? "warning" : "info" }));
    const recalculating = useLeadAction(() => recalculate(lead.id), ({ changed, before, after }) => ({ text: changed ? t("lead.recalculated", { before: before.total_score, after: after.total_score }) : t("lead.unchanged"), tone: changed ? "success" : "info" }));
    const act = (text: MessageKey, tip: MessageKey, Icon: LucideIcon, busy: boolean, run: () => void) => (
        <Tooltip title={t(tip)}>
            <Button variant="outlined" disabled={busy} startIcon={<Icon size={15} aria-hidden="true" />} onClick={run}>
                {t(text)}
            </Button>
        </Tooltip>
    );
    return (
        <Box component="header" sx={{ display: "flex", gap: 2, alignItems: { xs: "flex-start", md: "center" }, flexDirection: { xs: "column", md: "row" } }}>
            <Box sx={{ display: "flex", gap: 1.75, alignItems: "center", minWidth: 0, maxWidth: "100%", flex: 1, overflowWrap: "anywhere" }}>
                <Face name={leadName(lead)} size={52} />
                <Box sx={{ minWidth: 0 }}>
                    <Box component="h1" sx={{ m: 0, fontSize: "1.3125rem", fontWeight: 660, letterSpacing: "-0.015em", lineHeight: 1.3 }}>
                        {leadName(lead)}
                    </Box>
                    <Muted>{[lead.job_title, lead.company].filter(Boolean).join(" · ") || lead.email}</Muted>
                    <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.75, mt: 0.75 }}>
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
                    </Box>
                </Box>
            </Box>
            <Box sx={{ display: { xs: "grid", sm: "flex" }, gridTemplateColumns: "repeat(2, minmax(0, 1fr))", width: { xs: "100%", md: "auto" }, flexWrap: { sm: "wrap", lg: "nowrap" }, justifyContent: { md: "flex-end" }, gap: 1 }}>
                {may("leads", "write") && act("lead.recalculate", "lead.recalculateTip", RefreshCw, recalculating.isPending, () => recalculating.mutate())}
                {may("routing", "write") && act("lead.evaluate", "lead.evaluateTip", Scale, evaluating.isPending, () => evaluating.mutate())}
                {may("leads", "write") && act("lead.edit", "lead.editTip", Pencil, false, () => setDialog("edit"))}
                {may("leads", "write") && lead.status !== "anonymized" && (
                    <Button variant="contained" startIcon={<RouteIcon size={15} aria-hidden="true" />} onClick={() => setDialog("route")}>
                        {t("lead.route")}
                    </Button>
                )}
            </Box>
            <EditLead lead={lead} open={dialog === "edit"} onClose={() => setDialog(null)} />
            <RouteLead lead={lead} open={dialog === "route"} onClose={() => setDialog(null)} />
        </Box>
    );
}

function Row({ label, children }: { label: string; children: ReactNode }) {
    return (
        <>
            <Box component="dt" sx={{ color: "text.secondary" }}>
                {label}
            </Box>
            <Box component="dd" sx={{ m: 0, minWidth: 0, overflowWrap: "anywhere" }}>
                {children || <Muted>–</Muted>}
            </Box>
        </>
    );
}

function Profile({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const stageName = useStageName();
    const { nameOf } = useTeam();
    const { pipeline, stage } = usePipelines();
    const owner = lead.owner?.name ?? nameOf(lead.owner_id);
    const custom = Object.entries(lead.custom ?? {});
    const [line, place, deal] = [pipeline(lead.pipeline_id), stage(lead.stage_id), lead.open_deal];
    const list = { display: "grid", gridTemplateColumns: "88px minmax(0, 1fr)", columnGap: 1.5, rowGap: 0.75, m: 0, fontSize: "0.8125rem" };
    return (
        <Box component="aside" aria-label={t("lead.profile")} sx={{ display: "grid", gap: 2 }}>
            {deal && (
                <Card title={t("lead.openDeal")}>
                    <Box component={Link} to={`/board/${deal.pipeline_id}?deal=${deal.id}`} sx={{ color: "text.primary", fontWeight: 570, overflowWrap: "anywhere" }}>
                        {deal.name}
                    </Box>
                    <Box sx={{ display: "flex", alignItems: "center", gap: 0.75, fontSize: "0.8125rem", mt: 0.5, color: "text.secondary" }}>
                        <Box aria-hidden="true" sx={{ width: 8, height: 8, borderRadius: "50%", bgcolor: place?.color ?? "divider" }} />
                        {deal.pipeline_name} · {stageName(deal.stage_name)}
                    </Box>
                    <Box sx={{ fontSize: "1.0625rem", fontWeight: 650, mt: 0.75 }}>{format.money(deal.value_minor, deal.currency)}</Box>
                </Card>
            )}
            <Card title={t("lead.profile")}>
                <Box component="dl" sx={list}>
                    <Row label={t("lead.owner")}>
                        {owner && (
                            <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75 }}>
                                <Face name={owner} size={18} />
                                {owner}
                            </Box>
                        )}
                    </Row>
                    <Row label={t("lead.pipeline")}>{line ? `${line.name}${place ? ` · ${stageName(place.name)}` : ""}` : t("lead.pool")}</Row>
                    <Row label={t("lead.email")}>{lead.email && <a href={mailTo(lead.email)} style={{ color: "inherit" }}>{lead.email}</a>}</Row>
                    <Row label={t("lead.phone")}>{lead.phone && <a href={`tel:${lead.phone}`} style={{ color: "inherit" }}>{lead.phone}</a>}</Row>
                    <Row label={t("lead.linkedin")}>
                        {lead.linkedin_url && (
                            <a href={`https://www.linkedin.com/${lead.linkedin_url}`} target="_blank" rel="noreferrer noopener" style={{ color: "inherit" }}>
                                {lead.linkedin_url.replace(/^in\//, "")}
                            </a>
                        )}
                    </Row>
                    <Row label={t("lead.company")}>{lead.company}</Row>
                    <Row label={t("lead.country")}>{lead.country && countryName(lead.country, format.region)}</Row>
                    <Row label={t("lead.source")}>{lead.source && label("source", lead.source)}</Row>
                    <Row label={t("lead.campaign")}>{lead.campaign}</Row>
                    <Row label={t("lead.tags")}>{lead.tags.length > 0 && <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.5 }}>{lead.tags.map((tag) => <Tag key={tag}>{tag}</Tag>)}</Box>}</Row>
                    <Row label={t("lead.firstSeen")}>{lead.first_seen_at && <When at={lead.first_seen_at} exact />}</Row>
                    <Row label={t("lead.lastActive")}>{lead.last_activity_at && <When at={lead.last_activity_at} />}</Row>
                    {lead.routed_at && (
                        <Row label={t("lead.routedAt")}>
                            <When at={lead.routed_at} exact />
                        </Row>
                    )}
                    {custom.map(([name, value]) => (
                        <Row key={name} label={label("field", name)}>
                            {typeof value === "object" ? JSON.stringify(value) : String(value)}
                        </Row>
                    ))}
                </Box>
            </Card>
            {lead.suspected_duplicates.length > 0 && (
                <Card title={t("lead.duplicates")}>
                    <Box component="ul" sx={{ m: 0, pl: 2, fontSize: "0.8125rem" }}>
                        {lead.suspected_duplicates.map((other) => (
                            <Duplicate key={other} id={other} />
                        ))}
                    </Box>
                </Card>
            )}
        </Box>
    );
}

function Duplicate({ id }: { id: string }) {
    const { data } = useLead(id);
    return (
        <li>
            <Box component={Link} to={`/leads/${id}`} sx={{ color: "text.primary", overflowWrap: "anywhere" }}>
                {data ? leadName(data) : id.slice(0, 8)}
            </Box>{" "}
            <Muted sx={{ overflowWrap: "anywhere" }}>{data?.email}</Muted>
        </li>
    );
}

function countryName(code: string, region: string): string {
    if (!/^[A-Z]{2}$/.test(code)) return code;
    return new Intl.DisplayNames(region, { type: "region", fallback: "code" }).of(code) ?? code;
}
