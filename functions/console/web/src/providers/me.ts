// Who is signed in and what they may do. It comes with the token; asked for only where it did not.
import { api, session, take, type Schemas } from "../api/client";

export type Me = Schemas["AuthMeOutput"];

let asked: Promise<Me> | null = null;

export function me(): Promise<Me> {
    asked ??= read().catch((error: unknown) => {
        asked = null;
        throw error;
    });
    return asked;
}

async function read(): Promise<Me> {
    // Without a token that is refreshed first, and that answers it.
    await session.token();
    return session.takeMe() ?? take(api.GET("/api/v1/auth/me"));
}

export function forgetMe(): void {
    asked = null;
}

/** Whether the scopes allow it: `write` for whatever changes something, `read` for the rest. */
export function allows(scopes: readonly string[], area: string, action: string): boolean {
    const verb = ["list", "show", "read", "export"].includes(action) ? "read" : "write";
    return scopes.includes(`${area}:${verb}`);
}
