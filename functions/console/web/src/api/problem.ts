// What the API says when it refuses (RFC 9457), and how that reaches the field and the person.
import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"] & { code?: string; matches?: unknown };
export type Fault = NonNullable<Problem["errors"]>[number];

/** Codes of faults that the console says in the person's language; others are shown in the API's words, as all are in English. */
export const KNOWN_FAULTS = [
    "bad_identifier",
    "control_character",
    "duplicate",
    "empty",
    "format",
    "inactive",
    "invalid",
    "not_allowed",
    "nul_character",
    "null",
    "range",
    "required",
    "too_long",
    "too_many",
    "too_short",
    "type",
    "unknown",
    "unknown_field",
    "unknown_value",
    "wrong_type",
] as const;
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

export function sayFault(fault: Fault, translate: Translate): string {
    const known = (KNOWN_FAULTS as readonly string[]).includes(fault.code);
    return known ? translate(`fault.${fault.code}`, { detail: fault.detail }) : fault.detail;
}

/** One sentence about an error, whatever it is. */
export function sayError(error: unknown, translate: Translate): string {
    if (error instanceof ApiError) {
        const { problem, kind } = error;
        if (kind === "too-many-requests" && error.retryAfter) return translate("problem.wait", { smart_count: error.retryAfter });
        const fault = problem.errors?.length === 1 ? problem.errors[0] : undefined;
        if (fault) return sayFault(fault, translate);
        const known = (KNOWN_PROBLEMS as readonly string[]).includes(kind);
        return known ? translate(`problem.${kind}`, { detail: problem.detail }) : problem.detail;
    }
    return translate("problem.offline");
}

/** The faults by form field, in the person's language; `root` holds what belongs to no field of the form. */
export function fieldErrors(error: unknown, fields: readonly string[], translate: Translate): Record<string, string> {
    if (!(error instanceof ApiError) || !error.problem.errors?.length) return { "root.serverError": sayError(error, translate) };
    const errors: Record<string, string> = {};
    for (const fault of error.problem.errors) {
        const field = fieldOf(fault.pointer);
        const target = field && fields.includes(field) ? field : "root.serverError";
        const text = sayFault(fault, translate);
        errors[target] = errors[target] ? `${errors[target]} ${text}` : text;
    }
    return errors;
}
