// What the person did, day by day: what it counted for, and everything that came with it.
import { Box, Button, ButtonBase, Collapse } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { ChevronDown, CircleDot } from "lucide-react";
import { useId, useState } from "react";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { useLabel } from "../../ui/labels";
import { Async } from "../../ui/async";
import { Fact, Facts } from "../../ui/facts";
import { Card, Empty, Muted, Tag } from "../../ui/parts";
import { eventIcon } from "./event-icons";
import { type LeadDetails, type LeadEvent, useEvents } from "./queries";

export default function Events({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const events = useEvents(lead.id);
    return (
        <Async of={events} card={t("events.title")} lines={9} height={26} isEmpty={({ pages }) => !pages[0]?.data.length} empty={<Empty icon={CircleDot} title={t("events.none")} hint={t("events.noneHint")} />}>
            {({ pages }) => {
                const all = pages.flatMap((page) => page.data);
                return (
                    <Card title={t("events.title")} hint={format.number(pages[0]?.pagination.total ?? all.length)}>
                        {[...groupBy(all, (event) => format.day(event.occurred_at))].map(([day, ofDay]) => (
                            <Box key={day} component="section" aria-label={day} sx={{ "& + &": { mt: 2 } }}>
                                <Box component="h3" sx={{ m: 0, mb: 0.5, fontSize: "s", fontWeight: 550, color: "text.secondary" }}>
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
            }}
        </Async>
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
            <ButtonBase aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)} sx={{ width: "100%", justifyContent: "flex-start", alignItems: "flex-start", textAlign: "left", gap: 1, px: 1, py: 0.75, borderRadius: 1, fontSize: "m", "&:hover": { bgcolor: "subtle" } }}>
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
                <Muted sx={{ fontSize: "s", whiteSpace: "nowrap" }}>
                    {label("source", event.source)} · {format.time(event.occurred_at)}
                </Muted>
                <Box component={ChevronDown} size={15} aria-hidden="true" sx={{ flexShrink: 0, mt: 0.25, color: palette.text.secondary, transform: open ? "rotate(180deg)" : "none", transition: "transform 120ms" }} />
            </ButtonBase>
            <Collapse in={open} id={id} unmountOnExit>
                <Box sx={{ mx: 1, mb: 1, p: 1.25, borderRadius: 1, bgcolor: "background.default" }}>
                    <Facts names={120}>
                        {[...metadata, ...campaign.map(([name, value]) => [`utm_${name}`, value] as const)].map(([name, value]) => (
                            <Fact key={name} label={label("field", name)}>
                                {said(value)}
                            </Fact>
                        ))}
                        <Fact label={t("events.occurred")}>{format.dateTime(event.occurred_at)}</Fact>
                        <Fact label={t("events.received")}>{format.dateTime(event.received_at)}</Fact>
                        <Fact label={t("events.externalId")}>{event.external_id}</Fact>
                    </Facts>
                </Box>
            </Collapse>
        </Box>
    );
}

/** What a source sent, whatever it is. */
function said(value: unknown): string {
    if (typeof value !== "object" || value === null) return String(value);
    return Array.isArray(value) && value.every((item) => typeof item !== "object") ? value.join(", ") : JSON.stringify(value);
}
