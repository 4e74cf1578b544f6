// What concerns whoever is signed in: a bell with how much is unread, and behind it what it is.
import { Box, Button, ButtonBase, IconButton, Popover } from "@mui/material";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { AlarmClock, Bell as BellIcon, CheckCheck, TriangleAlert, UserCheck, type LucideIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router-dom";
import { api, take, type Schemas } from "../api/client";
import { sayError } from "../api/problem";
import { useT, useTranslate } from "../providers/i18n";
import { notify } from "../ui/notify";
import { useMe } from "../ui/known";
import { Async } from "../ui/async";
import { Empty, Muted, When } from "../ui/parts";
import { useLive } from "./live";

type Told = Schemas["NotificationView"];

const ICON: Record<string, LucideIcon> = { assigned: UserCheck, overdue: AlarmClock, failed: TriangleAlert };

/** Where somebody finds what they were told of: a task with the lead it is about. */
export function pathOf({ record_type, record_id, record_name, lead_id }: Told): string | null {
    if (record_name === null) return null;
    if (record_type === "deal") return `/board?deal=${record_id}`;
    if (record_type === "lead" || lead_id) return `/leads/${lead_id ?? record_id}`;
    return "/tasks";
}

/** More was given away at once than the one record that is named: how many leads, or else deals, or else tasks. */
export function others({ leads, deals, tasks }: Pick<Told, "leads" | "deals" | "tasks">): ["leads" | "deals" | "tasks", number] | null {
    const [kind, count] = leads > 0 ? (["leads", leads] as const) : deals > 0 ? (["deals", deals] as const) : (["tasks", tasks] as const);
    return count > 1 ? [kind, count] : null;
}

export function Bell() {
    const t = useT();
    const me = useMe();
    const client = useQueryClient();
    const unread = useLive()?.unread ?? 0;
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    useEffect(() => {
        // A new one shows in an open list at once.
        void client.invalidateQueries({ queryKey: ["notifications"] });
    }, [client, unread]);
    // An API key, and somebody who is not in the team, is told nothing.
    if (me && !me.member) return null;
    const name = unread > 0 ? t("bell.unread", { smart_count: unread }) : t("bell.open");
    return (
        <>
            <IconButton aria-label={name} aria-haspopup="dialog" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)} sx={{ position: "relative" }}>
                <BellIcon size={18} aria-hidden="true" />
                {unread > 0 && (
                    <Box component="span" aria-hidden="true" sx={{ position: "absolute", top: 1, right: 0, minWidth: 16, px: 0.375, borderRadius: 2, bgcolor: "primary.main", color: "primary.contrastText", fontSize: "xs", lineHeight: "16px", fontWeight: 650, textAlign: "center" }}>
                        {unread > 99 ? "99+" : unread}
                    </Box>
                )}
            </IconButton>
            <Popover open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)} anchorOrigin={{ vertical: "bottom", horizontal: "left" }} slotProps={{ paper: { role: "dialog", "aria-label": t("bell.title"), sx: { width: 380, maxWidth: "calc(100vw - 24px)" } } as object }}>
                {anchor && <List onLeave={() => setAnchor(null)} unread={unread} />}
            </Popover>
        </>
    );
}

function List({ onLeave, unread }: { onLeave: () => void; unread: number }) {
    const t = useT();
    const client = useQueryClient();
    const navigate = useNavigate();
    const translate = useTranslate();
    const query = useInfiniteQuery({
        queryKey: ["notifications"],
        queryFn: async ({ pageParam }) => take(api.GET("/api/v1/notifications", { params: { query: { limit: 15, cursor: pageParam } } })),
        initialPageParam: undefined as string | undefined,
        getNextPageParam: (last) => last.pagination.next_cursor ?? undefined,
    });
    const told = query.data?.pages.flatMap((page) => page.data);
    const read = async (body: Schemas["NotificationsReadInput"]) => {
        try {
            await take(api.POST("/api/v1/notifications/read", { body }));
        } catch (error) {
            notify(sayError(error, translate), { type: "error" });
            return;
        }
        await Promise.all([client.invalidateQueries({ queryKey: ["notifications"] }), client.invalidateQueries({ queryKey: ["live"] })]);
    };
    const open = (one: Told) => {
        if (one.read_at === null) void read({ ids: [one.id], all: false });
        const path = pathOf(one);
        if (!path) return;
        onLeave();
        void navigate(path);
    };
    return (
        <>
            <Box sx={{ display: "flex", alignItems: "center", gap: 1, pl: 2, pr: 1, py: 0.75, borderBottom: 1, borderColor: "divider", minHeight: 44 }}>
                <Box component="h2" sx={{ m: 0, fontSize: "l", fontWeight: 620 }}>
                    {t("bell.title")}
                </Box>
                {unread > 0 && told?.[0] && (
                    <Button startIcon={<CheckCheck size={15} />} onClick={() => void read({ all: true, until: told[0]!.created_at })} sx={{ ml: "auto" }}>
                        {t("bell.readAll")}
                    </Button>
                )}
            </Box>
            <Async of={{ data: told, error: query.error, refetch: query.refetch }} flush lines={4} height={44} empty={<Empty compact icon={BellIcon} title={t("bell.none")} hint={t("bell.noneHint")} />}>
                {(told) => (
                    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0.5, maxHeight: "60vh", overflowY: "auto" }}>
                        {told.map((one) => (
                            <li key={one.id}>
                                <Line one={one} onOpen={() => open(one)} />
                            </li>
                        ))}
                        {query.hasNextPage && (
                            <li>
                                <Button fullWidth onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
                                    {t("bell.more")}
                                </Button>
                            </li>
                        )}
                    </Box>
                )}
            </Async>
        </>
    );
}

function Line({ one, onOpen }: { one: Told; onOpen: () => void }) {
    const t = useT();
    const Icon = ICON[one.kind] ?? BellIcon;
    const more = others(one);
    const what = one.kind === "assigned" && more ? t(`bell.given.${more[0]}`, { smart_count: more[1] }) : (one.record_name ?? t("bell.gone"));
    const why = one.kind === "assigned" ? t(one.actor_name ? "bell.assignedBy" : "bell.assigned", { name: one.actor_name ?? "" }) : t(`bell.${one.kind}`);
    return (
        <ButtonBase onClick={onOpen} sx={{ width: "100%", display: "grid", gridTemplateColumns: "auto minmax(0, 1fr) auto", alignItems: "start", gap: 1.25, px: 1.5, py: 1, borderRadius: 1, textAlign: "left", "&:hover, &:focus-visible": { bgcolor: "subtle" } }}>
            <Box sx={{ color: one.kind === "failed" || one.kind === "overdue" ? "bad.main" : "text.secondary", pt: 0.25 }}>
                <Icon size={16} aria-hidden="true" />
            </Box>
            <Box sx={{ minWidth: 0, lineHeight: 1.35 }}>
                <Box sx={{ fontWeight: one.read_at === null ? 620 : 450, overflowWrap: "anywhere" }}>{what}</Box>
                <Muted sx={{ display: "block", fontSize: "s", overflowWrap: "anywhere" }}>
                    {why}
                    {one.kind === "failed" && one.error ? `: ${one.error}` : ""}
                </Muted>
            </Box>
            <Muted sx={{ fontSize: "s", whiteSpace: "nowrap" }}>
                <When at={one.created_at} />
            </Muted>
        </ButtonBase>
    );
}
