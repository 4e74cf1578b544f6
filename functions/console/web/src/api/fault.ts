// A fault of the API in the person's language, as precise as the API put it: which limit, which values, what kind of field.
//
// The API's sentences are English and stable enough to take figures from; what is not understood is said less precisely, never wrongly.
import { fieldOf, type Fault, type Translate } from "./problem";

/** Codes that the console says in the person's language; others are shown in the API's words, as all are in English. */
export const KNOWN_FAULTS = [
    "bad_identifier",
    "bad_name",
    "control_character",
    "duplicate",
    "empty",
    "format",
    "guessable",
    "inactive",
    "invalid",
    "not_allowed",
    "nul_character",
    "null",
    "range",
    "repeated",
    "required",
    "too_large",
    "too_long",
    "too_many",
    "too_short",
    "type",
    "unknown_field",
    "unknown_value",
] as const;

/** What a code means at a certain field. */
const AT_FIELD: Record<string, string> = {
    "bad_identifier/email": "email",
    "bad_identifier/phone": "phone",
    "bad_identifier/linkedin_url": "linkedin",
    "unknown_value/country": "country",
    "required/reason": "reason",
    "not_allowed/kind": "kind",
    "not_allowed/owner_id": "poolOwner",
};
for (const [field, key] of Object.entries({ owner_id: "noMember", lead_id: "noLead", deal_id: "noDeal", pipeline_id: "noPipeline", pipeline_ids: "noPipeline", stage_id: "noStage" })) {
    AT_FIELD[`unknown_value/${field}`] = key;
}

/** What the figures of a sentence mean. The first that fits counts. */
const FIGURES: [codes: string[], sentence: RegExp, key: string, names: string[]][] = [
    [["too_long"], /at most (\d+) characters/, "maxCharacters", ["max"]],
    [["too_short"], /at least (\d+) characters/, "minCharacters", ["min"]],
    [["too_many"], /at most (\d+)/, "maxItems", ["max"]],
    [["range"], /from (-?\d+) to (-?\d+)/, "between", ["min", "max"]],
    [["range"], /of the years (\d+) to (\d+)/, "years", ["min", "max"]],
];
const LISTED = /(?:Possible here:|Write one of) (.+)\.$/;
const WANTS_NUMBER = /(?:Send|Write) a (?:whole )?number/;

/** `units`: how many of the API's units one of the form's is, for fields where they differ, such as amounts of money. */
export function sayFault(fault: Fault, translate: Translate, units: Record<string, number> = {}): string {
    const { code, detail } = fault;
    if (!(KNOWN_FAULTS as readonly string[]).includes(code)) return detail;
    const path = nameOf(fault.pointer);
    const own = AT_FIELD[`${code}/${path}`];
    if (own) return translate(`fault.at.${own}`, { detail });
    for (const [codes, sentence, key, names] of FIGURES) {
        const found = codes.includes(code) ? sentence.exec(detail) : null;
        if (!found) continue;
        const unit = units[path];
        const figures = Object.fromEntries(names.map((name, at) => [name, figure(Number(found[at + 1]) / (unit ?? 1), key !== "years")]));
        return translate(unit ? "fault.at.amount" : `fault.at.${key}`, { detail, ...figures });
    }
    const listed = code === "unknown_value" || code === "type" ? LISTED.exec(detail)?.[1] : undefined;
    if (listed) return translate("fault.at.oneOf", { detail, values: listed.replaceAll("`", "").replace(/ or (?=\S+$)/, ", ") });
    if (code === "type" && WANTS_NUMBER.test(detail)) return translate("fault.at.number", { detail });
    return translate(`fault.${code}`, { detail });
}

/** The same where it does not stand at its field: with the field's name, if it has one that people know. */
export function sayFaultAway(fault: Fault, translate: Translate, units?: Record<string, number>): string {
    const name = nameOf(fault.pointer);
    const label = name ? translate(`field.${name}`, { _: "" }) : "";
    const text = sayFault(fault, translate, units);
    return label ? `${label}: ${text}` : text;
}

/** `/tags/3` → `tags`, `?min_score` → `min_score`. */
function nameOf(pointer: string): string {
    return pointer.startsWith("?") ? pointer.slice(1) : (fieldOf(pointer)?.split(".")[0] ?? "");
}

function figure(value: number, grouped: boolean): string {
    return new Intl.NumberFormat(document.documentElement.lang || undefined, { useGrouping: grouped }).format(value);
}
