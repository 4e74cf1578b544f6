// What each pipeline holds, by stage, as parts of its own whole: pipelines may differ in currency, and a single large deal must not make
// all others vanish. The table below it says the same in figures.
import { Box } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { Bar, BarChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { Schemas } from "../api/client";
import { useFormat } from "../i18n/format";
import { useT } from "../providers/i18n";
import type { Pipeline } from "../ui/known";
import { useStageName } from "../ui/labels";

interface Row {
    pipeline: Pipeline;
    open: Schemas["ColumnView"][];
}

export default function BoardChart({ rows }: { rows: Row[] }) {
    const t = useT();
    const format = useFormat();
    const stageName = useStageName();
    const { palette } = useTheme();
    const deepest = Math.max(0, ...rows.map((row) => row.open.length));
    const data = rows.map(({ pipeline, open }) => ({ name: pipeline.name, currency: pipeline.currency, ...Object.fromEntries(open.map((column, at) => [`s${at}`, column.value_minor])) }));
    const stageAt = (at: number) => rows.find((row) => row.open[at])?.open[at]?.stage;
    const label = rows.map(({ pipeline, open }) => `${pipeline.name}: ${format.money(open.reduce((sum, column) => sum + column.value_minor, 0), pipeline.currency)}`).join("; ");
    return (
        <Box role="img" aria-label={`${t("dashboard.boards")}. ${label}`} sx={{ height: "100%", fontSize: 12 }}>
            <ResponsiveContainer>
                <BarChart data={data} layout="vertical" stackOffset="expand" margin={{ left: 4, right: 16, top: 0, bottom: 0 }} barSize={14} accessibilityLayer={false}>
                    <XAxis type="number" hide />
                    <YAxis type="category" dataKey="name" width={140} tickLine={false} axisLine={false} tick={{ fill: palette.text.secondary, fontSize: 12 }} />
                    <Tooltip
                        cursor={{ fill: palette.subtle }}
                        contentStyle={{ background: palette.background.paper, border: `1px solid ${palette.divider}`, borderRadius: 8, fontSize: 12, padding: "6px 10px" }}
                        labelStyle={{ fontWeight: 600 }}
                        itemStyle={{ color: palette.text.primary, padding: 0 }}
                        formatter={(value, _, item) => format.money(Number(value), (item.payload as { currency: string }).currency)}
                    />
                    {Array.from({ length: deepest }, (_, at) => (
                        <Bar key={at} dataKey={`s${at}`} name={stageName(stageAt(at)?.name)} stackId="all" fill={stageAt(at)?.color ?? palette.text.disabled} stroke={palette.background.paper} strokeWidth={1} isAnimationActive={false} />
                    ))}
                </BarChart>
            </ResponsiveContainer>
        </Box>
    );
}
