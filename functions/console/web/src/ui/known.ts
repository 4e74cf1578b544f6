// What nearly every page needs to know: the team, the pipelines, how routing is set, and what the person may do. Read once and kept.
import { useQuery } from "@tanstack/react-query";
import { usePermissions } from "ra-core";
import { useMemo } from "react";
import { api, take, type Schemas } from "../api/client";
import { knownZone } from "../i18n/zone";
import { allows, me } from "../providers/me";

const MINUTES = 60_000;

export function useTeam() {
    const { data } = useQuery({
        queryKey: ["team", "all"],
        queryFn: async () => (await take(api.GET("/api/v1/team", { params: { query: { limit: 100 } } }))).data,
        staleTime: 5 * MINUTES,
    });
    return useMemo(() => {
        const byId = new Map(data?.map((member) => [member.id, member]));
        return { members: data ?? [], active: data?.filter((member) => member.active) ?? [], nameOf: (id: string | null | undefined) => (id ? (byId.get(id)?.name ?? null) : null) };
    }, [data]);
}

export type Pipeline = Schemas["PipelineView"];
export type Stage = Schemas["StageView"];

export function usePipelines() {
    const { data, error, refetch } = useQuery({
        queryKey: ["pipelines", "all"],
        queryFn: async () => (await take(api.GET("/api/v1/pipelines", { params: { query: { limit: 100 } } }))).data,
        staleTime: 5 * MINUTES,
    });
    return useMemo(() => {
        const byId = new Map(data?.map((pipeline) => [pipeline.id, pipeline]));
        const stages = new Map(data?.flatMap((pipeline) => pipeline.stages.map((stage) => [stage.id, stage] as const)));
        return {
            pipelines: data,
            error,
            refetch,
            pipeline: (id: string | null | undefined) => (id ? byId.get(id) : undefined),
            stage: (id: string | null | undefined) => (id ? stages.get(id) : undefined),
        };
    }, [data, error, refetch]);
}

export function useRoutingConfig() {
    return useQuery({ queryKey: ["routing", "config"], queryFn: () => take(api.GET("/api/v1/routing/config")), staleTime: 5 * MINUTES });
}

/** The score that a lead is hot from: the tenant may have set it. */
export function useHotFrom(): number {
    return useRoutingConfig().data?.tiers.find((tier) => tier.name === "hot")?.min_score ?? 40;
}

/** `may("leads", "write")`: what is not allowed is not offered. */
export function useMay() {
    const { permissions } = usePermissions<string[]>();
    return (area: string, action: "read" | "write") => allows(permissions ?? [], area, action);
}

export function useMe() {
    return useQuery({ queryKey: ["me"], queryFn: me, staleTime: Number.POSITIVE_INFINITY }).data;
}

/** The zone of the person, else of their company. None is the browser's: until it is known who one is, or where this browser lacks the zone. */
export function useZone(): string | undefined {
    const me = useMe();
    return knownZone(me?.member?.zone ?? me?.tenant.zone);
}
