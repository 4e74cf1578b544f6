import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { session } from "../api/client";
import { useLanguage } from "./i18n";
import { changeOf, settingsOf, useKeptPreferences } from "./preferences";
import { rereadStored, useStored } from "./store";

describe("a setting", () => {
    it.each([
        ["appearance", "dark", { theme: "dark" }],
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

    it("is not undone by a server that knows of none", () => expect(settingsOf({ version: 0, theme: "system", columns: {}, defaults: {} })).toEqual([]));
});

describe("somebody's settings", () => {
    const changes: unknown[] = [];
    let kept: object;
    let reads = 0;
    beforeEach(() => {
        changes.length = 0;
        reads = 0;
        kept = { version: 3, theme: "dark", language: "de", columns: { leads: [{ field: "country" }] }, defaults: { language: "chosen" } };
        localStorage.clear();
        rereadStored();
        session.start({ access_token: "t", expires_in: 900 });
        vi.stubGlobal("fetch", async (request: Request) => {
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
        await waitFor(() => expect(changes).toEqual([{ theme: "light" }, { language: "en", defaults: { language: "chosen" } }]));
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
