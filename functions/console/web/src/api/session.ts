// Who is signed in. The access token lives in memory only; what survives a reload is the HttpOnly refresh cookie, which no
// script can read. Several tabs share that cookie and every refresh replaces it, so they take turns.

export type Fetch = (input: Request) => Promise<Response>;

/** What login and refresh answer. */
export interface Grant {
    access_token: string;
    /** Seconds. */
    expires_in: number;
}

/** Refresh this much before the end, so that a request on its way does not meet it. */
const MARGIN_MS = 30_000;
/** Says that there may be a cookie; without it the first visit asks for nothing. */
const HINT = "lotse.signed-in";
const LOCK = "lotse.refresh";

export class Session {
    #token: string | null = null;
    #endsAt = 0;
    #refreshing: Promise<boolean> | null = null;
    #channel: BroadcastChannel | null = null;
    readonly #fetch: Fetch;
    readonly #now: () => number;
    /** The session that was there ended without anybody signing out: whoever is asked to sign in again is told why. */
    endedByItself = false;
    /** Told when the session is over for good, here or in another tab. */
    onEnd: () => void = () => {};

    constructor(fetch: Fetch, now: () => number = Date.now) {
        this.#fetch = fetch;
        this.#now = now;
        if (typeof BroadcastChannel !== "undefined") {
            this.#channel = new BroadcastChannel("lotse.session");
            this.#channel.onmessage = () => this.#forget();
        }
    }

    /** Whether a token is at hand or may be had. */
    get possible(): boolean {
        return this.#token !== null || localStorage.getItem(HINT) !== null;
    }

    start(grant: Grant): void {
        this.endedByItself = false;
        this.#token = grant.access_token;
        this.#endsAt = this.#now() + grant.expires_in * 1000;
        localStorage.setItem(HINT, "1");
    }

    /** The token to send now, refreshed if it is about to end; none when nobody is signed in. */
    async token(): Promise<string | null> {
        if (this.#token !== null && this.#now() < this.#endsAt - MARGIN_MS) return this.#token;
        if (!this.possible) return null;
        await this.refresh();
        return this.#token;
    }

    /** Gets a new token; calls meanwhile wait for the same answer. False when the session is over. */
    refresh(): Promise<boolean> {
        this.#refreshing ??= this.#inTurn(() => this.#exchange()).finally(() => {
            this.#refreshing = null;
        });
        return this.#refreshing;
    }

    /** Forgets everything and tells the other tabs. */
    end(): void {
        this.#channel?.postMessage("ended");
        this.#forget();
    }

    #forget(): void {
        this.#token = null;
        this.#endsAt = 0;
        localStorage.removeItem(HINT);
        this.onEnd();
    }

    async #exchange(): Promise<boolean> {
        const request = new Request(new URL("/api/v1/auth/refresh", location.origin), {
            method: "POST",
            credentials: "same-origin",
            // Only JSON is answered: a form of another site cannot send it.
            headers: { "content-type": "application/json" },
            body: "{}",
        });
        const answer = await this.#fetch(request);
        if (answer.ok) {
            this.start((await answer.json()) as Grant);
            return true;
        }
        // Anything but a refusal (a fault, too many requests) says nothing about the session, so it is kept for another try.
        if (answer.status === 400 || answer.status === 401 || answer.status === 403) {
            this.endedByItself = this.possible;
            this.end();
        }
        return false;
    }

    #inTurn<T>(work: () => Promise<T>): Promise<T> {
        const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
        return locks ? (locks.request(LOCK, work) as Promise<T>) : work();
    }
}
