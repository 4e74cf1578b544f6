// The page of a record: who or what it is, what can be done, its parts behind tabs that stand in the address, and what is known about it
// at the side. `j` and `k` go to the next and the one before, as the list had them.
import { Box, IconButton, Skeleton, Tab, Tabs, Tooltip } from "@mui/material";
import { ArrowLeft, ChevronDown, ChevronUp } from "lucide-react";
import { type ReactNode, Suspense } from "react";
import { Link, useNavigate } from "react-router-dom";
import { ApiError } from "../api/problem";
import { useT } from "../providers/i18n";
import { Lost } from "../shell/states";
import { type Action, Actions } from "./actions";
import type { Reading } from "./async";
import { useCommands } from "./commands";
import { useKeys } from "./keys";
import { useNeighbours } from "./neighbours";
import { Card, Face, Failed, Lines, Muted } from "./parts";
import { useTitle } from "./title";

export interface DetailTab<R> {
    /** As it stands in the address; the first stands without. */
    name: string;
    label: string;
    content: (record: R) => ReactNode;
    /** What stands there until it is known. */
    coming: ReactNode;
}

interface Props<R> {
    /** Such as `leads`: its list and its addresses begin so. */
    resource: string;
    id: string;
    of: Reading<R>;
    back: { to: string; label: string };
    title: (record: R) => string;
    subtitle?: (record: R) => ReactNode;
    tags?: (record: R) => ReactNode;
    actions: (record: R) => (Action | false | undefined)[];
    tabs: DetailTab<R>[];
    /** The tab of the address. */
    tab: string;
    tabsLabel: string;
    aside?: (record: R) => ReactNode;
    /** On a phone what is at the side comes when what stands above it has its height. */
    settling?: boolean;
    /** Dialogs, and whatever else belongs to it and takes no room. */
    children?: (record: R) => ReactNode;
}

/** The head's height, of which a phone needs more: what stands below must not jump when it comes. */
const HEAD = { xs: 144, md: 72 };

export function DetailPage<R>({ resource, id, of, back, title, subtitle, tags, actions, tabs, tab, tabsLabel, aside, settling = false, children }: Props<R>) {
    const go = useNavigate();
    const record = of.data;
    useCommands(record ? actions(record) : []);
    useTitle(record && title(record));
    const shown = tabs.find(({ name }) => name === tab) ?? tabs[0]!;
    if (of.error instanceof ApiError && (of.error.status === 404 || of.error.status === 400)) return <Lost />;
    if (of.error && !record) return <Card><Failed error={of.error} retry={() => void of.refetch()} /></Card>;
    const to = (other: string, name = shown.name) => `/${resource}/${other}${name === tabs[0]!.name ? "" : `/${name}`}`;
    return (
        <Box sx={{ maxWidth: 1280 }}>
            <Way resource={resource} id={id} back={back} to={to} />
            {record ? (
                <Box component="header" sx={{ display: "flex", gap: { xs: 1.25, md: 2 }, minHeight: HEAD, alignItems: { xs: "flex-start", md: "center" }, flexDirection: { xs: "column", md: "row" } }}>
                    <Box sx={{ display: "flex", gap: 1.75, alignItems: "center", minWidth: 0, maxWidth: "100%", flex: 1, overflowWrap: "anywhere" }}>
                        <Face name={title(record)} size={52} />
                        <Box sx={{ minWidth: 0 }}>
                            <Box component="h1" sx={{ m: 0, fontSize: "head", fontWeight: 660, letterSpacing: "-0.015em", lineHeight: 1.3 }}>
                                {title(record)}
                            </Box>
                            <Muted>{subtitle?.(record)}</Muted>
                            <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.75, mt: 0.75 }}>{tags?.(record)}</Box>
                        </Box>
                    </Box>
                    <Actions of={actions(record)} />
                </Box>
            ) : (
                <Skeleton variant="rounded" sx={{ height: HEAD }} />
            )}
            <Tabs value={shown.name} onChange={(_, name: string) => go(to(id, name), { replace: true })} variant="scrollable" scrollButtons={false} aria-label={tabsLabel} sx={{ borderBottom: 1, borderColor: "divider", mt: 1.5, mb: 2 }}>
                {tabs.map(({ name, label }) => (
                    <Tab key={name} value={name} id={`tab-${name}`} aria-controls={`panel-${name}`} label={label} />
                ))}
            </Tabs>
            <Box role="tabpanel" id={`panel-${shown.name}`} aria-labelledby={`tab-${shown.name}`} sx={{ display: "grid", gap: 2, gridTemplateColumns: aside ? { xs: "minmax(0, 1fr)", lg: "minmax(0, 1fr) 288px" } : "minmax(0, 1fr)", alignItems: "start" }}>
                <Suspense fallback={shown.coming}>
                    {record ? shown.content(record) : shown.coming}
                    {aside && <Box sx={{ display: { xs: settling ? "none" : "block", lg: "block" }, minWidth: 0 }}>{record ? aside(record) : <Card><Lines count={8} /></Card>}</Box>}
                </Suspense>
            </Box>
            {record && children?.(record)}
        </Box>
    );
}

/** Back to the list, and along it. */
function Way({ resource, id, back, to }: { resource: string; id: string; back: { to: string; label: string }; to: (other: string) => string }) {
    const t = useT();
    const go = useNavigate();
    const beside = useNeighbours(resource, id);
    const step = (other: string | null | undefined) => {
        if (other) void go(to(other), { replace: true });
    };
    useKeys([
        beside !== null && { keys: "j", label: "keys.next", run: () => step(beside.next) },
        beside !== null && { keys: "k", label: "keys.previous", run: () => step(beside.previous) },
    ]);
    return (
        <Box sx={{ display: "flex", alignItems: "center", gap: 0.5, mb: 1, minHeight: 32, fontSize: "m", color: "text.secondary" }}>
            <Box component={Link} to={back.to} sx={{ display: "inline-flex", alignItems: "center", gap: 0.5, color: "inherit", textDecoration: "none", "&:hover": { color: "text.primary" } }}>
                <ArrowLeft size={14} aria-hidden="true" />
                {back.label}
            </Box>
            {beside && (
                <Box sx={{ ml: "auto", display: "inline-flex", alignItems: "center", gap: 0.5 }}>
                    <span>{t("action.of", { at: beside.at, of: beside.of })}</span>
                    <Tooltip title={t("keys.previous")}>
                        <span>
                            <IconButton aria-label={t("keys.previous")} aria-keyshortcuts="k" disabled={!beside.previous} onClick={() => step(beside.previous)}>
                                <ChevronUp size={16} />
                            </IconButton>
                        </span>
                    </Tooltip>
                    <Tooltip title={t("keys.next")}>
                        <span>
                            <IconButton aria-label={t("keys.next")} aria-keyshortcuts="j" disabled={!beside.next} onClick={() => step(beside.next)}>
                                <ChevronDown size={16} />
                            </IconButton>
                        </span>
                    </Tooltip>
                </Box>
            )}
        </Box>
    );
}
