import { describe, expect, it } from "vitest";
import { ApiError, fieldErrors, fieldOf, readProblem, sayError } from "./problem";

const say = (key: string, options?: Record<string, unknown>) => (options?.detail ? `${key}: ${options.detail}` : key);
const invalid = (errors: { pointer: string; code: string; detail: string }[]) => new ApiError({ type: "urn:lotse:problem:invalid", title: "Invalid input", status: 400, detail: "The request breaks a rule.", errors });

describe("pointers", () => {
    it.each([
        ["/email", "email"],
        ["/items/0/name", "items.0.name"],
        ["/a~1b/c~0d", "a/b.c~d"],
        ["?max_score", null],
        ["If-Match", null],
        ["", null],
    ])("%s is the field %s", (pointer, field) => expect(fieldOf(pointer)).toBe(field));
});

describe("faults", () => {
    it("reach their fields, all at once", () => {
        const error = invalid([
            { pointer: "/email", code: "format", detail: "Send an address." },
            { pointer: "/capacity", code: "range", detail: "Use 0 to 10." },
        ]);
        expect(fieldErrors(error, ["email", "capacity"], say)).toEqual({ email: "fault.format: Send an address.", capacity: "fault.range: Use 0 to 10." });
    });

    it("of an entry of a list stand at the list", () => {
        const error = invalid([{ pointer: "/tags/1", code: "empty", detail: "Write something." }]);
        expect(fieldErrors(error, ["tags"], say)).toEqual({ tags: "fault.empty: Write something." });
    });

    it("of fields that the form does not have stand above it", () => {
        const error = invalid([{ pointer: "/stage_id", code: "unheard_of", detail: "There is no such stage." }]);
        expect(fieldErrors(error, ["name"], say)).toEqual({ "root.serverError": "field.stage_id: There is no such stage." });
    });

    it("that are none are one sentence", () => {
        const stale = new ApiError({ type: "urn:lotse:problem:stale", title: "Changed", status: 412, detail: "Its version is 4 now." });
        expect(fieldErrors(stale, ["name"], say)).toEqual({ "root.serverError": "problem.stale: Its version is 4 now." });
        expect(sayError(new TypeError("Failed to fetch"), say)).toBe("problem.offline");
    });
});

describe("conflicts", () => {
    const conflict = (code: string, matches?: unknown) => new ApiError({ type: "urn:lotse:problem:conflict", title: "", status: 409, detail: "No.", code, matches });

    it("stand at the field whose value is in the way, where the form has it", () => {
        expect(fieldErrors(conflict("email_in_use"), ["email", "name"], say)).toEqual({ email: "conflict.email_in_use: No." });
        expect(fieldErrors(conflict("email_in_use"), ["name"], say)).toEqual({ "root.serverError": "conflict.email_in_use: No." });
        expect(fieldErrors(conflict("moved"), ["name"], say)).toEqual({ "root.serverError": "conflict.moved: No." });
        expect(fieldErrors(conflict("unheard_of"), ["name"], say)).toEqual({ "root.serverError": "problem.conflict: No." });
    });

    it("name the record that has it already", () => {
        const error = conflict("identifier_in_use", [{ matched: ["phone"], first_name: "Erika", last_name: "Muster" }]);
        const found = fieldErrors(error, ["email", "phone"], (key, options) => `${key}: ${String(options?.name)}`);
        expect(found).toEqual({ phone: "conflict.identifier_of: Erika Muster" });
    });
});

describe("answers that are no problem documents", () => {
    it.each([
        [502, "unavailable"],
        [413, "too-large"],
        [404, "not-found"],
        [500, "internal"],
    ])("%i is %s", async (status, kind) => {
        const error = await readProblem(new Response("<html>Bad gateway</html>", { status }));
        expect(error.kind).toBe(kind);
        expect(error.status).toBe(status);
    });

    it("say how long to wait", async () => {
        const error = await readProblem(new Response("", { status: 429, headers: { "retry-after": "7" } }));
        expect(error.retryAfter).toBe(7);
        expect(sayError(error, (key, options) => `${key} ${String(options?.smart_count)}`)).toBe("problem.wait 7");
    });
});
