// A lead changed where it stands, one fact at a time.
import { api, take, type Schemas } from "../../api/client";
import { type MessageKey, useT } from "../../providers/i18n";
import { useChange } from "../../ui/change";
import type { Seen } from "../../ui/edit-fact";
import { useTeam } from "../../ui/known";
import { change as update, type LeadDetails } from "./queries";

type Lead = Schemas["LeadView"];

/** Facts that are changed in place, and what they are called. */
export const FACTS = { owner_id: "lead.owner", phone: "lead.phone", email: "lead.email", company: "lead.company", job_title: "lead.jobTitle", country: "lead.country", campaign: "lead.campaign", tags: "lead.tags" } as const satisfies Partial<Record<keyof Schemas["LeadsUpdateInput"], MessageKey>>;
export type FactName = keyof typeof FACTS;

export function useLeadChange(lead: LeadDetails) {
    const t = useT();
    const change = useChange("lead");
    const { nameOf } = useTeam();
    const show = (field: string, value: unknown) => (Array.isArray(value) ? value.join(", ") : field === "owner_id" ? nameOf(value as string) : (value as string | null)) || t("form.nothing");
    return <N extends FactName>(name: N, value: Lead[N], seen: Seen<Lead[N]>) => {
        const body = (fields: Partial<Lead>) => fields as Schemas["LeadsUpdateInput"];
        const fields = { [name]: value } as Partial<Lead>;
        return change<Lead>({
            record: { ...lead, ...({ [name]: seen.value } as Partial<Lead>), version: seen.version ?? lead.version },
            fields,
            send: (version) => update({ id: lead.id, version }, body(fields)),
            undo: (version, was) => update({ id: lead.id, version }, body({ [name]: was[name] ?? null } as Partial<Lead>)),
            said: "form.factSaved",
            args: { name: t(FACTS[name]), value: show(name, value) },
            fieldwise: { read: () => take(api.GET("/api/v1/leads/{id}", { params: { path: { id: lead.id } } })), label: (field) => t(FACTS[field as FactName]), show },
        });
    };
}
