// A task in a form: what is to be done, by whom and when.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useController } from "react-hook-form";
import { api, take, type Schemas } from "../../api/client";
import { useReread } from "../../api/reread";
import { PRIORITIES, TASK_STATUSES } from "../../entities/task";
import { fromLocal, toLocal } from "../../i18n/zone";
import { useT } from "../../providers/i18n";
import { patch } from "../../providers/data";
import { useOfferBack } from "../../ui/change";
import { Field, FormDialog, Pair, type Values } from "../../ui/form";
import { useMe, useZone } from "../../ui/known";
import { DealChoice, LeadChoice } from "../../ui/lead-choice";
import { useNotify } from "../../ui/notify";
import { useOwners } from "../../ui/owners";
import { Muted } from "../../ui/parts";
import { createTask, KINDS, type Task, updateTask } from "./changes";

export interface About {
    lead?: { id: string; name: string } | null;
    deal?: { id: string; name: string } | null;
}

export interface EditTaskProps {
    task: Task | null;
    about?: About;
    onClose: () => void;
}

/** A task to change, or a new one: about a lead or a deal where one is given. */
export function EditTask({ task, about, onClose }: EditTaskProps) {
    const t = useT();
    const me = useMe();
    const zone = useZone();
    const notify = useNotify();
    const offerBack = useOfferBack("task");
    const refresh = useReread("task");
    const owners = useOwners({ current: task?.owner_id });
    const values = { title: task?.title ?? "", kind: task?.kind ?? "todo", priority: task?.priority ?? "normal", due_at: toLocal(task?.due_at, zone), owner_id: task ? (task.owner_id ?? "") : (me?.member?.id ?? ""), status: task?.status ?? "open", description: task?.description ?? "", ...(task || about ? {} : { lead_id: "", deal_id: "" }) };
    const kinds = task && !(KINDS as readonly string[]).includes(task.kind) ? [...KINDS, task.kind] : KINDS;
    const save = async (next: Values, before: Values) => {
        const due = next.due_at ? fromLocal(String(next.due_at), zone) : null;
        if (task) {
            // The field knows no seconds: what was not touched must not lose them.
            const same = next.due_at === before.due_at;
            const body = patch({ ...next, due_at: same ? before.due_at : due }, before) as Schemas["TasksUpdateInput"];
            const after = await updateTask(task.id, task.version, body);
            const was = Object.fromEntries(Object.keys(body).map((name) => [name, task[name as keyof Task] ?? null])) as Schemas["TasksUpdateInput"];
            offerBack("tasks.saved", after, was as Partial<Task>, (version) => updateTask(task.id, version, was));
        } else {
            const { status: _, ...given } = next;
            const body = { ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")), due_at: due ?? undefined, ...(about ? { lead_id: about.lead?.id, deal_id: about.deal?.id } : {}) };
            await createTask(body as Schemas["TasksCreateInput"]);
            notify("tasks.created", { type: "success" });
        }
        await refresh();
    };
    return (
        <FormDialog open title={task ? t("tasks.edit") : t("tasks.new")} submit={t("action.save")} draft={`task/${task?.id ?? `new/${about?.deal?.id ?? about?.lead?.id ?? ""}`}`} values={values as Values} onClose={onClose} onSubmit={save}>
            {about && <Muted>{t("tasks.about", { name: about.deal?.name ?? about.lead?.name })}</Muted>}
            <Field name="title" label={t("tasks.title")} required autoFocus />
            <Pair>
                <Field name="kind" label={t("tasks.kind")} options={kinds.map((kind) => ({ value: kind, name: t(`taskKind.${kind}`) }))} />
                <Field name="priority" label={t("tasks.priority")} options={PRIORITIES.map((priority) => ({ value: priority, name: t(`priority.${priority}`) }))} />
                <Field name="due_at" label={t("tasks.due")} type="datetime-local" />
                <Field name="owner_id" label={t("lead.owner")} options={owners} none={t("lead.nobody")} />
            </Pair>
            {task && <Field name="status" label={t("tasks.status")} options={TASK_STATUSES.map((status) => ({ value: status, name: t(`taskStatus.${status}`) }))} />}
            {!task && !about && <Whom />}
            <Field name="description" label={t("tasks.description")} rows={3} />
        </FormDialog>
    );
}

/** A lead or a deal that it is about. A deal brings its lead along. */
function Whom() {
    const t = useT();
    const { field: lead } = useController({ name: "lead_id" });
    const { field: deal } = useController({ name: "deal_id" });
    const [chosen, choose] = useState<{ lead: Schemas["LeadView"] | null; deal: Schemas["DealView"] | null }>({ lead: null, deal: null });
    // What was chosen before a reload is read again.
    const restored = useQuery({ queryKey: ["lead", lead.value], queryFn: () => take(api.GET("/api/v1/leads/{id}", { params: { path: { id: lead.value as string } } })), enabled: Boolean(lead.value) && !chosen.lead });
    const restoredDeal = useQuery({ queryKey: ["deal", deal.value], queryFn: () => take(api.GET("/api/v1/deals/{id}", { params: { path: { id: deal.value as string } } })), enabled: Boolean(deal.value) && !chosen.deal });
    return (
        <Pair>
            <LeadChoice
                label={t("tasks.lead")}
                value={lead.value ? (chosen.lead ?? restored.data ?? null) : null}
                onChange={(next) => {
                    choose({ lead: next, deal: null });
                    lead.onChange(next?.id ?? "");
                    deal.onChange("");
                }}
            />
            <DealChoice
                label={t("deal.one")}
                value={deal.value ? (chosen.deal ?? restoredDeal.data ?? null) : null}
                onChange={(next) => {
                    choose({ lead: null, deal: next });
                    deal.onChange(next?.id ?? "");
                    lead.onChange("");
                }}
            />
        </Pair>
    );
}
