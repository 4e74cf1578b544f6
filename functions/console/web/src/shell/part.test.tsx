import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { type ComponentType, Suspense } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askForPartsAgain, fetchPart, part, PartMissing, type Surroundings } from "./part";

const gone = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));

function surroundings(online = true) {
    const kept = new Map<string, string>();
    const reload = vi.fn();
    const around: Surroundings = { online: () => online, wait: async () => {}, reload, marks: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) } };
    return { around, reload };
}

describe("a part that cannot be loaded", () => {
    it("is asked for again", async () => {
        const { around, reload } = surroundings();
        const load = vi.fn().mockImplementationOnce(gone).mockImplementationOnce(gone).mockResolvedValue("board");
        expect(await fetchPart(load, around)).toBe("board");
        expect(reload).not.toHaveBeenCalled();
    });

    it("has the page loaded anew, once", async () => {
        const { around, reload } = surroundings();
        void fetchPart(gone, around);
        await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(1));
        await expect(fetchPart(gone, around)).rejects.toBeInstanceOf(PartMissing);
        expect(reload).toHaveBeenCalledTimes(1);
    });

    it("may have the page loaded anew again after the next release", async () => {
        const { around, reload } = surroundings();
        void fetchPart(gone, around);
        await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(1));
        await fetchPart(async () => "board", around);
        void fetchPart(gone, around);
        await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(2));
    });

    it("leaves the page alone without a connection", async () => {
        const { around, reload } = surroundings(false);
        await expect(fetchPart(gone, around)).rejects.toBeInstanceOf(PartMissing);
        expect(reload).not.toHaveBeenCalled();
    });
});

describe("shown", () => {
    beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => {}));
    afterEach(cleanup);

    it("fails once, and comes when it is asked for again", async () => {
        const load = vi.fn<() => Promise<{ default: ComponentType }>>().mockImplementation(gone);
        const Board = part(load, () => surroundings(false).around);
        await act(async () => void render(
            <ErrorBoundary onReset={askForPartsAgain} fallbackRender={({ resetErrorBoundary, error }) => <button onClick={resetErrorBoundary}>{error.name}</button>}>
                <Suspense fallback="…">
                    <Board />
                </Suspense>
            </ErrorBoundary>,
        ));
        expect((await screen.findByRole("button")).textContent).toBe("PartMissing");
        expect(load).toHaveBeenCalledTimes(3);
        load.mockResolvedValue({ default: () => <h1>Board</h1> });
        await act(async () => fireEvent.click(screen.getByRole("button")));
        expect((await screen.findByRole("heading")).textContent).toBe("Board");
        expect(load).toHaveBeenCalledTimes(4);
    });
});
