import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../api/problem";
import { type Change, forgetChanges, fought, useChange, versionFor, withFields } from "./change";
import { Clashes } from "./clashes";
import { forgetNotices, Notices } from "./notify";
import { forgetUndo, UNDO_MS, undoLast, useUndoKey } from "./undo";

interface Deal {
    id: string;
    version: number;
    name: string;
    owner_id: string | null;
}

const deal: Deal = { id: "d", version: 3, name: "Lab", owner_id: null };
const stale = () => new ApiError({ type: "urn:lotse:problem:stale", title: "", status: 412, detail: "" });
let client: QueryClient;
let change: <R extends Deal>(change: Change<R>) => Promise<R | null>;
const shown = () => client.getQueryData<Deal>(["deal", "d"])!;

function Page() {
    change = useChange("deal") as typeof change;
    useUndoKey();
    return <input aria-label="note" />;
}

beforeEach(() => {
    client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    client.setQueryData(["deal", "d"], deal);
    client.setQueryData(["board", "p"], { columns: [{ deals: [deal, { id: "e", name: "Gym" }] }] });
    render(
        <QueryClientProvider client={client}>
            <Page />
            <Notices />
            <Clashes />
        </QueryClientProvider>,
    );
});
afterEach(() => {
    cleanup();
    forgetChanges();
    forgetUndo();
    forgetNotices();
    vi.useRealTimers();
});

const base = { record: deal, fields: { owner_id: "m" }, said: "done" };

it("shows at once, everywhere it is shown, before there is an answer", async () => {
    let answer = (_: Deal) => {};
    const changing = change({ ...base, send: () => new Promise<Deal>((done) => (answer = done)) });
    await waitFor(() => expect(shown().owner_id).toBe("m"));
    expect(client.getQueryData(["board", "p"])).toEqual({ columns: [{ deals: [{ ...deal, owner_id: "m" }, { id: "e", name: "Gym" }] }] });
    await waitFor(() => expect(answer).not.toBeUndefined());
    await act(async () => {
        await Promise.resolve();
        answer({ ...deal, owner_id: "m", version: 4 });
        await changing;
    });
    expect(shown().version).toBe(4);
});

it("is taken back by Ctrl+Z with the version that the change brought, once", async () => {
    const undo = vi.fn(async (version: number, was: Partial<Deal>) => ({ ...deal, ...was, version: version + 1 }));
    await act(() => change({ ...base, send: async (version) => ({ ...deal, owner_id: "m", version: version + 1 }), undo }));
    screen.getByRole("button", { name: "Undo" });
    // Where one writes, the key belongs to the text.
    fireEvent.keyDown(screen.getByLabelText("note"), { key: "z", ctrlKey: true });
    expect(undo).not.toHaveBeenCalled();
    fireEvent.keyDown(document.body, { key: "z", ctrlKey: true });
    await waitFor(() => expect(undo).toHaveBeenCalledWith(4, { owner_id: null }));
    await screen.findByText("Undone");
    expect(shown()).toMatchObject({ owner_id: null, version: 5 });
    expect(undoLast()).toBe(false);
});

it("is taken back by its button, and not any more when its time is over", async () => {
    const undo = vi.fn(async () => deal);
    const send = async (version: number) => ({ ...deal, version: version + 1 });
    await act(() => change({ ...base, send, undo }));
    fireEvent.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(undo).toHaveBeenCalledOnce());
    await act(() => change({ ...base, send, undo }));
    expect(undoLast(Date.now() + UNDO_MS + 1)).toBe(false);
});

it("is taken back by its button as long as that stands, also when Ctrl+Z does nothing any more", async () => {
    const undo = vi.fn(async () => deal);
    await act(() => change({ ...base, send: async () => ({ ...deal, version: 4 }), undo }));
    expect(undoLast(Date.now() + UNDO_MS + 1)).toBe(false);
    fireEvent.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(undo).toHaveBeenCalledOnce());
});

it("takes nothing back behind a dialog", async () => {
    const undo = vi.fn(async () => deal);
    await act(() => change({ ...base, send: async () => ({ ...deal, version: 4 }), undo }));
    const dialog = document.body.appendChild(document.createElement("div"));
    dialog.className = "MuiModal-root";
    fireEvent.keyDown(document.body, { key: "z", ctrlKey: true });
    dialog.remove();
    expect(undo).not.toHaveBeenCalled();
    fireEvent.keyDown(document.body, { key: "z", ctrlKey: true });
    await waitFor(() => expect(undo).toHaveBeenCalledOnce());
});

it("puts back what was refused, and says why", async () => {
    await act(() => change({ ...base, send: () => Promise.reject(new ApiError({ type: "urn:lotse:problem:invalid", title: "", status: 400, detail: "", errors: [{ pointer: "/owner_id", code: "unheard_of", detail: "Choose somebody." }] })) }));
    expect(shown().owner_id).toBeNull();
    await screen.findByText(/Choose somebody/);
});

it("sends a second change with the version the first one brought, also where the page has not read it yet", async () => {
    const versions: number[] = [];
    const send = async (version: number) => {
        versions.push(version);
        return { ...deal, version: version + 1 };
    };
    await act(() => Promise.all([change({ ...base, send }), change({ ...base, fields: { name: "X" }, send })]));
    expect(versions).toEqual([3, 4]);
});

const fieldwise = (theirs: Partial<Deal>) => ({ read: async () => ({ ...deal, version: 7, ...theirs }), label: (field: string) => `Field ${field}`, show: (_: string, value: unknown) => `<${String(value)}>` });

it("adds itself to what somebody else wrote into other fields", async () => {
    const versions: number[] = [];
    const send = async (version: number) => {
        versions.push(version);
        if (version < 7) throw stale();
        return { ...deal, name: "Theirs", owner_id: "m", version: 8 };
    };
    await act(() => change({ ...base, send, fieldwise: fieldwise({ name: "Theirs" }) }));
    expect(versions).toEqual([3, 7]);
    expect(screen.queryByRole("alertdialog")).toBeNull();
});

it("asks, field by field, where both wrote into the same, and writes over it only when told to", async () => {
    const versions: number[] = [];
    const send = async (version: number) => {
        versions.push(version);
        if (version < 7) throw stale();
        return { ...deal, owner_id: "m", version: 8 };
    };
    await act(() => change({ ...base, send, fieldwise: fieldwise({ owner_id: "other" }) }));
    const dialog = await screen.findByRole("alertdialog");
    expect(dialog.textContent).toContain("Field owner_id");
    expect(screen.getAllByRole("definition").map((one) => one.textContent)).toEqual(["<other>", "<m>"]);
    expect(versions).toEqual([3]);
    fireEvent.click(screen.getByRole("button", { name: "Use mine" }));
    await waitFor(() => expect(versions).toEqual([3, 7]));
});

it("takes nothing back over what somebody else wrote since", async () => {
    const versions: number[] = [];
    const undo = vi.fn(async (version: number) => {
        versions.push(version);
        throw stale();
    });
    await act(() => change({ ...base, send: async (version) => ({ ...deal, owner_id: "m", version: version + 1 }), undo }));
    // They made 5 of it; our next change is added to theirs and makes 6.
    await act(() => change({ record: { ...deal, version: 5 }, fields: { name: "X" }, said: "done", send: async (version) => ({ ...deal, name: "X", version: version + 1 }) }));
    expect([versionFor("d", 3), versionFor("d", 4), versionFor("d", 5)]).toEqual([3, 4, 6]);
    undoLast();
    await waitFor(() => expect(versions).toEqual([4]));
    await screen.findByText(/Somebody has changed this/);
});

it("fights over no name that only stands beside what was changed", async () => {
    const send = async (version: number) => {
        if (version < 7) throw stale();
        return { ...deal, version: 8 };
    };
    const show = vi.fn(String);
    await act(() => change({ ...base, beside: { name: "Shown" }, send, fieldwise: { ...fieldwise({ owner_id: "other", name: "Theirs" }), show: (_, value) => show(value) } }));
    await screen.findByRole("alertdialog");
    expect(show.mock.calls.map(([value]) => value)).toEqual(["other", "m"]);
});

it("only what both changed to something different is a conflict", () => {
    expect(fought({ a: 1, b: 1, c: 1 }, { a: 2, b: 2, c: 2 }, { a: 1, b: 2, c: 3 })).toEqual(["c"]);
});

it("a tree without the record stays the very same", () => {
    const tree = { data: [{ id: "a", list: [{ id: "b" }] }] };
    expect(withFields(tree, "z", { name: "x" })).toBe(tree);
    const made = withFields(tree, "b", { name: "x" }) as typeof tree;
    expect(made.data[0]!.list).toEqual([{ id: "b", name: "x" }]);
    expect(tree.data[0]!.list).toEqual([{ id: "b" }]);
});
