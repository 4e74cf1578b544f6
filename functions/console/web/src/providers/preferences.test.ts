import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { session } from "../api/client";
import { useLanguage } from "./i18n";
import { changeOf, flushPreferences, settingsOf, useKeptPreferences } from "./preferences";
import { rereadStored, useStored } from "./store";

describe("a setting", () => {
    it.each([
        ["appearance", "dark", { theme: "dark", defaults: { appearance: "chosen" } }],
        ["appearance", "system", { theme: "system", defaults: { appearance: "chosen" } }],
        ["leads.columns", [{ field: "tier", width: 90 }], { columns: { leads: [{ field: "tier", width: 90 }] } }],
        ["leads.facts", [{ field: "tags" }], { defaults: { "leads.facts": [{ field: "tags" }] } }],
        ["leads.default", { id: "v" }, null],
        ["else", 1, null],
    ])("%s is kept as the server has it, and comes back", (key, value, expected) => {
        const change = changeOf(key, value);
        expect(change).toEqual(expected);
        const kept = { version: 1, theme: "system", columns: {}, defaults: {}, ...change } as never;
        if (change) expect(settingsOf(kept)).toContainEqual([key, value]);
    });

    it("of columns alone says nothing of the appearance", () => expect(settingsOf({ version: 1, theme: "system", columns: {}, defaults: {} })).toEqual([]));

    it("from before columns had widths goes up as the server has it", () => expect(changeOf("leads.columns", ["tier"])).toEqual({ columns: { leads: [{ field: "tier" }] } }));

    it("is not undone by a server that knows of none", () => expect(settingsOf({ version: 0, theme: "system", columns: {}, defaults: {} })).toEqual([]));
});

describe("somebody's settings", () => {
    const changes: unknown[] = [];
    let kept: object;
    let reads = 0;
    let fails = false;
    beforeEach(() => {
        changes.length = 0;
        reads = 0;
        fails = false;
        kept = { version: 3, theme: "dark", language: "de", columns: { leads: [{ field: "country" }] }, defaults: { language: "chosen" } };
        localStorage.clear();
        rereadStored();
        session.start({ access_token: "t", expires_in: 900 });
        vi.stubGlobal("fetch", async (request: Request) => {
            if (request.method === "PATCH" && fails) throw new TypeError("cut");
            if (request.method === "PATCH") changes.push(await request.clone().json());
            else reads += 1;
            return Response.json(kept);
        });
    });
    afterEach(() => {
        cleanup();
        vi.unstubAllGlobals();
    });
    const show = (member: string | undefined) =>
        renderHook(() => {
            useKeptPreferences(member);
            return { mode: useStored("appearance", "system"), columns: useStored<unknown>("leads.columns", null), language: useLanguage() };
        }).result;

    it("come with them to another browser, and go back when they change", async () => {
        const here = show("m1");
        await waitFor(() => expect(here.current.mode[0]).toBe("dark"));
        expect(here.current.columns[0]).toEqual([{ field: "country" }]);
        expect(here.current.language[0]).toBe("de");
        // What came from there does not go back.
        expect(changes).toEqual([]);
        act(() => here.current.mode[1]("light"));
        act(() => here.current.language[1]("en"));
        await waitFor(() => expect(changes).toEqual([{ theme: "light", language: "en", defaults: { appearance: "chosen", language: "chosen" } }]));
    });

    it("are asked for once, and anew for somebody else", async () => {
        show("m1");
        await waitFor(() => expect(localStorage.getItem("lotse.preferences")).toContain("m1"));
        cleanup();
        show("m1");
        expect(reads).toBe(1);
        cleanup();
        show("m2");
        await waitFor(() => expect(localStorage.getItem("lotse.preferences")).toContain("m2"));
        expect(reads).toBe(2);
    });

    it("go up when the server knows of none yet", async () => {
        kept = { version: 0, theme: "system", language: "de", columns: {}, defaults: {} };
        localStorage.setItem("lotse.set.leads.columns", JSON.stringify([{ field: "tier" }]));
        rereadStored();
        show("m1");
        await waitFor(() => expect(changes).toHaveLength(1));
        expect(changes[0]).toMatchObject({ columns: { leads: [{ field: "tier" }] } });
    });

    it("are neither shown to nor kept for the next person in this browser", async () => {
        localStorage.setItem("lotse.preferences", JSON.stringify({ member: "m1", at: Date.now(), dirty: ["leads.columns"] }));
        localStorage.setItem("lotse.set.leads.columns", JSON.stringify([{ field: "tier" }]));
        localStorage.setItem("lotse.language", "de");
        rereadStored();
        kept = { version: 0, theme: "system", language: "de", columns: {}, defaults: {} };
        const here = show("m2");
        await waitFor(() => expect(reads).toBe(1));
        expect(here.current.columns[0]).toBeNull();
        expect(localStorage.getItem("lotse.language")).toBeNull();
        await act(() => flushPreferences());
        expect(changes).toEqual([]);
    });

    it("that could not be kept are kept later, and not overwritten meanwhile", async () => {
        const here = show("m1");
        await waitFor(() => expect(here.current.mode[0]).toBe("dark"));
        fails = true;
        act(() => here.current.mode[1]("light"));
        await act(() => flushPreferences());
        cleanup();
        fails = false;
        const again = show("m1");
        await waitFor(() => expect(changes).toEqual([{ theme: "light", defaults: { appearance: "chosen" } }]));
        expect(again.current.mode[0]).toBe("light");
    });

    it("are not asked for before it is known who it is", () => {
        show(undefined);
        expect(reads).toBe(0);
    });

    it("leave the language to the browser where none was chosen", async () => {
        kept = { ...kept, language: "de", defaults: {} };
        const here = show("m1");
        const before = here.current.language[0];
        await waitFor(() => expect(here.current.mode[0]).toBe("dark"));
        expect(here.current.language[0]).toBe(before);
    });
});
