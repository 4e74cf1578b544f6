import { beforeEach, describe, expect, it, vi } from "vitest";
import { Session } from "./session";

const grant = (token: string, seconds = 900) => new Response(JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: seconds }));
const refusal = (status: number) => new Response("{}", { status });

describe("a session", () => {
    beforeEach(() => localStorage.clear());

    it("asks nobody when there never was one", async () => {
        const fetch = vi.fn();
        expect(await new Session(fetch).token()).toBeNull();
        expect(fetch).not.toHaveBeenCalled();
    });

    it("keeps the token in memory only", async () => {
        const session = new Session(vi.fn());
        session.start({ access_token: "secret-token", expires_in: 900 });
        expect(await session.token()).toBe("secret-token");
        expect(JSON.stringify({ ...localStorage })).not.toContain("secret-token");
    });

    it("refreshes once for all who ask at the same time", async () => {
        localStorage.setItem("lotse.signed-in", "1");
        const fetch = vi.fn(async () => grant("fresh"));
        const session = new Session(fetch);
        expect(await Promise.all([session.token(), session.token(), session.token()])).toEqual(["fresh", "fresh", "fresh"]);
        expect(fetch).toHaveBeenCalledTimes(1);
    });

    it("refreshes before the token ends, not after", async () => {
        let now = 0;
        const fetch = vi.fn(async () => grant("second"));
        const session = new Session(fetch, () => now);
        session.start({ access_token: "first", expires_in: 900 });
        now = 869_000;
        expect(await session.token()).toBe("first");
        now = 871_000;
        expect(await session.token()).toBe("second");
    });

    it("ends when the refresh is refused, and says so once", async () => {
        localStorage.setItem("lotse.signed-in", "1");
        const session = new Session(async () => refusal(401));
        session.onEnd = vi.fn();
        expect(await session.refresh()).toBe(false);
        expect(session.onEnd).toHaveBeenCalledTimes(1);
        expect(session.possible).toBe(false);
        expect(session.endedByItself).toBe(true);
    });

    it("that somebody signs out of did not end by itself", () => {
        const session = new Session(vi.fn());
        session.start({ access_token: "t", expires_in: 900 });
        session.end();
        expect(session.endedByItself).toBe(false);
        expect(session.possible).toBe(false);
    });

    it.each([429, 500, 503])("stays when the refresh meets a fault (%i)", async (status) => {
        localStorage.setItem("lotse.signed-in", "1");
        const session = new Session(async () => refusal(status));
        session.onEnd = vi.fn();
        expect(await session.refresh()).toBe(false);
        expect(session.onEnd).not.toHaveBeenCalled();
        expect(session.possible).toBe(true);
    });
});
