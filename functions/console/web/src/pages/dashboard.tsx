// The day at a glance: who is new, who is hot, who was routed; what the boards are worth; what is due.
import { Box, Button, Typography } from "@mui/material";
import { useQueries, useQuery } from "@tanstack/react-query";
import { ArrowDownRight, ArrowUpRight, CheckCheck, Flame, Inbox, KanbanSquare, Route as RouteIcon } from "lucide-react";
import { type ReactNode, Suspense, useState } from "react";
import { Link } from "react-router-dom";
import { api, take, type Schemas } from "../api/client";
import { useFormat } from "../i18n/format";
import { addDays, dayOf, hourOf, startOf } from "../i18n/zone";
import { useT } from "../providers/i18n";
import { part } from "../shell/part";
import { useHotFrom, useMay, useMe, usePipelines, useZone } from "../ui/known";
import { leadName, useLabel } from "../ui/labels";
import { Card, Empty, Face, Failed, Lines, Muted, PageHead, TierBadge, When } from "../ui/parts";
import { TaskRow } from "./tasks/row";

const BoardChart = part(() => import("./dashboard-chart"));

/** Days begin at midnight where the person is, so that figures do not change from minute to minute. */
function useDayStart(): (offsetDays: number) => string {
    const zone = useZone();
    return (offsetDays) => startOf(addDays(dayOf(Date.now(), zone), offsetDays), zone).toISOString();
}

export function Dashboard() {
    const t = useT();
    const may = useMay();
    const me = useMe();
    const hour = hourOf(Date.now(), useZone());
    const greeting = hour < 11 ? t("dashboard.morning") : hour < 18 ? t("dashboard.day") : t("dashboard.evening");
    const first = me?.member?.name.replace(/^(Dr\.|Prof\.)\s+/, "").split(" ")[0];
    return (
        <>
            <PageHead title={first ? t("dashboard.greeting", { greeting, name: first }) : t("nav.dashboard")} tab={t("nav.dashboard")} />
            {may("leads", "read") && <Figures />}
            <Box sx={{ display: "grid", gap: 2, mt: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "minmax(0, 3fr) minmax(0, 2fr)" }, alignItems: "start" }}>
                <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
                    {may("deals", "read") && <Boards />}
                    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", sm: "repeat(2, minmax(0, 1fr))" }, alignItems: "start" }}>
                        {may("leads", "read") && <Hot />}
                        {may("leads", "read") && <Routed />}
                    </Box>
                </Box>
                {may("tasks", "read") && <Due />}
            </Box>
        </>
    );
}

function Figures() {
    const t = useT();
    const format = useFormat();
    const dayStart = useDayStart();
    const hotFrom = useHotFrom();
    const today = dayStart(1);
    const [now, before] = [dayStart(-6), dayStart(-13)];
    const count = (query: { created_from: string; created_to: string }) => async () => (await take(api.GET("/api/v1/leads", { params: { query: { ...query, limit: 1 } } }))).pagination.total;
    const [stats, fresh, earlier] = useQueries({
        queries: [
            { queryKey: ["leads", "stats"], queryFn: () => take(api.GET("/api/v1/leads/stats")) },
            { queryKey: ["leads", "count", now], queryFn: count({ created_from: now, created_to: today }) },
            { queryKey: ["leads", "count", before], queryFn: count({ created_from: before, created_to: now }) },
        ],
    });
    const error = stats.error ?? fresh.error;
    if (error) return <Card><Failed error={error} retry={() => void stats.refetch()} /></Card>;
    const tiers = stats.data?.by_tier ?? {};
    const hot = (tiers.hot ?? 0) + (tiers.very_hot ?? 0);
    const routed = stats.data?.by_status.routed ?? 0;
    const ready = stats.data && fresh.data !== undefined && earlier.data !== undefined;
    const change = (fresh.data ?? 0) - (earlier.data ?? 0);
    return (
        <Box sx={{ display: "grid", gap: { xs: 1, sm: 2 }, gridTemplateColumns: { xs: "repeat(2, minmax(0, 1fr))", lg: "repeat(4, minmax(0, 1fr))" } }}>
            <Figure
                label={t("dashboard.new")}
                value={ready && format.number(fresh.data ?? 0)}
                to={filtered({ created_from: now })}
                note={
                    ready && (
                        <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.25, color: change > 0 ? "good.main" : "text.secondary" }}>
                            {change > 0 && <ArrowUpRight size={13} aria-hidden="true" />}
                            {change < 0 && <ArrowDownRight size={13} aria-hidden="true" />}
                            {t("dashboard.change", { change: format.points(change) })}
                        </Box>
                    )
                }
            />
            <Figure label={t("dashboard.hot")} value={ready && format.number(hot)} to={filtered({ min_score: hotFrom })} note={ready && t("dashboard.hotNote", { smart_count: tiers.very_hot ?? 0 })} />
            <Figure label={t("dashboard.routed")} value={ready && format.number(routed)} to={filtered({ status: "routed" })} note={ready && t("dashboard.ofAll", { share: format.percent(stats.data.total ? Math.round((routed / stats.data.total) * 100) : 0) })} />
            <Figure label={t("dashboard.pool")} value={ready && format.number(stats.data.unrouted)} to={filtered({ pool: true })} note={ready && t("dashboard.averageScore", { score: format.number(Math.round(stats.data.average_score)) })} />
        </Box>
    );
}

/** The leads list with filters, as its own address has them. */
function filtered(filter: Record<string, unknown>): string {
    return `/leads?filter=${encodeURIComponent(JSON.stringify(filter))}`;
}

function Figure({ label, value, note, to }: { label: string; value: string | false | undefined; note: ReactNode; to: string }) {
    return (
        <Box component={Link} to={to} sx={{ display: "block", bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 1.25, px: 2, py: 1.5, textDecoration: "none", color: "text.primary", "&:hover": { borderColor: "text.disabled" } }}>
            <Muted sx={{ fontSize: "0.78125rem" }}>{label}</Muted>
            {value ? <Box sx={{ fontSize: "1.625rem", fontWeight: 650, letterSpacing: "-0.02em", lineHeight: 1.35 }}>{value}</Box> : <Lines count={1} height={24} />}
            <Muted sx={{ fontSize: "0.75rem" }}>{note || "\u00a0"}</Muted>
        </Box>
    );
}

function Boards() {
    const t = useT();
    const format = useFormat();
    const { pipelines, error, refetch } = usePipelines();
    const live = pipelines?.filter((pipeline) => !pipeline.archived_at) ?? [];
    const boards = useQueries({
        queries: live.map((pipeline) => ({
            queryKey: ["board", pipeline.id, "sums"],
            queryFn: () => take(api.GET("/api/v1/pipelines/{id}/deals", { params: { path: { id: pipeline.id }, query: { limit: 1 } } })),
        })),
    });
    if (error) return <Card title={t("dashboard.boards")}><Failed error={error} retry={() => void refetch()} /></Card>;
    const rows = live.map((pipeline, at) => {
        const open = boards[at]?.data?.columns.filter((column) => !column.stage.is_won && !column.stage.is_lost) ?? [];
        const sum = (pick: (column: Schemas["ColumnView"]) => number) => open.reduce((total, column) => total + pick(column), 0);
        return { pipeline, open, count: sum((column) => column.count), value: sum((column) => column.value_minor), weighted: sum((column) => column.weighted_minor) };
    });
    const ready = pipelines && boards.every((board) => board.data);
    return (
        <Card title={t("dashboard.boards")} hint={t("dashboard.boardsHint")} flush>
            {!ready ? (
                // As high as chart and table will be, so that what stands below stays where it is; most companies begin with four.
                <Box sx={{ px: 2, minHeight: 160 + 36 * (1 + (pipelines ? live.length : 4)) }}>
                    <Lines count={5} />
                </Box>
            ) : rows.length === 0 ? (
                <Empty icon={KanbanSquare} title={t("board.noPipelines")} hint={t("board.noPipelinesHint")} />
            ) : (
                <>
                    <Box sx={{ height: 148, px: 1, pt: 1.5 }}>
                        <Suspense fallback={<Box sx={{ px: 1 }}><Lines count={4} /></Box>}>
                            <BoardChart rows={rows} />
                        </Suspense>
                    </Box>
                    <Box component="table" sx={{ width: "100%", borderCollapse: "collapse", fontSize: "0.8125rem", "& td, & th": { px: 2, py: 0.875, borderTop: 1, borderColor: "divider", textAlign: "right" }, "& th": { fontWeight: 500 }, "& td:first-of-type, & th:first-of-type": { textAlign: "left" } }}>
                        <thead>
                            <Box component="tr" sx={{ color: "text.secondary", fontSize: "0.75rem" }}>
                                <th>{t("board.pipeline")}</th>
                                <th>{t("board.open")}</th>
                                <th>{t("board.value")}</th>
                                <th>{t("board.weighted")}</th>
                            </Box>
                        </thead>
                        <tbody>
                            {rows.map(({ pipeline, count, value, weighted }) => (
                                <tr key={pipeline.id}>
                                    <td>
                                        <Box component={Link} to={`/board/${pipeline.id}`} sx={{ color: "text.primary", fontWeight: 550, textDecoration: "none", "&:hover": { textDecoration: "underline" } }}>
                                            {pipeline.name}
                                        </Box>
                                    </td>
                                    <td>{format.number(count)}</td>
                                    <td>{format.moneyRound(value, pipeline.currency)}</td>
                                    <Box component="td" sx={{ color: "text.secondary" }}>{format.moneyRound(weighted, pipeline.currency)}</Box>
                                </tr>
                            ))}
                        </tbody>
                    </Box>
                </>
            )}
        </Card>
    );
}

function Hot() {
    const t = useT();
    const query = useQuery({
        queryKey: ["leads", "waiting"],
        queryFn: async () => (await take(api.GET("/api/v1/leads/unrouted", { params: { query: { sort: "-total_score", limit: 6, min_score: 20 } } }))).data,
    });
    return (
        <Card title={t("dashboard.waiting")} hint={t("dashboard.waitingHint")} flush>
            <People query={query} empty={<Empty compact icon={Flame} title={t("dashboard.noWaiting")} hint={t("dashboard.noWaitingHint")} />} note={(lead) => lead.last_activity_at} />
        </Card>
    );
}

function Routed() {
    const t = useT();
    const query = useQuery({
        queryKey: ["leads", "routed"],
        queryFn: async () => (await take(api.GET("/api/v1/leads", { params: { query: { status: "routed", sort: "-last_activity_at", limit: 6 } } }))).data,
    });
    return (
        <Card title={t("dashboard.justRouted")} flush>
            <People query={query} empty={<Empty compact icon={RouteIcon} title={t("dashboard.noRouted")} hint={t("dashboard.noRoutedHint")} />} note={(lead) => lead.last_activity_at} />
        </Card>
    );
}

function People({ query, empty, note }: { query: { data?: Schemas["LeadView"][]; error: unknown; refetch: () => unknown }; empty: ReactNode; note: (lead: Schemas["LeadView"]) => string | null | undefined }) {
    const label = useLabel();
    if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
    if (!query.data) return <Box sx={{ px: 2 }}><Lines count={5} height={28} /></Box>;
    if (query.data.length === 0) return empty;
    return (
        <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0.75 }}>
            {query.data.map((lead) => (
                <li key={lead.id}>
                    <Box component={Link} to={`/leads/${lead.id}`} sx={{ display: "flex", alignItems: "center", gap: 1.25, px: 1.25, py: 0.75, borderRadius: 1, textDecoration: "none", color: "text.primary", "&:hover": { bgcolor: "subtle" } }}>
                        <Face name={leadName(lead)} size={26} />
                        <Box sx={{ minWidth: 0, flex: 1, lineHeight: 1.3 }}>
                            <Box sx={{ fontWeight: 550, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{leadName(lead)}</Box>
                            <Muted sx={{ fontSize: "0.75rem", display: "block", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
                                {[lead.company, lead.primary_intent && label("intent", lead.primary_intent)].filter(Boolean).join(" · ") || lead.email}
                            </Muted>
                        </Box>
                        <Box sx={{ textAlign: "right", fontSize: "0.75rem" }}>
                            <TierBadge tier={lead.tier} bare />
                            <Muted sx={{ display: "block" }}>
                                <When at={note(lead)} />
                            </Muted>
                        </Box>
                    </Box>
                </li>
            ))}
        </Box>
    );
}

function Due() {
    const t = useT();
    const me = useMe();
    const [mine, setMine] = useState(true);
    const owner = mine ? me?.member?.id : undefined;
    const due = useDayStart()(2);
    const query = useQuery({
        queryKey: ["tasks", "due", owner ?? "all", due],
        queryFn: async () => take(api.GET("/api/v1/tasks", { params: { query: { status: "open", owner_id: owner, due_before: due, sort: "due_at", limit: 12 } } })),
        enabled: me !== undefined,
    });
    const rest = (query.data?.pagination.total ?? 0) - (query.data?.data.length ?? 0);
    return (
        <Card
            title={t("dashboard.due")}
            hint={query.data && String(query.data.pagination.total)}
            flush
            action={
                me?.member && (
                    <Button aria-pressed={mine} onClick={() => setMine(!mine)} sx={{ color: "text.secondary" }}>
                        {mine ? t("tasks.mine") : t("tasks.everyone")}
                    </Button>
                )
            }
        >
            {query.error ? (
                <Failed error={query.error} retry={() => void query.refetch()} />
            ) : !query.data ? (
                <Box sx={{ px: 2 }}>
                    <Lines count={6} height={30} />
                </Box>
            ) : query.data.data.length === 0 ? (
                <Empty compact icon={mine ? CheckCheck : Inbox} title={t("tasks.none")} hint={t("tasks.noneDueHint")} />
            ) : (
                <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                    {query.data.data.map((task) => (
                        <TaskRow key={task.id} task={task} showOwner={!mine} />
                    ))}
                </Box>
            )}
            {rest > 0 && (
                <Typography variant="body2" sx={{ px: 2, py: 1.25 }}>
                    <Link to="/tasks" style={{ color: "inherit" }}>
                        {t("dashboard.moreTasks", { smart_count: rest })}
                    </Link>
                </Typography>
            )}
        </Card>
    );
}
