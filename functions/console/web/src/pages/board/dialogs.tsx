// Changing a deal: why it was lost, what is said about it, whose it is.
import { Alert, Box, Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { useNotify, useTranslate } from "ra-core";
import { type FormEvent, useRef, useState } from "react";
import { useController, useFormContext, useWatch } from "react-hook-form";
import type { Schemas } from "../../api/client";
import { fieldErrors } from "../../api/problem";
import { useReread } from "../../api/reread";
import { minorUnits } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { patch } from "../../providers/data";
import { Field, FormDialog, Pair, type Values } from "../../ui/form";
import { type Pipeline, usePipelines, useTeam } from "../../ui/known";
import { leadName } from "../../ui/labels";
import { LeadChoice } from "../../ui/lead-choice";
import { useOwners } from "../../ui/owners";
import type { Deal } from "./order";
import { createDeal, isOvertaken, setLead, updateDeal } from "./queries";

type Lead = Pick<Schemas["LeadView"], "id" | "owner_id" | "first_name" | "last_name" | "company" | "email" | "phone" | "linkedin_url">;

/** Asks why, before a deal is lost. */
export function LostReason({ open, name, onClose, onReason }: { open: boolean; name: string; onClose: () => void; onReason: (reason: string) => void }) {
    const t = useT();
    return (
        <FormDialog open={open} title={t("deal.loseTitle", { name })} submit={t("deal.lose")} grave values={{ reason: "" }} onClose={onClose} onSubmit={async ({ reason }) => onReason(reason.trim())}>
            <Field name="reason" label={t("deal.lostReason")} help={t("deal.lostReasonHelp")} rows={2} max={500} required autoFocus />
        </FormDialog>
    );
}

/** A deal by hand: of this lead, or of one that is chosen. */
export function NewDeal(props: NewDealProps) {
    const { pipelines } = usePipelines();
    // What the form begins with depends on them.
    return pipelines ? <NewDealForm {...props} live={pipelines.filter((pipeline) => !pipeline.archived_at)} /> : null;
}

interface NewDealProps {
    lead?: Lead;
    pipeline?: string | null;
    onClose: () => void;
    onCreated?: (deal: Deal) => void;
}

function NewDealForm({ lead, pipeline: preset, live, onClose, onCreated }: NewDealProps & { live: Pipeline[] }) {
    const t = useT();
    const notify = useNotify();
    const refresh = useReread("deal");
    const stillHere = useStillHere();
    const pipeline = live.find(({ id }) => id === preset) ?? live[0];
    const values = { name: lead ? leadName(lead) : "", lead_id: lead?.id ?? "", pipeline_id: pipeline?.id ?? "", owner_id: stillHere(lead?.owner_id), value_minor: "", expected_close_on: "" };
    const currencyOf = (form: typeof values) => live.find(({ id }) => id === form.pipeline_id)?.currency ?? "EUR";
    const save = async (form: typeof values) => {
        const currency = currencyOf(form);
        const own = form.value_minor !== "";
        const deal = await createDeal({
            name: form.name.trim(),
            lead_id: form.lead_id,
            pipeline_id: form.pipeline_id,
            owner_id: form.owner_id || null,
            value_minor: own ? Math.round(Number(form.value_minor) * minorUnits(currency)) : null,
            currency: own ? currency : null,
            expected_close_on: form.expected_close_on || null,
        });
        notify("deal.created", { type: "success" });
        void refresh();
        onCreated?.(deal);
    };
    return (
        <FormDialog open title={t("deal.new")} submit={t("deal.create")} draft={lead && `deal/of/${lead.id}`} values={values} units={(form) => ({ value_minor: minorUnits(currencyOf(form)) })} onClose={onClose} onSubmit={save}>
            {!lead && <LeadField />}
            <Field name="name" label={t("deal.name")} required autoFocus={lead !== undefined} />
            <NewDealFields live={live} />
        </FormDialog>
    );
}

/** What is offered depends on the pipeline that is chosen. */
function NewDealFields({ live }: { live: Pipeline[] }) {
    const t = useT();
    const [chosen, current]: string[] = useWatch({ name: ["pipeline_id", "owner_id"] });
    const owners = useOwners({ pipeline: chosen, current });
    const currency = live.find(({ id }) => id === chosen)?.currency ?? "EUR";
    return (
        <Pair>
            <Field name="pipeline_id" label={t("lead.pipeline")} required options={live.map(({ id, name }) => ({ value: id, name }))} />
            <Field name="owner_id" label={t("lead.owner")} options={owners} none={t("lead.nobody")} />
            <Field name="value_minor" label={t("deal.valueIn", { currency })} type="number" help={t("deal.valueHelp")} />
            <Field name="expected_close_on" label={t("deal.expected")} type="date" />
        </Pair>
    );
}

/** Nobody, where the person has left the team. */
function useStillHere() {
    const { members } = useTeam();
    return (id: string | null | undefined) => (id && !members.some((member) => member.id === id && !member.active) ? id : "");
}

/** Whose deal it is. The lead also gives it a name and an owner, as long as nobody has said otherwise. */
function LeadField() {
    const t = useT();
    const stillHere = useStillHere();
    const { setValue, getValues } = useFormContext();
    const { field, fieldState } = useController({ name: "lead_id", rules: { required: t("form.required") } });
    const [lead, setLead] = useState<Schemas["LeadView"] | null>(null);
    const given = useRef({ name: "", owner_id: "" });
    const choose = (next: Schemas["LeadView"] | null) => {
        if (next) {
            const values = { name: leadName(next), owner_id: stillHere(next.owner_id) };
            for (const name of ["name", "owner_id"] as const) {
                const now = getValues(name);
                if (now === "" || now === given.current[name]) setValue(name, values[name], { shouldValidate: true });
            }
            given.current = values;
        }
        setLead(next);
        field.onChange(next?.id ?? "");
    };
    return <LeadChoice label={t("deal.lead")} value={lead} onChange={choose} error={fieldState.error?.message} inputRef={field.ref} onBlur={field.onBlur} autoFocus required />;
}

export function EditDeal({ deal, open, onClose }: { deal: Deal; open: boolean; onClose: () => void }) {
    const t = useT();
    const notify = useNotify();
    const refresh = useReread("deal");
    const owners = useOwners({ pipeline: deal.pipeline_id, current: deal.owner_id });
    const unit = minorUnits(deal.currency);
    const values = { name: deal.name, value_minor: String(deal.value_minor / unit), owner_id: deal.owner_id ?? "", expected_close_on: deal.expected_close_on ?? "", source: deal.source ?? "", campaign: deal.campaign ?? "" };
    const read = (form: Values) => ({ ...form, value_minor: Math.round(Number(form.value_minor) * unit) });
    const save = async (next: Values, before: Values) => {
        const body = patch(read(next), read(before));
        if (Object.keys(body).length > 0) {
            await updateDeal(deal, body as Schemas["DealsUpdateInput"]);
            notify("deal.saved", { type: "success" });
            await refresh();
        }
    };
    return (
        <FormDialog open={open} title={t("deal.edit")} submit={t("action.save")} draft={`deal/${deal.id}`} values={values as Values} units={() => ({ value_minor: unit })} onClose={onClose} onSubmit={save}>
            <Field name="name" label={t("deal.name")} required autoFocus />
            <Pair>
                <Field name="value_minor" label={t("deal.valueIn", { currency: deal.currency })} type="number" required />
                <Field name="expected_close_on" label={t("deal.expected")} type="date" />
                <Field name="owner_id" label={t("lead.owner")} options={owners} none={t("lead.nobody")} />
                <Field name="campaign" label={t("lead.campaign")} />
            </Pair>
        </FormDialog>
    );
}

export function ChooseLead({ deal, open, onClose }: { deal: Deal; open: boolean; onClose: () => void }) {
    const t = useT();
    const translate = useTranslate();
    const notify = useNotify();
    const refresh = useReread("deal");
    const [lead, choose] = useState<Schemas["LeadView"] | null>(null);
    const [errors, setErrors] = useState<Record<string, string>>({});
    const [busy, setBusy] = useState(false);
    const save = async (event: FormEvent) => {
        event.preventDefault();
        if (!lead) {
            setErrors({ lead_id: t("form.required") });
            return;
        }
        setBusy(true);
        try {
            await setLead(deal, lead.id);
            notify("deal.leadSet", { type: "success" });
            await refresh();
            onClose();
        } catch (error) {
            setErrors(fieldErrors(error, ["lead_id"], translate));
            // With its new version it can be tried again.
            if (isOvertaken(error)) await refresh();
        } finally {
            setBusy(false);
        }
    };
    return (
        <Dialog open={open} onClose={onClose} maxWidth="xs" fullWidth slotProps={{ paper: { "aria-label": t("deal.chooseLead") } }}>
            <Box component="form" noValidate onSubmit={(event: FormEvent) => void save(event)}>
                <DialogTitle>{t("deal.chooseLead")}</DialogTitle>
                <DialogContent sx={{ display: "grid", gap: 1.5, pt: "12px !important" }}>
                    {errors["root.serverError"] && (
                        <Alert severity="error" variant="outlined">
                            {errors["root.serverError"]}
                        </Alert>
                    )}
                    <LeadChoice label={t("deal.lead")} value={lead} onChange={choose} error={errors.lead_id} autoFocus />
                </DialogContent>
                <DialogActions>
                    <Button onClick={onClose}>{t("action.cancel")}</Button>
                    <Button type="submit" variant="contained" disabled={busy}>
                        {t("action.save")}
                    </Button>
                </DialogActions>
            </Box>
        </Dialog>
    );
}
