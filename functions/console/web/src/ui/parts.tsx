// The small parts that every page is made of.
import { Box, Button, Skeleton, Tooltip, Typography, type SxProps, type Theme } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { CircleAlert, type LucideIcon } from "lucide-react";
import { useTranslate } from "ra-core";
import { type ReactNode, useId } from "react";
import { sayError } from "../api/problem";
import { useFormat } from "../i18n/format";
import { useT } from "../providers/i18n";
import type { Tier } from "../theme/theme";
import { useTitle } from "./title";

const LEVEL: Record<Tier, number> = { cold: 1, warm: 2, hot: 3, very_hot: 4 };

/** How warm: bars and a word, so that the colour is not the only sign. */
export function TierBadge({ tier, bare = false }: { tier: Tier; bare?: boolean }) {
    const t = useT();
    const { palette } = useTheme();
    const tone = palette.tier[tier];
    return (
        <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75, px: bare ? 0 : 0.875, height: 22, borderRadius: 1, bgcolor: bare ? "transparent" : tone.soft, color: tone.main, fontSize: "0.75rem", fontWeight: 600, whiteSpace: "nowrap" }}>
            <svg width="13" height="11" viewBox="0 0 13 11" aria-hidden="true">
                {[0, 1, 2, 3].map((bar) => (
                    <rect key={bar} x={bar * 3.4} y={8 - bar * 2.4} width="2.4" height={3 + bar * 2.4} rx="0.8" fill="currentColor" opacity={bar < LEVEL[tier] ? 1 : 0.25} />
                ))}
            </svg>
            {t(`tier.${tier}`)}
        </Box>
    );
}

type ToneName = "good" | "bad" | "note" | "plain";

/** A word in a quiet box. */
export function Tag({ tone = "plain", children, icon: Icon }: { tone?: ToneName; children: ReactNode; icon?: LucideIcon }) {
    const { palette } = useTheme();
    const colors = tone === "plain" ? { main: palette.text.secondary, soft: palette.subtle } : palette[tone];
    return (
        <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.5, px: 0.875, minHeight: 22, borderRadius: 1, bgcolor: colors.soft, color: colors.main, fontSize: "0.75rem", fontWeight: 550, whiteSpace: "nowrap", maxWidth: "100%", overflow: "hidden", textOverflow: "ellipsis" }}>
            {Icon && <Icon size={13} aria-hidden="true" style={{ flexShrink: 0 }} />}
            {children}
        </Box>
    );
}

const STATUS_TONE: Record<string, ToneName> = { customer: "good", won: "good", done: "good", lost: "bad", anonymized: "plain", routed: "note" };

export function StatusTag({ status, of }: { status: string; of: "status" | "dealStatus" | "taskStatus" }) {
    const translate = useTranslate();
    return <Tag tone={STATUS_TONE[status] ?? "plain"}>{translate(`${of}.${status}`)}</Tag>;
}

/** Initials on a colour that belongs to the name. */
export function Face({ name, size = 24 }: { name: string; size?: number }) {
    const initials = name.split(/[\s.@]+/).filter(Boolean).slice(0, 2).map((word) => word.charAt(0).toUpperCase()).join("");
    const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
    const { palette } = useTheme();
    const dark = palette.mode === "dark";
    return (
        <Box component="span" aria-hidden="true" data-initials={initials} sx={{ "&::before": { content: "attr(data-initials)" }, width: size, height: size, borderRadius: "50%", flexShrink: 0, display: "inline-grid", placeItems: "center", fontSize: size * 0.4, fontWeight: 650, letterSpacing: "0.01em", bgcolor: `hsl(${hue} ${dark ? "28% 26%" : "42% 90%"})`, color: `hsl(${hue} ${dark ? "55% 84%" : "45% 27%"})` }} />
    );
}

/** A moment: near in words, exact when pointed at and for machines. */
export function When({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
    const format = useFormat();
    if (!at) return <Muted>–</Muted>;
    const full = format.dateTime(at);
    return (
        <Tooltip title={exact ? format.relative(at) : full}>
            <time dateTime={at}>{exact ? full : format.relative(at)}</time>
        </Tooltip>
    );
}

export function Muted({ children, sx }: { children: ReactNode; sx?: SxProps<Theme> }) {
    return (
        <Box component="span" sx={[{ color: "text.secondary" }, ...(Array.isArray(sx) ? sx : [sx])]}>
            {children}
        </Box>
    );
}

/** A titled block on its own surface. */
export function Card({ title, hint, action, children, flush = false, sx }: { title?: ReactNode; hint?: ReactNode; action?: ReactNode; children: ReactNode; flush?: boolean; sx?: SxProps<Theme> }) {
    const id = useId();
    return (
        <Box component="section" aria-labelledby={title ? id : undefined} sx={[{ bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 1.25, minWidth: 0, overflow: "hidden" }, ...(Array.isArray(sx) ? sx : [sx])]}>
            {title && (
                <Box sx={{ display: "flex", alignItems: "center", gap: 1, minHeight: 44, pl: 2, pr: 1.25, borderBottom: flush ? 1 : 0, borderColor: "divider" }}>
                    <Typography variant="h2" id={id} sx={{ whiteSpace: "nowrap" }}>
                        {title}
                    </Typography>
                    {hint && <Muted sx={{ fontSize: "0.75rem", minWidth: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{hint}</Muted>}
                    <Box sx={{ ml: "auto", display: "flex", gap: 1, alignItems: "center" }}>{action}</Box>
                </Box>
            )}
            <Box sx={flush ? undefined : { px: 2, pb: 2, pt: title ? 0 : 2 }}>{children}</Box>
        </Box>
    );
}

/** The top of a page: where one is and what one can do here. `tab`: what the browser's tab says, where that is more than the heading. */
export function PageHead({ title, tab = title, hint, children }: { title: string; tab?: string; hint?: ReactNode; children?: ReactNode }) {
    useTitle(tab);
    return (
        <Box component="header" sx={{ display: "flex", alignItems: "center", flexWrap: "wrap", gap: 1, rowGap: 1, mb: 2, minHeight: 36 }}>
            <Typography variant="h1">{title}</Typography>
            {hint && <Muted sx={{ fontSize: "0.8125rem" }}>{hint}</Muted>}
            <Box sx={{ ml: "auto", display: "flex", alignItems: "center", gap: 1, flexWrap: "wrap" }}>{children}</Box>
        </Box>
    );
}

/** Nothing here: why, and what to do about it. `whole`: the page has nothing else, and no other heading. */
export function Empty({ icon: Icon, title, hint, action, compact = false, whole = false }: { icon: LucideIcon; title: string; hint: string; action?: ReactNode; compact?: boolean; whole?: boolean }) {
    return (
        <Box sx={{ display: "flex", flexDirection: "column", alignItems: "center", textAlign: "center", gap: 0.5, px: 3, py: compact ? 3 : 7, color: "text.secondary" }}>
            <Box sx={{ display: "grid", placeItems: "center", width: 40, height: 40, borderRadius: 2, bgcolor: "subtle", mb: 1 }}>
                <Icon size={19} aria-hidden="true" />
            </Box>
            <Typography variant="h3" component={whole ? "h1" : "p"} color="text.primary">
                {title}
            </Typography>
            <Typography variant="body2" sx={{ maxWidth: 380 }}>
                {hint}
            </Typography>
            {action && <Box sx={{ mt: 1.5 }}>{action}</Box>}
        </Box>
    );
}

/** It did not work: what happened, once more, and what else there is to do. */
export function Failed({ error, retry, action }: { error: unknown; retry?: () => void; action?: ReactNode }) {
    const translate = useTranslate();
    const t = useT();
    return (
        <Box role="alert" sx={{ display: "flex", alignItems: "center", gap: 1.25, p: 2, color: "bad.main", flexWrap: "wrap" }}>
            <CircleAlert size={17} aria-hidden="true" />
            <Typography variant="body2">{sayError(error, translate)}</Typography>
            {retry && (
                <Button variant="outlined" onClick={retry}>
                    {t("action.retry")}
                </Button>
            )}
            {action}
        </Box>
    );
}

/** Grey lines where text will be. */
export function Lines({ count = 3, height = 20 }: { count?: number; height?: number }) {
    const t = useT();
    return (
        <Box role="status" aria-label={t("state.loading")} sx={{ display: "grid", gap: 1, py: 1 }}>
            {Array.from({ length: count }, (_, at) => (
                <Skeleton key={at} variant="rounded" height={height} width={`${96 - ((at * 17) % 38)}%`} />
            ))}
        </Box>
    );
}

/** Says something to screen readers only. */
export function Hidden({ children }: { children: ReactNode }) {
    return (
        // In pixels: a bare 1 would be the whole width, and what holds it would become wider than its content.
        <Box component="span" sx={{ position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap" }}>
            {children}
        </Box>
    );
}

/** A bar of parts, with its meaning in words for those who do not see it. */
export function Bar({ parts, total, label, height = 8 }: { parts: { value: number; color: string }[]; total: number; label: string; height?: number }) {
    return (
        <Box role="img" aria-label={label} sx={{ display: "flex", gap: "2px", height, borderRadius: 99, overflow: "hidden", bgcolor: "subtle" }}>
            {parts.filter((part) => part.value > 0).map((part, at) => (
                <Box key={at} sx={{ width: `${Math.min(100, (part.value / Math.max(total, 1)) * 100)}%`, bgcolor: part.color }} />
            ))}
        </Box>
    );
}
