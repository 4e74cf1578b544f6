// What the person did, day by day: what it counted for, and everything that came with it.
import { Box, Button, ButtonBase, Collapse } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { ChevronDown, CircleDot } from "lucide-react";
import { useId, useState } from "react";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { useLabel } from "../../ui/labels";
import { Card, Empty, Failed, Muted, Tag } from "../../ui/parts";
import { eventIcon } from "./event-icons";
import { Coming } from "./coming";
import { type LeadDetails, type LeadEvent, useEvents } from "./queries";

export default function Events({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const events = useEvents(lead.id);
    if (events.error) return <Card><Failed error={events.error} retry={() => void events.refetch()} /></Card>;
    if (!events.data) return <Coming tab="events" />;
    const all = events.data.pages.flatMap((page) => page.data);
    if (all.length === 0) return <Card><Empty icon={CircleDot} title={t("events.none")} hint={t("events.noneHint")} /></Card>;
    const days = groupBy(all, (event) => format.day(event.occurred_at));
    return (
        <Card title={t("events.title")} hint={format.number(events.data.pages[0]?.pagination.total ?? all.length)}>
            {[...days].map(([day, ofDay]) => (
                <Box key={day} component="section" aria-label={day} sx={{ "& + &": { mt: 2 } }}>
                    <Box component="h3" sx={{ m: 0, mb: 0.5, fontSize: "0.75rem", fontWeight: 550, color: "text.secondary" }}>
                        {day}
                    </Box>
                    <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0 }}>
                        {ofDay.map((event) => (
                            <EventRow key={event.id} event={event} />
                        ))}
                    </Box>
                </Box>
            ))}
            {events.hasNextPage && (
                <Button variant="outlined" disabled={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()} sx={{ mt: 2 }}>
                    {t("events.more")}
                </Button>
            )}
        </Card>
    );
}

function groupBy<T>(items: T[], key: (item: T) => string): Map<string, T[]> {
    const groups = new Map<string, T[]>();
    for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
    return groups;
}

function EventRow({ event }: { event: LeadEvent }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const { palette } = useTheme();
    const id = useId();
    const [open, setOpen] = useState(false);
    const Icon = eventIcon(event.event_type);
    const metadata = Object.entries((event.metadata ?? {}) as Record<string, unknown>);
    const campaign = Object.entries((event.campaign ?? {}) as Record<string, unknown>);
    const subject = ["page_path", "subject", "title", "interest", "event"].map((name) => (event.metadata as Record<string, unknown> | null)?.[name]).find((value) => typeof value === "string");
    const points = event.awards.reduce((sum, award) => sum + award.points, 0);
    return (
        <Box component="li" sx={{ position: "relative", pl: 4.25, pb: 0.5, "&:not(:last-of-type)::before": { content: '""', position: "absolute", left: 13, top: 30, bottom: -4, width: "1px", bgcolor: "divider" } }}>
            <Box aria-hidden="true" sx={{ position: "absolute", left: 0, top: 4, width: 27, height: 27, borderRadius: "50%", display: "grid", placeItems: "center", bgcolor: points > 0 ? "note.soft" : "subtle", color: points > 0 ? "note.main" : "text.secondary" }}>
                <Icon size={14} />
            </Box>
            <ButtonBase aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} sx={{ width: "100%", justifyContent: "flex-start", alignItems: "flex-start", textAlign: "left", gap: 1, px: 1, py: 0.75, borderRadius: 1, fontSize: "0.8125rem", "&:hover": { bgcolor: "subtle" } }}>
                <Box sx={{ flex: 1, minWidth: 0 }}>
                    <Box component="span" sx={{ fontWeight: 550 }}>
                        {label("event", event.event_type)}
                    </Box>{" "}
                    {subject !== undefined && <Muted sx={{ overflowWrap: "anywhere" }}>{String(subject)}</Muted>}
                    <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.75, mt: event.awards.length + event.signals.length > 0 ? 0.5 : 0 }}>
                        {event.awards.map((award) => (
                            <Tag key={award.rule_id} tone={award.points < 0 ? "bad" : "good"}>
                                {t("events.points", { points: format.points(award.points), rule: award.rule_name ? label("rule", award.rule_id, award.rule_name) : t("events.gone") })}
                            </Tag>
                        ))}
                        {event.signals.map((signal) => (
                            <Tag key={signal.rule_id} tone="note">
                                {t("events.signal", { intent: label("intent", signal.intent), weight: format.points(signal.weight) })}
                            </Tag>
                        ))}
                    </Box>
                </Box>
                <Muted sx={{ fontSize: "0.75rem", whiteSpace: "nowrap" }}>
                    {label("source", event.source)} · {format.time(event.occurred_at)}
                </Muted>
                <Box component={ChevronDown} size={15} aria-hidden="true" sx={{ flexShrink: 0, mt: 0.25, color: palette.text.secondary, transform: open ? "rotate(180deg)" : "none", transition: "transform 120ms" }} />
            </ButtonBase>
            <Collapse in={open} id={id} unmountOnExit>
                <Box component="dl" sx={{ display: "grid", gridTemplateColumns: "minmax(90px, 150px) minmax(0, 1fr)", columnGap: 1.5, rowGap: 0.375, m: 0, mx: 1, mb: 1, p: 1.25, borderRadius: 1, bgcolor: "background.default", fontSize: "0.78125rem", "& dt": { color: "text.secondary" }, "& dd": { m: 0, overflowWrap: "anywhere" } }}>
                    {[...metadata, ...campaign.map(([name, value]) => [`utm_${name}`, value] as const)].map(([name, value]) => (
                        <Pair key={name} name={name} value={value} />
                    ))}
                    <dt>{t("events.occurred")}</dt>
                    <dd>{format.dateTime(event.occurred_at)}</dd>
                    <dt>{t("events.received")}</dt>
                    <dd>{format.dateTime(event.received_at)}</dd>
                    <dt>{t("events.externalId")}</dt>
                    <dd>{event.external_id}</dd>
                </Box>
            </Collapse>
        </Box>
    );
}

function Pair({ name, value }: { name: string; value: unknown }) {
    const label = useLabel();
    return (
        <>
            <dt>{label("field", name)}</dt>
            <dd>{typeof value === "object" && value !== null ? (Array.isArray(value) && value.every((item) => typeof item !== "object") ? value.join(", ") : JSON.stringify(value)) : String(value)}</dd>
        </>
    );
}
