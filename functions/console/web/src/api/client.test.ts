import createClient from "openapi-fetch";
import { beforeEach, describe, expect, it } from "vitest";
import { authentication, ifMatch, take } from "./client";
import { ApiError } from "./problem";
import type { paths } from "./schema";
import { Session } from "./session";

/** A server that believes one token, and refreshes to it as long as it may. */
function world(believed: string, { refreshable = true } = {}) {
    const seen: { path: string; token: string | null; body: string }[] = [];
    const server = async (request: Request): Promise<Response> => {
        const path = new URL(request.url).pathname;
        const token = request.headers.get("authorization");
        seen.push({ path, token, body: await request.text() });
        if (path === "/api/v1/auth/refresh") return refreshable ? Response.json({ access_token: believed, expires_in: 900 }) : Response.json({}, { status: 401 });
        if (token === `Bearer ${believed}`) return Response.json({ id: "1", version: 2 });
        return Response.json({ type: "urn:lotse:problem:unauthenticated", title: "Not signed in", status: 401, detail: "The token is over." }, { status: 401 });
    };
    const session = new Session(server);
    const api = createClient<paths>({ baseUrl: "http://localhost", fetch: server });
    api.use(authentication(session, server));
    return { api, session, seen };
}

describe("the client", () => {
    beforeEach(() => localStorage.clear());

    it("refreshes on a 401 and repeats the request with its body, once", async () => {
        const { api, session, seen } = world("good");
        session.start({ access_token: "old", expires_in: 900 });
        const body = { stage_id: "s" };
        const moved = await take(api.POST("/api/v1/deals/{id}/move", { params: { path: { id: "d" }, header: ifMatch(1) }, body }));
        expect(moved.version).toBe(2);
        expect(seen.map(({ path, token }) => [path, token])).toEqual([
            ["/api/v1/deals/d/move", "Bearer old"],
            ["/api/v1/auth/refresh", null],
            ["/api/v1/deals/d/move", "Bearer good"],
        ]);
        expect(seen[2]?.body).toBe(JSON.stringify(body));
    });

    it("gives up when the session is over", async () => {
        const { api, session, seen } = world("good", { refreshable: false });
        session.start({ access_token: "old", expires_in: 900 });
        await expect(take(api.GET("/api/v1/leads/{id}", { params: { path: { id: "1" } } }))).rejects.toMatchObject({ status: 401, kind: "unauthenticated" });
        expect(seen).toHaveLength(2);
    });

    it("does not take a wrong password for an ended session", async () => {
        const { api, seen } = world("good");
        const answer = take(api.POST("/api/v1/auth/login", { body: { email: "a@b.example", password: "x" } }));
        await expect(answer).rejects.toBeInstanceOf(ApiError);
        expect(seen.map(({ path }) => path)).toEqual(["/api/v1/auth/login"]);
    });
});
