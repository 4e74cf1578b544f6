import { onlineManager, QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, expect, it, vi } from "vitest";
import { reread } from "./reread";

afterEach(() => onlineManager.setOnline(true));

/** Something that is shown, and has been read. */
async function shown(client: QueryClient, queryKey: string[]) {
    const read = vi.fn(async () => "read");
    new QueryObserver(client, { queryKey, queryFn: read }).subscribe(() => {});
    await vi.waitFor(() => expect(client.getQueryData(queryKey)).toBe("read"));
    return read;
}

it("reads again what shows the record, and nothing else", async () => {
    const client = new QueryClient();
    const reads = await Promise.all([["lead", "1", "timeline"], ["tasks", "list"], ["pipelines", "all"]].map((key) => shown(client, key)));
    await reread(client, "task");
    expect(reads.map((read) => read.mock.calls.length)).toEqual([2, 2, 1]);
});

it("does not wait for a connection", async () => {
    const client = new QueryClient();
    client.mount();
    const tasks = await shown(client, ["tasks", "list"]);
    onlineManager.setOnline(false);
    await reread(client, "task");
    expect(tasks).toHaveBeenCalledTimes(1);
    onlineManager.setOnline(true);
    await vi.waitFor(() => expect(tasks).toHaveBeenCalledTimes(2));
});
