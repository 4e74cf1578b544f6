// The score over time, by category. The table below it says the same in words.
import { Box } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { Area, AreaChart, CartesianGrid, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { useRoutingConfig } from "../../ui/known";
import { Muted } from "../../ui/parts";
import type { ScoreStep } from "./queries";

const CATEGORIES = ["demographic", "engagement", "behavior"] as const;

export default function ScoreChart({ steps }: { steps: ScoreStep[] }) {
    const t = useT();
    const format = useFormat();
    const { palette } = useTheme();
    const config = useRoutingConfig();
    const points = [...steps].reverse().map((step) => ({ at: Date.parse(step.at), ...step.scores }));
    const last = points.at(-1);
    // The score holds until now.
    if (last) points.push({ ...last, at: Date.now() });
    const highest = Math.max(...points.map((point) => point.demographic + point.engagement + point.behavior), 50);
    // Four days, away from the edges: the days of the changes themselves would run into each other.
    const [first, end] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
    const days = [1, 3, 5, 7].map((eighth) => first + ((end - first) * eighth) / 8);
    const marks = config.data?.tiers.filter((tier) => tier.min_score > 0 && tier.min_score <= highest * 1.15) ?? [];
    const summary = last ? t("score.chart", { from: format.date(new Date(points[0]!.at)), to: format.date(new Date()), score: format.number(steps[0]!.total_score) }) : "";
    return (
        <>
            <Box role="img" aria-label={summary} sx={{ height: 220, ml: -1 }}>
                <ResponsiveContainer>
                    <AreaChart data={points} margin={{ top: 8, right: 8, bottom: 0, left: 0 }} accessibilityLayer={false}>
                        <CartesianGrid vertical={false} stroke={palette.divider} />
                        <XAxis dataKey="at" type="number" scale="time" domain={["dataMin", "dataMax"]} ticks={days} interval={0} tickFormatter={(at: number) => format.date(new Date(at))} tick={{ fontSize: 11, fill: palette.text.secondary }} tickLine={false} axisLine={{ stroke: palette.divider }} />
                        <YAxis width={34} domain={[0, "auto"]} tick={{ fontSize: 11, fill: palette.text.secondary }} tickLine={false} axisLine={false} />
                        <Tooltip
                            labelFormatter={(at) => format.dateTime(new Date(Number(at)))}
                            contentStyle={{ background: palette.background.paper, border: `1px solid ${palette.divider}`, borderRadius: 8, fontSize: 12, padding: "6px 10px" }}
                            itemStyle={{ color: palette.text.primary, padding: 0 }}
                        />
                        {marks.map((tier) => (
                            <ReferenceLine key={tier.name} y={tier.min_score} stroke={palette.tier[tier.name].main} strokeDasharray="3 4" strokeOpacity={0.55} label={{ value: t(`tier.${tier.name}`), position: "insideTopLeft", fontSize: 11, fill: palette.tier[tier.name].main }} />
                        ))}
                        {CATEGORIES.map((category) => (
                            <Area key={category} type="stepAfter" stackId="score" dataKey={category} name={t(`category.${category}`)} stroke={palette.category[category]} fill={palette.category[category]} fillOpacity={0.32} strokeWidth={1.5} isAnimationActive={false} />
                        ))}
                    </AreaChart>
                </ResponsiveContainer>
            </Box>
            <Box sx={{ display: "flex", flexWrap: "wrap", gap: 2, mt: 1, fontSize: "0.75rem" }}>
                {CATEGORIES.map((category) => (
                    <Muted key={category}>
                        <Box component="span" aria-hidden="true" sx={{ display: "inline-block", width: 9, height: 9, borderRadius: 0.5, bgcolor: palette.category[category], mr: 0.75 }} />
                        {t(`category.${category}`)}
                    </Muted>
                ))}
            </Box>
        </>
    );
}
