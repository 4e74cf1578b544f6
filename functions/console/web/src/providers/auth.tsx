// Signing in, staying signed in, and leaving.
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useEffect, useRef } from "react";
import { Navigate, useLocation, useNavigate } from "react-router-dom";
import { api, session, take } from "../api/client";
import { allows, forgetMe } from "./me";
import { flushPreferences } from "./preferences";
import { forgetDefaults } from "./store";
import { mayReturn, signedIn, signedOut } from "./traces";
import { Denied } from "../shell/states";
import { useMe } from "../ui/known";

export interface Credentials {
    email: string;
    password: string;
    tenant?: string;
}

/** Where somebody was when they were asked to sign in. */
interface From {
    from?: string;
}

const LOGIN = "/login";

/** Signs in and goes on: where one was before the session ended or where a link led, else to the start. */
export function useSignIn(): (given: Credentials) => Promise<void> {
    const client = useQueryClient();
    const navigate = useNavigate();
    const { state } = useLocation();
    // What was read belongs to whoever read it. By now nothing shows it any more.
    useEffect(() => client.clear(), [client]);
    return async (given) => {
        const returns = mayReturn(given.email);
        const grant = await take(api.POST("/api/v1/auth/login", { body: given }));
        forgetMe();
        signedIn(given.email);
        session.start(grant);
        void navigate(returns ? ((state as From | null)?.from ?? "/") : "/", { replace: true });
    };
}

/** Signs out by one's own will: no message, and no way back to this page. */
export function useSignOut(): () => Promise<void> {
    const navigate = useNavigate();
    return useCallback(async () => {
        session.onEnd = () => {};
        // What was set last is still theirs; nobody waits long for it.
        await Promise.race([flushPreferences(), new Promise((done) => setTimeout(done, 2000))]);
        signedOut();
        forgetMe();
        // Whatever the API says: in this browser the session is over. The refresh token dies with its own time at the latest.
        if (session.possible) await api.POST("/api/v1/auth/logout", { body: {} }).catch(() => undefined);
        session.end();
        // A list that still stood may have kept its view once more.
        forgetDefaults();
        void navigate(LOGIN);
    }, [navigate]);
}

/** When the session ends by itself, the person signs in again and comes back to the page they were on. The sign-in page says why. */
export function useSessionWatch(): void {
    const navigate = useNavigate();
    const { pathname, search } = useLocation();
    const here = useRef("");
    here.current = pathname + search;
    useEffect(() => {
        session.onEnd = () => {
            forgetMe();
            // Perhaps they signed out in another tab: what a list shows at first is read anew.
            forgetDefaults();
            void navigate(LOGIN, { state: { from: here.current } satisfies From });
        };
        // It may have ended before anybody listened: it is refreshed while the page begins.
        if (!session.possible) session.onEnd();
        return () => {
            session.onEnd = () => {};
        };
    }, [navigate]);
}

/** Only for those who are signed in. Nothing waits for an answer: what is asked for within waits for the token by itself. */
export function SignedIn({ children }: { children: ReactNode }) {
    const { pathname, search } = useLocation();
    if (!session.possible) return <Navigate to={LOGIN} replace state={{ from: pathname + search } satisfies From} />;
    return children;
}

/** A page that needs a right. It begins to read before that is known; the API refuses what is not allowed anyway. */
export function Allowed({ area, children }: { area: string; children: ReactNode }) {
    const me = useMe();
    return me && !allows(me.scopes, area, "read") ? <Denied /> : children;
}
