// Who is signed in and what they may do. Asked once per sign-in.
import { api, session, take, type Schemas } from "../api/client";

export type Me = Schemas["AuthMeOutput"];

let asked: Promise<Me> | null = null;

// Whoever refreshes the session is told who that is, too.
session.onGrant = ({ me }) => {
    if (me) asked = Promise.resolve(me as Me);
};

export async function me(): Promise<Me> {
    await session.token().catch(() => null);
    asked ??= take(api.GET("/api/v1/auth/me")).catch((error: unknown) => {
        asked = null;
        throw error;
    });
    return asked;
}

export function forgetMe(): void {
    asked = null;
}

/** Whether the scopes allow it: `write` for whatever changes something, `read` for the rest. */
export function allows(scopes: readonly string[], area: string, action: string): boolean {
    const verb = ["list", "show", "read", "export"].includes(action) ? "read" : "write";
    return scopes.includes(`${area}:${verb}`);
}
