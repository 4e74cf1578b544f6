// The next step of every deal at once, for boards: the first open task of each.
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { api, take } from "../../api/client";
import { useMay } from "../../ui/known";
import type { Task } from "./changes";

const PAGE = 100;
/** So many pages of open tasks are read. A company with more has its most urgent ones shown. */
const MOST_PAGES = 5;

interface Open {
    tasks: Task[];
    /** There are more than were read: a deal without one here may have one. */
    cut: boolean;
}

async function readOpen(): Promise<Open> {
    const page = (number: number) => take(api.GET("/api/v1/tasks", { params: { query: { status: "open", sort: "due_at", limit: PAGE, page: number } } }));
    const first = await page(1);
    const pages = first.pagination.total_pages;
    const others = await Promise.all(Array.from({ length: Math.max(0, Math.min(pages, MOST_PAGES) - 1) }, (_, at) => page(at + 2)));
    return { tasks: [first, ...others].flatMap(({ data }) => data), cut: pages > MOST_PAGES };
}

/** The first of each deal: tasks come by when they are due, those without a date last. */
export function firstOf(tasks: readonly Task[]): Map<string, Task> {
    const first = new Map<string, Task>();
    for (const task of tasks) if (task.deal_id && task.status === "open" && !first.has(task.deal_id)) first.set(task.deal_id, task);
    return first;
}

/** A deal's next step; null where there is none, and nothing as long as it is not known. */
export function useNextSteps(): (deal: string) => Task | null | undefined {
    const may = useMay();
    const { data } = useQuery({ queryKey: ["tasks", "next"], queryFn: readOpen, enabled: may("tasks", "read"), staleTime: 30_000 });
    const first = useMemo(() => data && firstOf(data.tasks), [data]);
    return useCallback((deal) => first && (first.get(deal) ?? (data?.cut ? undefined : null)), [first, data?.cut]);
}
