// What the API says when it refuses (RFC 9457), and how that reaches the field and the person.
import { sayFault, sayFaultAway } from "./fault";
import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"] & { code?: string; matches?: unknown };
export type Fault = NonNullable<Problem["errors"]>[number];

/** Problem types that the console says in the person's language. */
export const KNOWN_PROBLEMS = [
    "conflict",
    "forbidden",
    "internal",
    "invalid",
    "not-found",
    "stale",
    "too-large",
    "too-many-requests",
    "unauthenticated",
    "unavailable",
] as const;

export type Translate = (key: string, options?: Record<string, unknown>) => string;

/** The last word of a problem's type: `urn:lotse:problem:stale` → `stale`. */
export function kindOf(problem: Pick<Problem, "type">): string {
    return problem.type.slice(problem.type.lastIndexOf(":") + 1);
}

/** The answer as an error. It has the fields that react-admin looks at; its own `HttpError` cannot be extended, since it sets its prototype. */
export class ApiError extends Error {
    readonly problem: Problem;
    readonly retryAfter: number | null;
    readonly status: number;
    readonly body: Problem;

    constructor(problem: Problem, retryAfter: number | null = null) {
        super(problem.detail);
        this.name = "ApiError";
        this.status = problem.status;
        this.body = problem;
        this.problem = problem;
        this.retryAfter = retryAfter;
    }

    get kind(): string {
        return kindOf(this.problem);
    }
}

/** Reads a refusal. A gateway or a proxy may answer with something that is no problem document. */
export async function readProblem(answer: Response): Promise<ApiError> {
    const wait = Number(answer.headers.get("retry-after"));
    const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
    const text = await answer.text();
    try {
        const body = JSON.parse(text) as Partial<Problem>;
        if (typeof body.type === "string" && typeof body.detail === "string") {
            return new ApiError({ ...(body as Problem), status: answer.status }, retryAfter);
        }
    } catch {
        // Not JSON: what counts is the status.
    }
    const kind = { 401: "unauthenticated", 403: "forbidden", 404: "not-found", 409: "conflict", 412: "stale", 413: "too-large", 429: "too-many-requests" }[answer.status];
    const type = `urn:lotse:problem:${kind ?? (answer.status >= 502 ? "unavailable" : "internal")}`;
    return new ApiError({ type, title: answer.statusText, status: answer.status, detail: answer.statusText }, retryAfter);
}

/** `/stage_id` → `stage_id`, `/items/0/name` → `items.0.name`: how forms name their fields. Null for what is no field of the body. */
export function fieldOf(pointer: string): string | null {
    if (!pointer.startsWith("/")) return null;
    const parts = pointer.slice(1).split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    return parts.join(".");
}

/** Conflicts that the console says in the person's language, by the problem's `code`; with the field whose value is in the way, if it is one. */
const CONFLICTS: Record<string, string | null> = {
    anonymized: "lead_id",
    cancelled: null,
    closed: null,
    email_in_use: "email",
    identifier_in_use: null,
    last_admin: "role",
    lead_changed: null,
    lead_origin: "lead_id",
    moved: null,
    no_closing_stage: null,
    no_open_stage: "pipeline_id",
    open_work: "hand_over_to",
    nobody: "lead_id",
    routed_already: "lead_id",
};

/** A record that has the same already: what the two have in common, and whose it is. */
interface Match {
    matched?: string[];
    first_name?: string | null;
    last_name?: string | null;
    company?: string | null;
    email?: string | null;
}

function sayConflict({ code, detail, matches }: Problem, translate: Translate): string | null {
    if (!code || !(code in CONFLICTS)) return null;
    const other = Array.isArray(matches) ? (matches[0] as Match | undefined) : undefined;
    const name = other && ([other.first_name, other.last_name].filter(Boolean).join(" ") || other.company || other.email);
    return name && code === "identifier_in_use" ? translate("conflict.identifier_of", { detail, name }) : translate(`conflict.${code}`, { detail });
}

/** One sentence about an error, whatever it is; one for each fault of an input. */
export function sayError(error: unknown, translate: Translate): string {
    if (error instanceof ApiError) {
        const { problem, kind } = error;
        if (kind === "too-many-requests" && error.retryAfter) return translate("problem.wait", { smart_count: error.retryAfter });
        if (problem.errors?.length) return problem.errors.map((fault) => sayFaultAway(fault, translate)).join(" ");
        const conflict = sayConflict(problem, translate);
        if (conflict) return conflict;
        const known = (KNOWN_PROBLEMS as readonly string[]).includes(kind);
        return known ? translate(`problem.${kind}`, { detail: problem.detail }) : problem.detail;
    }
    return translate("problem.offline");
}

/** The fields of a form that a problem is about. `root.serverError` holds what belongs to none of them. */
export function fieldErrors(error: unknown, fields: readonly string[], translate: Translate, units?: Record<string, number>): Record<string, string> {
    const errors: Record<string, string> = {};
    const add = (field: string, text: string) => {
        errors[field] = errors[field] ? `${errors[field]} ${text}` : text;
    };
    const faults = error instanceof ApiError ? (error.problem.errors ?? []) : [];
    for (const fault of faults) {
        // One of a list's entries is shown at the list.
        const path = fieldOf(fault.pointer);
        const field = [path, path?.split(".")[0]].find((one) => one && fields.includes(one));
        if (field) add(field, sayFault(fault, translate, units));
        else add("root.serverError", sayFaultAway(fault, translate, units));
    }
    if (faults.length > 0) return errors;
    const { code, matches } = error instanceof ApiError ? error.problem : {};
    const inTheWay = Array.isArray(matches) ? (matches as Match[]).flatMap((match) => match.matched ?? []) : [code ? CONFLICTS[code] : null];
    for (const field of new Set(inTheWay)) if (field && fields.includes(field)) add(field, sayError(error, translate));
    if (Object.keys(errors).length === 0) add("root.serverError", sayError(error, translate));
    return errors;
}
