// What others do meanwhile: every few seconds one question, what has changed, who else looks at this record, and how much is unread.
import { Box, Tooltip } from "@mui/material";
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "react-router-dom";
import { api, take, type Schemas } from "../api/client";
import { type Changed, reread, SHOWN_IN } from "../api/reread";
import { useT } from "../providers/i18n";
import { useMe } from "../ui/known";
import { Face, Hidden } from "../ui/parts";

type Changes = Schemas["ChangesListOutput"];
type Change = Changes["changes"][number];

const EVERY_MS = 10_000;

/** The record that a page shows, as the API names it. */
export function placeOf(pathname: string, search: string): string | undefined {
    const id = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    const lead = new RegExp(`^/leads/(${id})(?:/|$)`).exec(pathname)?.[1];
    if (lead) return `lead:${lead}`;
    const deal = pathname.startsWith("/board") ? new URLSearchParams(search).get("deal") : null;
    return deal && new RegExp(`^${id}$`).test(deal) ? `deal:${deal}` : undefined;
}

/** Each change once: the API may tell one twice. */
export class Seen {
    #ids = new Set<string>();
    cursor: string | undefined;

    /** The kinds of record that somebody else has changed since the last answer. */
    take(answer: Pick<Changes, "cursor" | "changes" | "more">, me: string | undefined): Changed[] {
        const fresh = answer.changes.filter(({ id }) => !this.#ids.has(id));
        this.#ids = new Set(answer.changes.map(({ id }) => id));
        this.cursor = answer.cursor;
        // More than are listed: anything may be another.
        if (answer.more) return Object.keys(SHOWN_IN) as Changed[];
        // What one has done oneself was read again by then; what the machine did of it too.
        const others = fresh.filter((change: Change) => change.member_id === null || change.member_id !== me);
        return [...new Set(others.map(({ record_type }) => record_type))].filter((kind): kind is Changed => kind in SHOWN_IN);
    }
}

const seen = new WeakMap<QueryClient, Seen>();

/** Asks while the page is looked at. Whoever calls it gets the last answer; there is one question for all of them. */
export function useLive(): Changes | undefined {
    const client = useQueryClient();
    const me = useMe();
    const { pathname, search } = useLocation();
    const on = placeOf(pathname, search);
    const known = seen.get(client) ?? new Seen();
    seen.set(client, known);
    const { data } = useQuery({
        queryKey: ["live", on ?? null],
        queryFn: async () => {
            const answer = await take(api.GET("/api/v1/changes", { params: { query: { since: known.cursor, on } } }));
            for (const kind of known.take(answer, me?.member?.id)) void reread(client, kind);
            return answer;
        },
        enabled: me !== undefined && me.scopes.includes("team:read"),
        refetchInterval: EVERY_MS,
        staleTime: EVERY_MS,
        gcTime: 0,
        retry: false,
        // On the way from page to page the number of what is unread stays.
        placeholderData: (before) => before && { ...before, present: [] },
    });
    return data;
}

/** Who else looks at the record of this page. It stands in the frame, so that nothing of the page moves when somebody comes. */
export function AlsoHere({ words = false }: { words?: boolean }) {
    const t = useT();
    const present = useLive()?.present ?? [];
    const said = t("live.here", { names: present.map(({ name }) => name).join(", "), smart_count: present.length });
    return (
        <Box role="status" sx={{ minWidth: 0 }}>
            {present.length > 0 && (
                <Tooltip title={words ? "" : said}>
                    <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 0.5, p: 0.75, fontSize: "s", color: "text.secondary" }}>
                        {present.slice(0, 4).map(({ member_id, name }) => (
                            <Face key={member_id} name={name} size={22} />
                        ))}
                        {words ? <span>{said}</span> : <Hidden>{said}</Hidden>}
                    </Box>
                </Tooltip>
            )}
        </Box>
    );
}
