// Who is signed in and what they may do. Asked once per sign-in.
import { api, session, take, type Schemas } from "../api/client";

export type Me = Schemas["AuthMeOutput"];

let asked: Promise<Me> | null = null;

export function me(): Promise<Me> {
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

/** The area whose scopes guard a page or a resource. */
export const AREA_OF: Record<string, string> = { board: "deals", dashboard: "leads" };

export async function canAccess(resource: string, action: string): Promise<boolean> {
    if (!session.possible) return false;
    const { scopes } = await me();
    return allows(scopes, AREA_OF[resource] ?? resource, action);
}
