// The score over time, by category. The table below it says the same in words.
import { useTheme } from "@mui/material/styles";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { OverTime } from "../../ui/charts";
import { useRoutingConfig } from "../../ui/known";
import type { ScoreStep } from "./queries";

const CATEGORIES = ["demographic", "engagement", "behavior"] as const;

export function ScoreChart({ steps }: { steps: ScoreStep[] }) {
    const t = useT();
    const format = useFormat();
    const { palette } = useTheme();
    const config = useRoutingConfig();
    const points = [...steps].reverse().map((step) => ({ at: Date.parse(step.at), values: CATEGORIES.map((category) => step.scores[category]) }));
    const last = points.at(-1);
    if (!last) return null;
    const label = t("score.chart", { from: format.date(new Date(points[0]!.at)), to: format.date(new Date()), score: format.number(steps[0]!.total_score) });
    return (
        <OverTime
            label={label}
            series={CATEGORIES.map((category) => ({ name: t(`category.${category}`), color: palette.category[category] }))}
            // The score holds until now.
            points={[...points, { ...last, at: Date.now() }]}
            marks={config.data?.tiers.filter((tier) => tier.min_score > 0).map((tier) => ({ name: t(`tier.${tier.name}`), color: palette.tier[tier.name].main, value: tier.min_score }))}
            day={(at) => format.date(new Date(at))}
            moment={(at) => format.dateTime(new Date(at))}
            shown={format.number}
        />
    );
}
