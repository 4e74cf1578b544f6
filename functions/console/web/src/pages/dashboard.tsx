// The day at a glance, in one answer: what is due, which deals have no next step, who became hot, what was won; how everybody stands.
import { Box, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { CheckCheck, Circle, CircleCheck, Flame, KanbanSquare } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router-dom";
import { api, take, type Schemas } from "../api/client";
import { useFormat } from "../i18n/format";
import { hourOf } from "../i18n/zone";
import { useT } from "../providers/i18n";
import { Async } from "../ui/async";
import { useMe, useZone } from "../ui/known";
import { useStageName } from "../ui/labels";
import { Bar, Card, Empty, Face, Failed, Lines, Muted, PageHead, TierBadge, When } from "../ui/parts";
import type { Tier } from "../theme/theme";
import { SimpleTable } from "../ui/simple-table";
import { TaskRow } from "./tasks/row";

type Home = Schemas["HomeOutput"];
type Person = Schemas["PersonView"];
type Money = Schemas["MoneyView"];

export function Dashboard() {
    const t = useT();
    const me = useMe();
    const hour = hourOf(Date.now(), useZone());
    const greeting = hour < 11 ? t("dashboard.morning") : hour < 18 ? t("dashboard.day") : t("dashboard.evening");
    const first = me?.member?.name.replace(/^(Dr\.|Prof\.)\s+/, "").split(" ")[0];
    const query = useQuery({ queryKey: ["home"], queryFn: () => take(api.GET("/api/v1/home")) });
    const home = query.data;
    const shows = (part: keyof Home) => home === undefined || home[part] !== null;
    return (
        <>
            <PageHead title={first ? t("dashboard.greeting", { greeting, name: first }) : t("nav.dashboard")} tab={t("nav.dashboard")} />
            {query.error && !home ? <Card><Failed error={query.error} retry={() => void query.refetch()} /></Card> : (
                <>
                    {home?.first_steps && <FirstSteps steps={home.first_steps} />}
                    <Figures home={home} />
                    <Box sx={{ display: "grid", gap: 2, mt: 2, gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "minmax(0, 3fr) minmax(0, 2fr)" }, alignItems: "start" }}>
                        <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
                            {shows("tasks") && <Due tasks={home?.tasks ?? undefined} />}
                            {shows("people") && home?.people && <People people={home.people} />}
                        </Box>
                        <Box sx={{ display: "grid", gap: 2, minWidth: 0 }}>
                            {shows("deals_without_next_step") && <Idle deals={home?.deals_without_next_step ?? undefined} total={home?.me?.without_next_step} />}
                            {shows("hot_leads") && <Hot leads={home?.hot_leads ?? undefined} />}
                        </Box>
                    </Box>
                </>
            )}
        </>
    );
}

/** What of it is a currency's; of several the one that most is in. */
export function mainMoney(money: readonly Money[] | null | undefined, currency?: string): Money | undefined {
    return money?.find((one) => one.currency === currency) ?? money?.toSorted((one, other) => other.open_minor + other.won_minor - one.open_minor - one.won_minor)[0];
}

/** Whole per cent of a goal; none where there is no goal. */
export function share(won: number, goal: number | null | undefined): number | null {
    return goal ? Math.round((won / goal) * 100) : null;
}

function Figures({ home }: { home: Home | undefined }) {
    const t = useT();
    const format = useFormat();
    const own = home?.me ?? undefined;
    const leads = home?.people !== null && home?.people !== undefined;
    // Who leads a team looks at all of it, everybody else at what is their own.
    const money = leads || !own ? home?.team?.money : own.money;
    const goal = leads || !own ? home?.team?.goal_minor : own.goal_minor;
    const currency = home?.team?.goal_currency;
    const main = mainMoney(money, currency);
    const more = (pick: (one: Money) => number) => (money ?? []).filter((one) => one !== main && pick(one) > 0).map((one) => format.moneyRound(pick(one), one.currency)).join(" · ");
    const reached = share(main?.currency === currency ? (main?.won_minor ?? 0) : 0, goal);
    const due = leads ? home?.people?.reduce((sum, person) => sum + person.overdue, 0) : own?.overdue;
    const sum = (minor: number | undefined) => format.moneyRound(minor ?? 0, main?.currency ?? currency ?? "EUR");
    return (
        <Box sx={{ display: "grid", gap: { xs: 1, sm: 2 }, gridTemplateColumns: { xs: "repeat(2, minmax(0, 1fr))", lg: "repeat(4, minmax(0, 1fr))" } }}>
            {home?.team !== null && (
                <>
                    <Figure
                        label={t("dashboard.won")}
                        value={home && sum(main?.won_minor)}
                        to="/board"
                        note={home && (reached !== null ? t("dashboard.ofGoal", { share: format.percent(reached), goal: format.moneyRound(goal!, currency ?? "EUR") }) : more((one) => one.won_minor) || t("dashboard.wonDeals", { smart_count: main?.won ?? 0 }))}
                        bar={reached}
                    />
                    <Figure label={t("dashboard.forecast")} value={home && sum(main?.weighted_minor)} to="/board" note={home && (more((one) => one.weighted_minor) || t("dashboard.openDeals", { smart_count: main?.open ?? 0, value: sum(main?.open_minor) }))} />
                </>
            )}
            {home?.hot_leads !== null && <Figure label={t("dashboard.hotSince")} value={home && format.number(home.hot_leads?.total ?? 0)} to="/leads" note={home && t(leads ? "dashboard.hotOfAll" : "dashboard.hotOfMine")} />}
            {home?.tasks !== null && <Figure label={t("dashboard.overdue")} value={home && format.number(due ?? 0)} to="/tasks" note={home && t("dashboard.todayToo", { smart_count: own?.today ?? 0 })} bad={(due ?? 0) > 0} />}
        </Box>
    );
}

function Figure({ label, value, note, to, bar = null, bad = false }: { label: string; value: string | undefined; note: ReactNode; to: string; bar?: number | null; bad?: boolean }) {
    return (
        <Box component={Link} to={to} sx={{ display: "block", bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 1.25, px: 2, py: 1.5, textDecoration: "none", color: "text.primary", "&:hover": { borderColor: "text.disabled" } }}>
            <Muted sx={{ fontSize: "s" }}>{label}</Muted>
            {value !== undefined ? <Box sx={{ fontSize: "figure", fontWeight: 650, letterSpacing: "-0.02em", lineHeight: 1.35, overflowWrap: "anywhere", color: bad ? "bad.main" : undefined }}>{value}</Box> : <Lines count={1} height={24} />}
            <Muted sx={{ fontSize: "s" }}>{note || "\u00a0"}</Muted>
            {bar !== null && <Bar label={label} total={100} parts={[{ value: Math.min(bar, 100), color: "good.main" }]} height={4} />}
        </Box>
    );
}

function FirstSteps({ steps }: { steps: NonNullable<Home["first_steps"]> }) {
    const t = useT();
    const path = { lead: "/leads", deal: "/board", team: "/team" };
    return (
        <Card title={t("dashboard.first")} hint={t("dashboard.firstHint")} sx={{ mb: 2 }}>
            <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0, display: "grid", gap: 1 }}>
                {steps.map(({ step, done }) => {
                    const Icon = done ? CircleCheck : Circle;
                    return (
                        <Box key={step} component="li" sx={{ display: "flex", alignItems: "center", gap: 1.25, color: done ? "text.secondary" : "text.primary" }}>
                            <Box sx={{ display: "inline-flex", color: done ? "good.main" : "text.secondary" }}>
                                <Icon size={18} aria-label={t(done ? "dashboard.stepDone" : "dashboard.stepOpen")} />
                            </Box>
                            {done ? t(`dashboard.step.${step}`) : <Link to={path[step]} style={{ color: "inherit", fontWeight: 550 }}>{t(`dashboard.step.${step}`)}</Link>}
                        </Box>
                    );
                })}
            </Box>
        </Card>
    );
}

function Due({ tasks }: { tasks: Schemas["TaskView"][] | undefined }) {
    const t = useT();
    return (
        <Card title={t("dashboard.due")} hint={tasks && String(tasks.length)} flush>
            <Async of={{ data: tasks, error: null, refetch: () => {} }} flush lines={8} height={38} empty={<Empty compact icon={CheckCheck} title={t("tasks.none")} hint={t("tasks.noneDueHint")} />}>
                {(tasks) => (
                    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                        {tasks.map((task) => (
                            <TaskRow key={task.id} task={task} />
                        ))}
                    </Box>
                )}
            </Async>
            <Typography variant="body2" sx={{ px: 2, py: 1.25 }}>
                <Link to="/tasks" style={{ color: "inherit" }}>
                    {t("dashboard.allTasks")}
                </Link>
            </Typography>
        </Card>
    );
}

const rowSx = { display: "flex", alignItems: "center", gap: 1.25, px: 1.25, py: 0.75, borderRadius: 1, textDecoration: "none", color: "text.primary", "&:hover": { bgcolor: "subtle" } } as const;
const line = { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" } as const;

function Idle({ deals, total }: { deals: NonNullable<Home["deals_without_next_step"]> | undefined; total: number | undefined }) {
    const t = useT();
    const format = useFormat();
    const stageName = useStageName();
    return (
        <Card title={t("dashboard.idle")} hint={deals && String(total ?? deals.length)} flush>
            <Async of={{ data: deals, error: null, refetch: () => {} }} flush lines={4} height={40} empty={<Empty compact icon={KanbanSquare} title={t("dashboard.noIdle")} hint={t("dashboard.noIdleHint")} />}>
                {(deals) => (
                    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0.75 }}>
                        {deals.map((deal) => (
                            <li key={deal.id}>
                                <Box component={Link} to={`/board/${deal.pipeline_id}?deal=${deal.id}`} sx={rowSx}>
                                    <Box sx={{ minWidth: 0, flex: 1, lineHeight: 1.3 }}>
                                        <Box sx={{ ...line, fontWeight: 550 }}>{deal.name}</Box>
                                        <Muted sx={{ ...line, display: "block", fontSize: "s" }}>{[deal.lead_name, deal.stage_name && stageName(deal.stage_name)].filter(Boolean).join(" · ")}</Muted>
                                    </Box>
                                    <Box sx={{ textAlign: "right", fontSize: "s" }}>
                                        {format.moneyRound(deal.value_minor, deal.currency)}
                                        <Muted sx={{ display: "block" }}>
                                            <When at={deal.in_stage_since} />
                                        </Muted>
                                    </Box>
                                </Box>
                            </li>
                        ))}
                    </Box>
                )}
            </Async>
        </Card>
    );
}

function Hot({ leads }: { leads: NonNullable<Home["hot_leads"]> | undefined }) {
    const t = useT();
    return (
        <Card title={t("dashboard.hotSince")} hint={leads && String(leads.total)} flush>
            <Async of={{ data: leads, error: null, refetch: () => {} }} flush lines={4} height={40} isEmpty={({ data }) => data.length === 0} empty={<Empty compact icon={Flame} title={t("dashboard.noHot")} hint={t("dashboard.noHotHint")} />}>
                {({ data }) => (
                    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0.75 }}>
                        {data.map((lead) => {
                            const name = lead.name ?? t("dashboard.nameless");
                            return (
                                <li key={lead.id}>
                                    <Box component={Link} to={`/leads/${lead.id}`} sx={rowSx}>
                                        <Face name={name} size={26} />
                                        <Box sx={{ minWidth: 0, flex: 1, lineHeight: 1.3 }}>
                                            <Box sx={{ ...line, fontWeight: 550 }}>{name}</Box>
                                            <Muted sx={{ ...line, display: "block", fontSize: "s" }}>{[lead.company !== name && lead.company, lead.owner_name ?? t("dashboard.nobodys")].filter(Boolean).join(" · ")}</Muted>
                                        </Box>
                                        <Box sx={{ textAlign: "right", fontSize: "s" }}>
                                            <TierBadge tier={lead.tier as Tier} bare />
                                            <Muted sx={{ display: "block" }}>
                                                <When at={lead.hot_at} />
                                            </Muted>
                                        </Box>
                                    </Box>
                                </li>
                            );
                        })}
                    </Box>
                )}
            </Async>
        </Card>
    );
}

function People({ people }: { people: Person[] }) {
    const t = useT();
    const format = useFormat();
    const figure = (key: "overdue" | "today" | "without_next_step" | "hot_leads") => ({ key, label: t(`dashboard.of.${key}`), figure: true, cell: (person: Person) => <Box component="span" sx={{ color: key === "overdue" && person.overdue > 0 ? "bad.main" : undefined }}>{format.number(person[key])}</Box> });
    const sums = (pick: (one: Money) => number) => (person: Person) => (person.money ?? []).filter((one) => pick(one) > 0).map((one) => format.moneyRound(pick(one), one.currency)).join(" · ") || "–";
    return (
        <Card title={t("dashboard.people")} flush>
            <SimpleTable
                label={t("dashboard.people")}
                rows={people}
                keyOf={({ member_id }) => member_id}
                columns={[
                    { key: "name", label: t("field.name"), strong: true, cell: ({ name }) => name },
                    figure("overdue"),
                    figure("today"),
                    figure("without_next_step"),
                    figure("hot_leads"),
                    { key: "won", label: t("dashboard.won"), figure: true, cell: sums((one) => one.won_minor) },
                    { key: "forecast", label: t("dashboard.forecast"), figure: true, quiet: true, cell: sums((one) => one.weighted_minor) },
                ]}
            />
        </Card>
    );
}
