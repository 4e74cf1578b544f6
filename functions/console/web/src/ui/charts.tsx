// Charts, drawn by hand: parts of a whole, sums over time, what is left from step to step. Each has a legend and the figures as a table;
// colour is never the only sign, and nothing is measured, so that they stand at once.
import { Box, Button } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { type PointerEvent, type ReactNode, useId, useState } from "react";
import { useT } from "../providers/i18n";
import { Muted } from "./parts";
import { SimpleTable } from "./simple-table";

export interface Series {
    name: string;
    color: string;
}

/** Names beside their colours. */
export function Legend({ of }: { of: Series[] }) {
    return (
        <Box component="ul" sx={{ display: "flex", flexWrap: "wrap", columnGap: 2, rowGap: 0.5, listStyle: "none", m: 0, p: 0, fontSize: "s", color: "text.secondary" }}>
            {of.map(({ name, color }) => (
                <Box key={name} component="li" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75 }}>
                    <Box aria-hidden="true" sx={{ width: 9, height: 9, borderRadius: 0.5, bgcolor: color }} />
                    {name}
                </Box>
            ))}
        </Box>
    );
}

interface Figures {
    columns: string[];
    /** The name of a row, and its figures as they are shown. */
    rows: [string, ...string[]][];
}

/** The drawing, its legend, and behind a button its figures. `figures` is left out where the page shows them anyway. */
function Frame({ label, legend, figures, children }: { label: string; legend: Series[]; figures?: Figures; children: ReactNode }) {
    const t = useT();
    const id = useId();
    const [open, setOpen] = useState(false);
    return (
        <Box component="figure" aria-label={label} sx={{ m: 0, display: "grid", gap: 1, minWidth: 0 }}>
            {children}
            {(legend.length > 1 || figures) && (
                <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1, minHeight: 24 }}>
                    {legend.length > 1 && <Legend of={legend} />}
                    {figures && (
                        <Button aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} sx={{ ml: "auto", color: "text.secondary", minHeight: 24, py: 0 }}>
                            {t(open ? "chart.hide" : "chart.figures")}
                        </Button>
                    )}
                </Box>
            )}
            {figures && (
                <Box id={id} hidden={!open}>
                    {open && <SimpleTable label={label} columns={figures.columns.map((name, at) => ({ key: String(at), label: name, figure: at > 0, cell: (row: string[]) => row[at] }))} rows={figures.rows} keyOf={(_, at) => String(at)} />}
                </Box>
            )}
        </Box>
    );
}

export interface BarRow {
    key: string;
    name: string;
    parts: (Series & { value: number })[];
}

interface BarsProps {
    label: string;
    rows: BarRow[];
    shown: (value: number, row: BarRow) => string;
    /** Each row is a whole of its own: one large sum must not make all others vanish, and sums of two currencies have no common scale. */
    share?: boolean;
    /** The heading over the names, for the table. None: the page shows the figures itself. */
    names?: string;
}

const BAR = 14;

/** Bars lying on top of each other, each of one part or of several. */
export function Bars({ label, rows, shown, share = false, names }: BarsProps) {
    const { palette } = useTheme();
    const sum = (row: BarRow) => row.parts.reduce((total, part) => total + part.value, 0);
    const highest = Math.max(...rows.map(sum), 0);
    const legend = [...new Map(rows.flatMap((row) => row.parts.map(({ name, color }) => [name, { name, color }] as const))).values()];
    const said = rows.map((row) => `${row.name}: ${shown(sum(row), row)}`).join("; ");
    const figures = names === undefined ? undefined : { columns: [names, ...legend.map(({ name }) => name)], rows: rows.map((row): [string, ...string[]] => [row.name, ...legend.map(({ name }) => shown(row.parts.filter((part) => part.name === name).reduce((total, part) => total + part.value, 0), row))]) };
    return (
        <Frame label={label} legend={legend} figures={figures}>
            <Box role="img" aria-label={`${label}. ${said}`} sx={{ display: "grid", gridTemplateColumns: "minmax(72px, max-content) minmax(0, 1fr)", columnGap: 1.5, rowGap: 1, alignItems: "center", fontSize: "s" }}>
                {rows.map((row) => {
                    const whole = share ? sum(row) : highest;
                    let from = 0;
                    return (
                        <Box key={row.key} sx={{ display: "contents" }}>
                            <Box sx={{ maxWidth: 180, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", color: "text.secondary" }}>{row.name}</Box>
                            <svg width="100%" height={BAR} aria-hidden="true" style={{ display: "block" }}>
                                <rect width="100%" height={BAR} rx="3" fill={palette.subtle} />
                                {row.parts.filter((part) => part.value > 0 && whole > 0).map((part) => {
                                    const x = (from / whole) * 100;
                                    from += part.value;
                                    return (
                                        <rect key={part.name} x={`${x}%`} width={`${(part.value / whole) * 100}%`} height={BAR} fill={part.color} stroke={palette.background.paper}>
                                            <title>{`${part.name}: ${shown(part.value, row)}`}</title>
                                        </rect>
                                    );
                                })}
                            </svg>
                        </Box>
                    );
                })}
            </Box>
        </Frame>
    );
}

export interface TimePoint {
    /** Milliseconds. */
    at: number;
    /** One for each series. */
    values: number[];
}

/** The surface between two courses that hold until they change, as a path in a box of `width` × `height`. Points are in order of time. */
export function stepArea(points: readonly { x: number; from: number; to: number }[]): string {
    const first = points[0];
    if (!first) return "";
    const up = points.slice(1).map(({ x, to }) => `H${x}V${to}`).join("");
    const down = points.slice(0, -1).reverse().map(({ x, from }) => `V${from}H${x}`).join("");
    return `M${first.x} ${first.to}${up}V${points.at(-1)!.from}${down}Z`;
}

interface OverTimeProps {
    label: string;
    series: Series[];
    points: TimePoint[];
    /** Where something begins: a line across, with its name. */
    marks?: (Series & { value: number })[];
    day: (at: number) => string;
    moment: (at: number) => string;
    shown: (value: number) => string;
    /** The heading over the moments, for the table. None: the page shows the figures itself. */
    names?: string;
}

const [WIDE, HIGH] = [1000, 200];

/** Sums over time, one upon the other. A value holds until the next point. */
export function OverTime({ label, series, points, marks = [], day, moment, shown, names }: OverTimeProps) {
    const { palette } = useTheme();
    const [pointed, setPointed] = useState<number | null>(null);
    const total = (point: TimePoint) => point.values.reduce((sum, value) => sum + Math.max(0, value), 0);
    const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 1];
    const highest = Math.max(...points.map(total), 1);
    const top = scaleTop(highest);
    const x = (at: number) => (last === first ? 0 : ((at - first) / (last - first)) * WIDE);
    const y = (value: number) => HIGH - (value / top) * HIGH;
    const below = (point: TimePoint, at: number) => point.values.slice(0, at).reduce((sum, value) => sum + Math.max(0, value), 0);
    const ticks = [0, top / 2, top];
    const point = (event: PointerEvent<HTMLElement>) => {
        const box = event.currentTarget.getBoundingClientRect();
        const at = first + ((event.clientX - box.left) / Math.max(1, box.width)) * (last - first);
        setPointed(Math.max(0, points.findLastIndex((each) => each.at <= at)));
    };
    const seen = pointed === null ? undefined : points[pointed];
    const figures = names === undefined ? undefined : { columns: [names, ...series.map(({ name }) => name)], rows: points.map((each): [string, ...string[]] => [moment(each.at), ...each.values.map(shown)]) };
    return (
        <Frame label={label} legend={series} figures={figures}>
            <Box sx={{ display: "grid", gridTemplateColumns: "28px minmax(0, 1fr)", columnGap: 0.75, rowGap: 0.5, fontSize: "xs", color: "text.secondary" }}>
                <Box aria-hidden="true" sx={{ position: "relative", textAlign: "right" }}>
                    {ticks.map((tick) => (
                        <Box key={tick} sx={{ position: "absolute", right: 0, top: `${100 - (tick / top) * 100}%`, transform: "translateY(-50%)" }}>
                            {shown(tick)}
                        </Box>
                    ))}
                </Box>
                <Box role="img" aria-label={label} onPointerMove={point} onPointerLeave={() => setPointed(null)} sx={{ position: "relative", height: HIGH }}>
                    <svg width="100%" height={HIGH} viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" aria-hidden="true" style={{ display: "block", overflow: "visible" }}>
                        {ticks.map((tick) => (
                            <line key={tick} x1={0} x2={WIDE} y1={y(tick)} y2={y(tick)} stroke={palette.divider} vectorEffect="non-scaling-stroke" />
                        ))}
                        {series.map(({ name, color }, at) => (
                            <path key={name} d={stepArea(points.map((each) => ({ x: x(each.at), from: y(below(each, at)), to: y(below(each, at + 1)) })))} fill={color} fillOpacity={0.32} stroke={color} strokeWidth={1.5} vectorEffect="non-scaling-stroke" />
                        ))}
                        {marks.filter((mark) => mark.value <= top).map((mark) => (
                            <line key={mark.name} x1={0} x2={WIDE} y1={y(mark.value)} y2={y(mark.value)} stroke={mark.color} strokeDasharray="3 4" strokeOpacity={0.55} vectorEffect="non-scaling-stroke" />
                        ))}
                        {seen && <line x1={x(seen.at)} x2={x(seen.at)} y1={0} y2={HIGH} stroke={palette.text.secondary} vectorEffect="non-scaling-stroke" />}
                    </svg>
                    {marks.filter((mark) => mark.value <= top).map((mark) => (
                        <Box key={mark.name} aria-hidden="true" sx={{ position: "absolute", left: 4, top: `${100 - (mark.value / top) * 100}%`, color: mark.color }}>
                            {mark.name}
                        </Box>
                    ))}
                    {seen && (
                        <Box aria-hidden="true" sx={{ position: "absolute", top: 4, left: `clamp(0px, calc(${(x(seen.at) / WIDE) * 100}% + 8px), calc(100% - 170px))`, width: 162, p: 0.75, borderRadius: 1, border: 1, borderColor: "divider", bgcolor: "background.paper", color: "text.primary", pointerEvents: "none" }}>
                            <Box sx={{ fontWeight: 600 }}>{moment(seen.at)}</Box>
                            {series.map(({ name, color }, at) => (
                                <Box key={name} sx={{ display: "flex", alignItems: "center", gap: 0.5 }}>
                                    <Box sx={{ width: 8, height: 8, borderRadius: 0.5, bgcolor: color }} />
                                    {name}
                                    <Box sx={{ ml: "auto" }}>{shown(seen.values[at] ?? 0)}</Box>
                                </Box>
                            ))}
                        </Box>
                    )}
                </Box>
                <span />
                <Box aria-hidden="true" sx={{ display: "flex", justifyContent: "space-around" }}>
                    {/* Away from the edges: the days of the changes themselves would run into each other. */}
                    {[1, 3, 5, 7].map((eighth) => (
                        <span key={eighth}>{day(first + ((last - first) * eighth) / 8)}</span>
                    ))}
                </Box>
            </Box>
        </Frame>
    );
}

/** The end of a scale: the next round number, of which a half is whole too. */
export function scaleTop(highest: number): number {
    const size = 10 ** Math.floor(Math.log10(Math.max(highest, 1)));
    return [1, 2, 4, 5, 10].map((times) => times * size).find((top) => top >= highest && top % 2 === 0) ?? 10 * size;
}

interface FunnelProps {
    label: string;
    steps: (Series & { key: string; value: number })[];
    shown: (value: number) => string;
    percent: (value: number) => string;
}

/** What is left from step to step, and which part of the step before it is. */
export function Funnel({ label, steps, shown, percent }: FunnelProps) {
    const { palette } = useTheme();
    const most = Math.max(...steps.map((step) => step.value), 1);
    const kept = (at: number) => (at === 0 || !steps[at - 1]!.value ? "" : percent((steps[at]!.value / steps[at - 1]!.value) * 100));
    const said = steps.map((step, at) => [`${step.name}: ${shown(step.value)}`, kept(at) && `(${kept(at)})`].filter(Boolean).join(" ")).join("; ");
    return (
        <Frame label={label} legend={[]}>
            <Box role="img" aria-label={`${label}. ${said}`} sx={{ display: "grid", gridTemplateColumns: "minmax(72px, max-content) minmax(0, 1fr) max-content", columnGap: 1.5, rowGap: 0.75, alignItems: "center", fontSize: "s" }}>
                {steps.map((step, at) => (
                    <Box key={step.key} sx={{ display: "contents" }}>
                        <Box sx={{ maxWidth: 180, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap", color: "text.secondary" }}>{step.name}</Box>
                        <svg width="100%" height={22} aria-hidden="true" style={{ display: "block" }}>
                            <rect x={`${50 - (step.value / most) * 50}%`} width={`${(step.value / most) * 100}%`} height={22} rx="3" fill={step.color} stroke={palette.background.paper} />
                        </svg>
                        <Box sx={{ textAlign: "right" }}>
                            {shown(step.value)} <Muted>{kept(at)}</Muted>
                        </Box>
                    </Box>
                ))}
            </Box>
        </Frame>
    );
}
