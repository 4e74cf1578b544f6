// Everything that happened to a lead in one stream, the latest first: what the person did, what was decided, what colleagues and the
// machine did. The same on the lead and on its deal.
import { Box, Button, ButtonBase } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Banknote, ChevronDown, CircleDot, Route as RouteIcon, Send, SquareCheck, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router-dom";
import { api, take } from "../../api/client";
import { useLanguage, useT } from "../../providers/i18n";
import { Async } from "../../ui/async";
import { useTeam } from "../../ui/known";
import { useLabel, useStageName } from "../../ui/labels";
import { Empty, Muted, When } from "../../ui/parts";
import { eventIcon } from "./event-icons";
import type { TimelineEntry } from "./queries";
import { type Fold, folded, type Stream, STREAMS } from "./timeline";

const PAGE = 15;
const ENTRY_ICON: Record<string, LucideIcon> = { decision: RouteIcon, task: SquareCheck, deal: Banknote, effect: Send };

const useStream = (lead: string, stream: Stream) =>
    useInfiniteQuery({
        queryKey: ["lead", lead, "timeline", stream],
        initialPageParam: undefined as string | undefined,
        queryFn: ({ pageParam }) => take(api.GET("/api/v1/leads/{id}/timeline", { params: { path: { id: lead }, query: { limit: PAGE, kinds: STREAMS[stream], cursor: pageParam } } })),
        getNextPageParam: (page) => page.pagination.next_cursor ?? undefined,
    });

export function Timeline({ lead }: { lead: string }) {
    const t = useT();
    const [stream, setStream] = useState<Stream>("all");
    const entries = useStream(lead, stream);
    return (
        <Box sx={{ display: "grid", gap: 1, minWidth: 0 }}>
            <Box role="group" aria-label={t("timeline.narrow")} sx={{ display: "flex", flexWrap: "wrap", gap: 0.5 }}>
                {(Object.keys(STREAMS) as Stream[]).map((each) => (
                    <ButtonBase key={each} aria-pressed={each === stream} onClick={() => setStream(each)} sx={{ px: 1, minHeight: 26, borderRadius: 99, border: 1, fontSize: "s", borderColor: each === stream ? "primary.main" : "divider", color: each === stream ? "text.primary" : "text.secondary", fontWeight: each === stream ? 600 : 450 }}>
                        {t(`timeline.stream.${each}`)}
                    </ButtonBase>
                ))}
            </Box>
            <Async of={entries} lines={8} height={24} isEmpty={({ pages }) => !pages[0]?.data.length} empty={<Empty compact icon={CircleDot} title={t("events.none")} hint={t("events.noneHint")} />}>
                {({ pages }) => (
                    <>
                        <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                            {folded(pages.flatMap((page) => page.data)).map((fold) => (
                                <Entry key={fold.key} fold={fold} />
                            ))}
                        </Box>
                        {entries.hasNextPage && (
                            <Button variant="outlined" disabled={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()} sx={{ justifySelf: "start" }}>
                                {t("events.more")}
                            </Button>
                        )}
                    </>
                )}
            </Async>
        </Box>
    );
}

function Entry({ fold: { entries } }: { fold: Fold }) {
    const t = useT();
    const [open, setOpen] = useState(false);
    const [first, ...others] = entries;
    return (
        <>
            <Row entry={first} times={open ? 1 : entries.length}>
                {others.length > 0 && (
                    <ButtonBase aria-expanded={open} onClick={() => setOpen(!open)} sx={{ ml: 0.75, gap: 0.25, borderRadius: 0.5, color: "text.secondary", "&:hover": { color: "text.primary" } }}>
                        {t(open ? "timeline.fold" : "timeline.unfold", { smart_count: others.length })}
                        <Box component={ChevronDown} size={13} aria-hidden="true" sx={{ transform: open ? "rotate(180deg)" : "none" }} />
                    </ButtonBase>
                )}
            </Row>
            {open && others.map((entry) => <Row key={entry.id} entry={entry} />)}
        </>
    );
}

function Row({ entry, times = 1, children }: { entry: TimelineEntry; times?: number; children?: React.ReactNode }) {
    const Icon = entry.kind === "event" ? eventIcon(entry.body.event_type) : (ENTRY_ICON[entry.kind] ?? CircleDot);
    return (
        <Box component="li" sx={{ display: "flex", gap: 1.25, py: 0.625, alignItems: "flex-start", fontSize: "m" }}>
            <Box sx={{ display: "grid", placeItems: "center", width: 24, height: 24, borderRadius: "50%", bgcolor: "subtle", color: "text.secondary", flexShrink: 0 }}>
                <Icon size={13} aria-hidden="true" />
            </Box>
            <Box sx={{ flex: 1, minWidth: 0, pt: 0.25, overflowWrap: "anywhere" }}>
                {times > 1 && `${times} × `}
                <Said entry={entry} />
                {children}
            </Box>
            <Muted sx={{ fontSize: "s", whiteSpace: "nowrap", pt: 0.375 }}>
                <When at={entry.at} />
            </Muted>
        </Box>
    );
}

/** Who it was: a colleague by name; the machine is said to be one only where a person might have been it. */
function useAuthor() {
    const t = useT();
    const { nameOf } = useTeam();
    return (by: string | null | undefined, name?: string | null) => (by === "machine" ? t("deal.machine") : (name ?? nameOf(by) ?? null));
}

function Said({ entry }: { entry: TimelineEntry }) {
    const t = useT();
    const label = useLabel();
    const stageName = useStageName();
    const author = useAuthor();
    const [language] = useLanguage();
    const rest = (...parts: (string | null | undefined | false)[]) => <Muted>{parts.filter(Boolean).join(" · ")}</Muted>;
    switch (entry.kind) {
        case "event":
            return (
                <>
                    {label("event", entry.body.event_type)} {rest(label("source", entry.body.source))}
                </>
            );
        case "decision": {
            const { outcome, pipeline_name, owner_name, explanation, decided_by } = entry.body;
            return (
                <>
                    {t(`outcome.${outcome}`)} {rest(pipeline_name, owner_name, !pipeline_name && !owner_name && explanation[language], outcome === "manual" && author(decided_by))}
                </>
            );
        }
        case "task":
            return (
                <>
                    {t(`timeline.task.${entry.body.action}`)} {rest(entry.body.title, author(entry.body.by, entry.body.by_name))}
                </>
            );
        case "deal": {
            const { action, deal_name, deal_id, pipeline_id, to_stage_name, reason, by, by_name } = entry.body;
            return (
                <>
                    {t(`timeline.deal.${action}`)}{" "}
                    {pipeline_id ? (
                        <Box component={Link} to={`/board/${pipeline_id}?deal=${deal_id}`} sx={{ color: "inherit" }}>
                            {deal_name}
                        </Box>
                    ) : (
                        deal_name
                    )}{" "}
                    {rest(stageName(to_stage_name), reason, author(by, by_name))}
                </>
            );
        }
        case "effect":
            return (
                <>
                    {label("source", entry.body.effect)} {rest(entry.body.target, label("field", `effect_${entry.body.status}`, entry.body.status))}
                </>
            );
        default:
            return (
                <>
                    {label("rule", entry.body.rule_slug ?? entry.body.rule_id, entry.body.rule_name)} {rest(String(entry.body.points))}
                </>
            );
    }
}
