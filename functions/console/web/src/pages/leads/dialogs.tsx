// Changing a lead by hand: its profile, and where it goes.
import { useNotify } from "ra-core";
import { useWatch } from "react-hook-form";
import type { Schemas } from "../../api/client";
import { useReread } from "../../api/reread";
import { useT } from "../../providers/i18n";
import { patch } from "../../providers/data";
import { Field, FormDialog, Pair, type Values } from "../../ui/form";
import { usePipelines } from "../../ui/known";
import { leadName } from "../../ui/labels";
import { useOwners } from "../../ui/owners";
import { change, type LeadDetails, route } from "./queries";

interface DialogProps {
    lead: LeadDetails;
    open: boolean;
    onClose: () => void;
}

const PROFILE = ["first_name", "last_name", "company", "job_title", "email", "phone", "linkedin_url", "country", "campaign", "owner_id"] as const;

export function EditLead({ lead, open, onClose }: DialogProps) {
    const t = useT();
    const notify = useNotify();
    const refresh = useReread("lead");
    const owners = useOwners({ current: lead.owner_id });
    const values: Values = { ...Object.fromEntries(PROFILE.map((name) => [name, lead[name] ?? ""])), tags: lead.tags.join(", ") };
    const read = (form: Values) => ({ ...form, tags: [...new Set(String(form.tags).split(",").map((tag) => tag.trim()).filter(Boolean))] });
    const save = async (next: Values, before: Values) => {
        const body = patch(read(next), read(before));
        if (Object.keys(body).length > 0) {
            await change(lead, body as Schemas["LeadsUpdateInput"]);
            notify("lead.saved", { type: "success" });
            await refresh();
        }
    };
    return (
        <FormDialog open={open} title={t("lead.editTitle", { name: leadName(lead) })} submit={t("action.save")} draft={`lead/${lead.id}`} values={values} onClose={onClose} onSubmit={save}>
            <Pair>
                <Field name="first_name" label={t("lead.firstName")} autoFocus />
                <Field name="last_name" label={t("lead.lastName")} />
                <Field name="company" label={t("lead.company")} />
                <Field name="job_title" label={t("lead.jobTitle")} />
                <Field name="email" label={t("lead.email")} type="email" />
                <Field name="phone" label={t("lead.phone")} />
                <Field name="linkedin_url" label={t("lead.linkedin")} />
                <Field name="country" label={t("lead.country")} />
                <Field name="campaign" label={t("lead.campaign")} />
                <Field name="owner_id" label={t("lead.owner")} options={owners} none={t("lead.nobody")} />
            </Pair>
            <Field name="tags" label={t("lead.tags")} help={t("lead.tagsHelp")} />
        </FormDialog>
    );
}

export function RouteLead({ lead, open, onClose }: DialogProps) {
    const t = useT();
    const notify = useNotify();
    const refresh = useReread("lead");
    const { pipelines } = usePipelines();
    const live = pipelines?.filter((pipeline) => !pipeline.archived_at) ?? [];
    const save = async ({ pipeline_id, owner_id, reason }: Values) => {
        await route(lead, { pipeline_id: (pipeline_id as string) || null, owner_id: (owner_id as string) || null, reason: (reason as string) || null });
        notify("lead.routedByHand", { type: "success" });
        await refresh();
    };
    return (
        <FormDialog open={open} title={t("lead.routeTitle", { name: leadName(lead) })} submit={t("lead.route")} draft={`lead/${lead.id}/route`} values={{ pipeline_id: lead.pipeline_id ?? "", owner_id: lead.owner_id ?? "", reason: "" }} onClose={onClose} onSubmit={save}>
            <Field name="pipeline_id" label={t("lead.pipeline")} options={live.map(({ id, name }) => ({ value: id, name }))} none={t("lead.pool")} />
            <RouteOwner current={lead.owner_id} />
            <Field name="reason" label={t("lead.reason")} rows={2} help={t("lead.reasonHelp")} />
        </FormDialog>
    );
}

/** Whose it becomes: those first who serve the pipeline that is chosen. */
function RouteOwner({ current }: { current: string | null | undefined }) {
    const t = useT();
    const pipeline: string = useWatch({ name: "pipeline_id" });
    return <Field name="owner_id" label={t("lead.owner")} options={useOwners({ pipeline, current })} none={t("lead.nobody")} />;
}
