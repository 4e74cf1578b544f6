// The one way to the API: paths, parameters and bodies are checked against the generated types.
import createClient, { type Middleware } from "openapi-fetch";
import { type ApiError, readProblem } from "./problem";
import type { components, paths } from "./schema";
import { Session } from "./session";

export type Schemas = components["schemas"];

export const session = new Session((request) => fetch(request));

/** Copies of requests on their way, to repeat one whose token turned out to be over: a body can be read once only. */
const copies = new Map<string, Request>();

/** Sends the token along; on a 401 it refreshes once and repeats the request once. */
export function authentication(session: Session, send: (request: Request) => Promise<Response>): Middleware {
    return {
        async onRequest({ request, id }) {
            const token = await session.token();
            if (token) request.headers.set("authorization", `Bearer ${token}`);
            copies.set(id, request.clone());
            return request;
        },
        async onResponse({ response, id }) {
            const copy = copies.get(id);
            copies.delete(id);
            // Login itself answers 401 to a wrong password: that is no session that ended.
            if (response.status !== 401 || !copy?.headers.has("authorization")) return undefined;
            if (!(await session.refresh())) return undefined;
            // An answer that nobody reads holds its connection until it is collected.
            await response.body?.cancel();
            const token = await session.token();
            copy.headers.set("authorization", `Bearer ${token}`);
            return send(copy);
        },
        onError({ id }) {
            copies.delete(id);
            return undefined;
        },
    };
}

export const api = createClient<paths>({
    baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
    // The address is looked up at every call: tests put their own in its place.
    fetch: (request) => fetch(request),
    querySerializer: { array: { style: "form", explode: true } },
});
api.use(authentication(session, (request) => fetch(request)));

type Answer<T> = { data?: T; error?: unknown; response: Response };

/**
 * The data of an answer; throws the problem as an `ApiError`. openapi-fetch has read the body of a refusal already. A list may also answer
 * with a file, which is text: whoever asks for one takes it with `takeText`.
 */
export async function take<T>(call: Promise<Answer<T>>): Promise<Exclude<T, string>> {
    const { data, error, response } = await call;
    if (response.ok) return data as Exclude<T, string>;
    throw await asError(error, response);
}

/** The text of an answer, as `take`. */
export async function takeText(call: Promise<Answer<unknown>>): Promise<string> {
    return String(await take(call));
}

async function asError(error: unknown, response: Response): Promise<ApiError> {
    const body = typeof error === "string" ? error : JSON.stringify(error ?? null);
    return readProblem(new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers }));
}

/** Headers that guard a change against one that somebody else made meanwhile. */
export function ifMatch(version: number | undefined): { "If-Match"?: string } {
    return version === undefined ? {} : { "If-Match": `"${version}"` };
}

/** Headers that make a repeated click harmless. */
export function once(key: string = crypto.randomUUID()): { "Idempotency-Key": string } {
    return { "Idempotency-Key": key };
}
