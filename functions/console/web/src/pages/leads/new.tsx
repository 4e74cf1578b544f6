// A lead by hand. Who is there already is said while one writes.
import { Alert, Box, Button } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useRef, useState } from "react";
import { useWatch } from "react-hook-form";
import { Link } from "react-router-dom";
import { api, once, take, type Schemas } from "../../api/client";
import { ApiError } from "../../api/problem";
import { useReread } from "../../api/reread";
import { useT } from "../../providers/i18n";
import { isTooShort } from "../../ui/filters";
import { Field, FormDialog, Pair, type Values } from "../../ui/form";
import { useMe } from "../../ui/known";
import { leadName } from "../../ui/labels";
import { useNotify } from "../../ui/notify";
import { useOwners } from "../../ui/owners";
import { Muted, TierBadge } from "../../ui/parts";

type Lead = Schemas["LeadView"];

const EMPTY = { first_name: "", last_name: "", email: "", phone: "", company: "", job_title: "" };

/** Whether the API said that this person is there already. */
export const isDuplicate = (error: unknown) => error instanceof ApiError && error.problem.code === "duplicate_lead";

export default function NewLead({ onClose, onCreated }: { onClose: () => void; onCreated?: (id: string) => void }) {
    const t = useT();
    const me = useMe();
    const notify = useNotify();
    const refresh = useReread("lead");
    const owners = useOwners();
    const [refused, setRefused] = useState(false);
    const force = useRef(false);
    const mine = me?.member?.id ?? "";
    const values: Values = { ...EMPTY, owner_id: owners.some(({ value }) => value === mine) ? mine : "" };
    const save = async (form: Values) => {
        const body = Object.fromEntries(Object.entries(form).map(([name, value]) => [name, String(value ?? "").trim()]).filter(([, value]) => value !== "")) as Schemas["LeadsCreateInput"];
        const anyway = force.current;
        force.current = false;
        try {
            const made = await take(api.POST("/api/v1/leads", { params: { query: anyway ? { force: true } : {}, header: once() }, body }));
            notify("lead.created", { type: "success", messageArgs: { name: leadName(made), score: made.total_score } });
            void refresh();
            onCreated?.(made.id);
        } catch (error) {
            setRefused(isDuplicate(error));
            throw error;
        }
    };
    return (
        <FormDialog open title={t("add.lead")} submit={t("lead.create")} draft="lead/new" values={values} onClose={onClose} onSubmit={save}>
            <Pair>
                <Field name="first_name" label={t("lead.firstName")} autoFocus />
                <Field name="last_name" label={t("lead.lastName")} />
                <Field name="email" label={t("lead.email")} type="email" />
                <Field name="phone" label={t("lead.phone")} />
                <Field name="company" label={t("lead.company")} />
                <Field name="job_title" label={t("lead.jobTitle")} />
            </Pair>
            <Field name="owner_id" label={t("lead.owner")} options={owners} none={t("lead.nobody")} />
            <Known onClose={onClose} />
            {refused && (
                <Button type="submit" variant="outlined" onClick={() => (force.current = true)} sx={{ justifySelf: "start" }}>
                    {t("lead.createAnyway")}
                </Button>
            )}
        </FormDialog>
    );
}

/** What is searched for: the address as soon as it looks like one, else the name. */
export function wanted({ email, first_name, last_name }: { email: string; first_name: string; last_name: string }): string | null {
    if (/^\S+@\S+\.\S{2,}$/.test(email.trim())) return email.trim();
    const name = [first_name, last_name].map((part) => part.trim()).filter(Boolean).join(" ");
    return last_name.trim() && !isTooShort(name) ? name : null;
}

/** Those who may be the same person. */
function Known({ onClose }: { onClose: () => void }) {
    const t = useT();
    const [email, first_name, last_name] = useWatch({ name: ["email", "first_name", "last_name"] }) as string[];
    const q = useDeferredValue(wanted({ email: email ?? "", first_name: first_name ?? "", last_name: last_name ?? "" }));
    const { data } = useQuery({ queryKey: ["find", "leads", "same", q], queryFn: async () => (await take(api.GET("/api/v1/leads", { params: { query: { q: q ?? "", limit: 3 } } }))).data, enabled: q !== null });
    const known: Lead[] = q === null ? [] : (data ?? []);
    return (
        <Box role="status">
            {known.length > 0 && (
                <Alert severity="warning" variant="outlined">
                    {t("lead.known")}
                    <Box component="ul" sx={{ m: 0, mt: 0.5, pl: 2 }}>
                        {known.map((lead) => (
                            <li key={lead.id}>
                                <Box component={Link} to={`/leads/${lead.id}`} onClick={onClose} sx={{ color: "text.primary", overflowWrap: "anywhere" }}>
                                    {leadName(lead)}
                                </Box>{" "}
                                <Muted sx={{ overflowWrap: "anywhere" }}>{[lead.company, lead.email].filter(Boolean).join(" · ")}</Muted> <TierBadge tier={lead.tier} bare />
                            </li>
                        ))}
                    </Box>
                </Alert>
            )}
        </Box>
    );
}
