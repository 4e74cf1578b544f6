// What the lead's page reads and does. Everything that changes a lead makes all of it be read again.
import { skipToken, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNotify, useTranslate } from "ra-core";
import { api, ifMatch, once, take, type Schemas } from "../../api/client";
import { sayError } from "../../api/problem";
import { useReread } from "../../api/reread";

export type LeadDetails = Schemas["LeadsGetOutput"];
export type Decision = Schemas["DecisionView"];
export type Award = Schemas["LeadScoreView"];
export type Signal = Schemas["LeadIntentView"];
export type LeadEvent = Schemas["LeadEventView"];

const at = (id: string) => ({ path: { id } });
const key = (id: string, ...rest: string[]) => ["lead", id, ...rest];
/** A lead with more rows than these is shown with its newest. */
const MOST_ROWS = 1000;

export const useLead = (id: string) => useQuery({ queryKey: key(id), queryFn: () => take(api.GET("/api/v1/leads/{id}", { params: at(id) })) });

export const useBreakdown = (id: string) => useQuery({ queryKey: key(id, "breakdown"), queryFn: () => take(api.GET("/api/v1/scoring/leads/{leadId}/breakdown", { params: { path: { leadId: id } } })) });

export const useDecisions = (id: string) => useQuery({ queryKey: key(id, "decisions"), queryFn: async () => (await take(api.GET("/api/v1/leads/{id}/decisions", { params: { ...at(id), query: { limit: 50 } } }))).data });

export const useDeals = (id: string) => useQuery({ queryKey: key(id, "deals"), queryFn: async () => (await take(api.GET("/api/v1/deals", { params: { query: { lead_id: id, limit: 100 } } }))).data });

/** Walks a list to its end, part by part. */
async function walk<T>(part: (cursor: string | undefined) => Promise<{ data: T[]; pagination: Schemas["Pagination"] }>): Promise<T[]> {
    const rows: T[] = [];
    let cursor: string | undefined;
    do {
        const { data, pagination } = await part(cursor);
        rows.push(...data);
        cursor = pagination.next_cursor ?? undefined;
    } while (cursor && rows.length < MOST_ROWS);
    return rows;
}

export const useAwards = (id: string) => useQuery({ queryKey: key(id, "scores"), queryFn: () => walk((cursor) => take(api.GET("/api/v1/leads/{id}/scores", { params: { ...at(id), query: { limit: 100, cursor } } }))) });

export type ScoreStep = Schemas["ScoreStepView"];

/** Every step of the score, the latest first, with what it came to. */
export const useSteps = (id: string) =>
    useQuery({
        queryKey: key(id, "history"),
        queryFn: async () => {
            const page = (number: number) => take(api.GET("/api/v1/scoring/leads/{leadId}/history", { params: { path: { leadId: id }, query: { limit: 100, page: number } } }));
            const first = await page(1);
            const pages = Math.min(first.pagination.total_pages, MOST_ROWS / 100);
            const others = await Promise.all(Array.from({ length: Math.max(0, pages - 1) }, (_, at) => page(at + 2)));
            return [first, ...others].flatMap((part) => part.data);
        },
    });

export type TimelineEntry = Schemas["TimelineEntryView"];

/** What happened lately, of every kind but the points, which the events show already. */
export const useTimeline = (id: string) => useQuery({ queryKey: key(id, "timeline"), queryFn: async () => (await take(api.GET("/api/v1/leads/{id}/timeline", { params: { ...at(id), query: { limit: 8, kinds: "event,decision,task,deal,effect" } } }))).data });

export const useSignals = (id: string) => useQuery({ queryKey: key(id, "intents"), queryFn: () => walk((cursor) => take(api.GET("/api/v1/leads/{id}/intents", { params: { ...at(id), query: { limit: 100, cursor } } }))) });

export const useEvents = (id: string) =>
    useInfiniteQuery({
        queryKey: key(id, "events"),
        initialPageParam: undefined as string | undefined,
        queryFn: ({ pageParam }) => take(api.GET("/api/v1/leads/{id}/events", { params: { ...at(id), query: { limit: 25, cursor: pageParam } } })),
        getNextPageParam: (page) => page.pagination.next_cursor ?? undefined,
    });

const verdictKey = (id: string) => ["verdict", id];

/** What evaluating the lead said last, here and since the page was loaded. */
export function useVerdict(id: string): Decision | undefined {
    return useQuery<Decision>({ queryKey: verdictKey(id), queryFn: skipToken, staleTime: Number.POSITIVE_INFINITY }).data;
}

/** Evaluates the lead, and keeps what came of it: where nothing is routed, nothing is stored, and this is the only answer there is. */
export function useEvaluation(id: string, done: (decision: Decision) => Done) {
    const client = useQueryClient();
    const act = async () => {
        const decision = await evaluate(id);
        client.setQueryData(verdictKey(id), decision);
        return decision;
    };
    return useLeadAction(act, done);
}

interface Done {
    text: string;
    /** What came of it is no success by itself. */
    tone?: "success" | "info" | "warning";
}

export function useLeadAction<Answer>(act: () => Promise<Answer>, done: (answer: Answer) => Done) {
    const refresh = useReread("lead");
    const notify = useNotify();
    const translate = useTranslate();
    return useMutation({
        mutationFn: act,
        onSuccess: (answer) => {
            const { text, tone = "success" } = done(answer);
            notify(text, { type: tone });
        },
        onError: (error) => notify(sayError(error, translate), { type: "error" }),
        onSettled: refresh,
    });
}

const evaluate = (id: string) => take(api.POST("/api/v1/routing/evaluate/{leadId}", { params: { path: { leadId: id }, header: once() } }));
export const recalculate = (id: string) => take(api.POST("/api/v1/scoring/leads/{leadId}/recalculate", { params: { path: { leadId: id }, header: once() } }));
export const route = (lead: LeadDetails, body: Schemas["LeadsRouteInput"]) => take(api.POST("/api/v1/leads/{id}/route", { params: { ...at(lead.id), header: { ...ifMatch(lead.version), ...once() } }, body }));
export const change = (lead: LeadDetails, body: Schemas["LeadsUpdateInput"]) => take(api.PATCH("/api/v1/leads/{id}", { params: { ...at(lead.id), header: ifMatch(lead.version) }, body }));
