// Signing in, staying signed in, and what a person may do: react-admin's auth provider over the auth functions.
import type { AuthProvider } from "ra-core";
import { ApiError } from "../api/problem";
import { api, session, take } from "../api/client";
import { canAccess, forgetMe, me } from "./me";
import { signedIn } from "./traces";

export const authProvider: AuthProvider = {
    async login({ email, password, tenant }: { email: string; password: string; tenant?: string }) {
        const grant = await take(api.POST("/api/v1/auth/login", { body: { email, password, tenant } }));
        forgetMe();
        signedIn(email);
        session.start(grant);
    },

    /** Also called when the session has ended by itself; then there is nothing to revoke. */
    async logout() {
        forgetMe();
        if (!session.possible) return;
        // Whatever the API says: in this browser the session is over. The refresh token dies with its own time at the latest.
        await api.POST("/api/v1/auth/logout", { body: {} }).catch(() => undefined);
        session.end();
    },

    async checkAuth() {
        // Without a message of its own: an ended session says so itself, and a first visit is no error.
        if (!session.possible || (await session.token()) === null) throw Object.assign(new Error(), { message: false });
    },

    async checkError(error: unknown) {
        // The client has tried to refresh before it let a 401 through, so the session is over.
        if (error instanceof ApiError && error.status === 401) throw Object.assign(new Error(), { message: false });
    },

    async getIdentity() {
        // An API key or a person of an identity provider has no member; the page then shows the tenant's name.
        const { member, tenant } = await me();
        return { id: member?.id ?? "", fullName: member?.name ?? tenant.name, email: member?.email ?? "", role: member?.role };
    },

    async getPermissions() {
        return (await me()).scopes;
    },

    async canAccess({ resource, action }) {
        return canAccess(resource, action);
    },
};
