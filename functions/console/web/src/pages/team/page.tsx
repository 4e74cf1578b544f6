// The team: who does what, and how much they carry.
import { Button } from "@mui/material";
import { Mail, Plus, Users } from "lucide-react";
import { useState } from "react";
import { useWatch } from "react-hook-form";
import { api, ifMatch, once, take, type Schemas } from "../../api/client";
import { useReread } from "../../api/reread";
import { type Member, MEMBER, ROLES } from "../../entities/member";
import { patch } from "../../providers/data";
import { ApiError, sayError } from "../../api/problem";
import { useT, useTranslate } from "../../providers/i18n";
import { Field, FormDialog, Pair, type Values } from "../../ui/form";
import { useMay, usePipelines, useTeam } from "../../ui/known";
import { ListPage } from "../../ui/list-page";
import { useNotify } from "../../ui/notify";
import { mayOwn } from "../../ui/owners";

export default function TeamList() {
    const t = useT();
    const may = useMay();
    const { members } = useTeam();
    const [creating, setCreating] = useState(false);
    const writable = may("team", "write");
    const create = writable && (
        <Button variant="contained" startIcon={<Plus size={15} aria-hidden="true" />} onClick={() => setCreating(true)}>
            {t("team.new")}
        </Button>
    );
    const panel = (id: string, close: () => void, rows: Member[]) => {
        const member = rows.find((one) => one.id === id) ?? members.find((one) => one.id === id);
        return writable && member && <EditMember key={id} member={member} team={members} onClose={close} />;
    };
    return (
        <>
            <ListPage entity={MEMBER} empty={{ icon: Users, title: "team.none", hint: "team.noneHint" }} head={create} panel={panel} />
            {creating && <EditMember member={null} team={members} onClose={() => setCreating(false)} />}
        </>
    );
}

/** Whether somebody with these values may own nothing any more. */
const leaves = (values: Values) => values.active === "no" || values.role === "viewer";

/** Asks who gets the work of a member that is about to own nothing any more. */
function HandOver({ leaving, team }: { leaving: Member; team: Member[] }) {
    const t = useT();
    const [active, role] = useWatch({ name: ["active", "role"] }) as string[];
    if (!leaves({ active: active ?? null, role: role ?? null })) return null;
    const heirs = team.filter((one) => one.id !== leaving.id && mayOwn(one));
    const options = [{ value: "nobody", name: t("team.handOverNobody") }, ...heirs.map(({ id, name }) => ({ value: id, name }))];
    return <Field name="hand_over_to" label={t("team.handOver")} help={t("team.handOverHelp")} options={options} />;
}

function EditMember({ member, team, onClose }: { member: Member | null; team: Member[]; onClose: () => void }) {
    const t = useT();
    const notify = useNotify();
    const refresh = useReread("member");
    const { pipelines } = usePipelines();
    const values: Values = { name: member?.name ?? "", email: member?.email ?? "", role: member?.role ?? "sales", capacity: String(member?.capacity ?? 10), pipeline_ids: member?.pipeline_ids ?? [], slack_user_id: member?.slack_user_id ?? "", active: member?.active === false ? "no" : "yes", password: "", hand_over_to: "" };
    const read = ({ password, active, capacity, hand_over_to: _, ...rest }: Values) => ({ ...rest, capacity: Number(capacity), active: active === "yes", ...(password ? { password } : {}) });
    const invite = useInvite();
    const save = async (next: Values, before: Values) => {
        const body = read(next);
        if (member) {
            const changes = patch(body, read(before));
            const query = leaves(next) && next.hand_over_to ? { hand_over_to: String(next.hand_over_to) } : {};
            await take(api.PATCH("/api/v1/team/{id}", { params: { path: { id: member.id }, query, header: ifMatch(member.version) }, body: changes as Schemas["TeamUpdateInput"] }));
        } else {
            const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ""));
            const made = await take(api.POST("/api/v1/team", { params: { header: once() }, body: given as Schemas["TeamCreateInput"] }));
            // Without a password they choose one themselves.
            if (!next.password) await invite(made.id, made.name);
        }
        notify("team.saved", { type: "success" });
        await refresh();
    };
    return (
        <FormDialog open title={member ? t("team.editOne", { name: member.name }) : t("team.new")} submit={t("action.save")} values={values} onClose={onClose} onSubmit={save}>
            <Pair>
                <Field name="name" label={t("team.name")} required autoFocus />
                <Field name="email" label={t("lead.email")} type="email" required />
                <Field name="role" label={t("team.role")} options={ROLES.map((role) => ({ value: role, name: t(`role.${role}`) }))} />
                <Field name="capacity" label={t("team.capacity")} type="number" help={t("team.capacityHelp")} />
            </Pair>
            <Field name="pipeline_ids" label={t("team.pipelines")} multiple options={(pipelines ?? []).map(({ id, name }) => ({ value: id, name }))} />
            <Pair>
                <Field name="slack_user_id" label={t("team.slack")} />
                <Field name="active" label={t("team.active")} options={[{ value: "yes", name: t("team.yes") }, { value: "no", name: t("team.no") }]} />
            </Pair>
            {member?.active && member.role !== "viewer" && <HandOver leaving={member} team={team} />}
            {member?.active && (
                <Button sx={{ justifySelf: "start" }} startIcon={<Mail size={15} aria-hidden="true" />} title={t("team.inviteHelp")} onClick={() => void invite(member.id, member.name)}>
                    {t("team.invite")}
                </Button>
            )}
            <Field name="password" label={t("team.password")} type="password" help={member ? t("team.passwordChange") : t("team.passwordNew")} />
        </FormDialog>
    );
}

/** Sends a member a link to choose a password by, and says what became of it. */
function useInvite() {
    const t = useT();
    const translate = useTranslate();
    const notify = useNotify();
    return async (id: string, name: string) => {
        try {
            await take(api.POST("/api/v1/auth/invite", { params: { header: once() }, body: { member_id: id } }));
            notify("team.inviteSent", { type: "success" });
        } catch (error) {
            const code = error instanceof ApiError ? error.problem.code : undefined;
            notify(code === "has_password" ? t("team.inviteHasPassword", { name }) : sayError(error, translate), { type: "warning" });
        }
    };
}
