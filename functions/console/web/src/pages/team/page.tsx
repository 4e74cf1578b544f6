// The team: who does what, and how much they carry.
import { Box, Button, IconButton, Tooltip } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { Pencil, Plus, Users } from "lucide-react";
import { useNotify } from "ra-core";
import { useState } from "react";
import { useWatch } from "react-hook-form";
import { api, ifMatch, once, take, type Schemas } from "../../api/client";
import { useReread } from "../../api/reread";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { patch } from "../../providers/data";
import { Field, FormDialog, Pair, type Values } from "../../ui/form";
import { useMay, usePipelines } from "../../ui/known";
import { mayOwn } from "../../ui/owners";
import { Bar, Card, Empty, Face, Failed, Lines, Muted, PageHead, Tag } from "../../ui/parts";
import { useTheme } from "@mui/material/styles";

type Member = Schemas["MemberView"];
const ROLES = ["admin", "manager", "sales", "viewer"] as const;

export default function TeamList() {
    const t = useT();
    const format = useFormat();
    const may = useMay();
    const { palette } = useTheme();
    const { pipeline } = usePipelines();
    const [editing, setEditing] = useState<Member | "new" | null>(null);
    const team = useQuery({ queryKey: ["team", "list"], queryFn: async () => (await take(api.GET("/api/v1/team", { params: { query: { limit: 100, sort: "name" } } }))).data });
    const writable = may("team", "write");
    return (
        <>
            <PageHead title={t("nav.team")} hint={team.data && format.number(team.data.length)}>
                {writable && (
                    <Button variant="contained" startIcon={<Plus size={15} aria-hidden="true" />} onClick={() => setEditing("new")}>
                        {t("team.new")}
                    </Button>
                )}
            </PageHead>
            <Card flush>
                {team.error ? (
                    <Failed error={team.error} retry={() => void team.refetch()} />
                ) : !team.data ? (
                    <Box sx={{ px: 2 }}>
                        <Lines count={5} height={38} />
                    </Box>
                ) : team.data.length === 0 ? (
                    <Empty icon={Users} title={t("team.none")} hint={t("team.noneHint")} />
                ) : (
                    <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0 }}>
                        {team.data.map((member) => (
                            <Box key={member.id} component="li" sx={{ display: "grid", gridTemplateColumns: { xs: "minmax(0, 1fr) auto", md: "minmax(0, 2.2fr) 110px minmax(0, 1.3fr) minmax(0, 2fr) 40px" }, gridTemplateAreas: { xs: '"who edit" "load role" "serves serves"', md: '"who role load serves edit"' }, alignItems: "center", columnGap: 2, rowGap: 1, px: 2, py: 1.25, borderBottom: 1, borderColor: "divider", "&:last-of-type": { borderBottom: 0 } }}>
                                <Box sx={{ gridArea: "who", display: "flex", alignItems: "center", gap: 1.25, minWidth: 0 }}>
                                    <Face name={member.name} size={32} />
                                    <Box sx={{ minWidth: 0, lineHeight: 1.35 }}>
                                        <Box sx={{ fontWeight: 570, display: "flex", flexWrap: "wrap", columnGap: 0.75 }}>
                                            {member.name} {!member.active && <Tag>{t("team.inactive")}</Tag>} {member.lead_of_team && <Tag tone="note">{t("team.lead")}</Tag>}
                                        </Box>
                                        <Muted sx={{ display: "block", fontSize: "0.75rem", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{member.email}</Muted>
                                    </Box>
                                </Box>
                                <Muted sx={{ gridArea: "role", alignSelf: { xs: "end", md: "center" }, justifySelf: { xs: "end", md: "start" } }}>{t(`role.${member.role}`)}</Muted>
                                <Box sx={{ gridArea: "load" }}>
                                    <Box sx={{ fontSize: "0.75rem", mb: 0.5 }}>{t("team.load", { load: format.number(member.load), capacity: format.number(member.capacity) })}</Box>
                                    <Bar height={6} total={Math.max(member.capacity, member.load, 1)} label={t("team.load", { load: member.load, capacity: member.capacity })} parts={[{ value: member.load, color: member.load >= member.capacity ? palette.bad.main : palette.primary.main }]} />
                                </Box>
                                <Box sx={{ gridArea: "serves", display: "flex", flexWrap: "wrap", gap: 0.5 }}>
                                    {member.pipeline_ids.map((id) => (
                                        <Tag key={id}>{pipeline(id)?.name ?? id.slice(0, 8)}</Tag>
                                    ))}
                                    {member.pipeline_ids.length === 0 && <Muted sx={{ fontSize: "0.75rem" }}>{t("team.noPipelines")}</Muted>}
                                </Box>
                                {writable ? (
                                    <Tooltip title={t("action.edit")}>
                                        <IconButton aria-label={t("team.editOne", { name: member.name })} onClick={() => setEditing(member)} sx={{ gridArea: "edit", justifySelf: "end" }}>
                                            <Pencil size={15} />
                                        </IconButton>
                                    </Tooltip>
                                ) : (
                                    <Box component="span" sx={{ gridArea: "edit" }} />
                                )}
                            </Box>
                        ))}
                    </Box>
                )}
            </Card>
            {editing && <EditMember key={editing === "new" ? "new" : editing.id} member={editing === "new" ? null : (team.data?.find((member) => member.id === editing.id) ?? editing)} team={team.data ?? []} onClose={() => setEditing(null)} />}
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
    const save = async (next: Values, before: Values) => {
        const body = read(next);
        if (member) {
            const changes = patch(body, read(before));
            const query = leaves(next) && next.hand_over_to ? { hand_over_to: String(next.hand_over_to) } : {};
            await take(api.PATCH("/api/v1/team/{id}", { params: { path: { id: member.id }, query, header: ifMatch(member.version) }, body: changes as Schemas["TeamUpdateInput"] }));
        } else {
            const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ""));
            await take(api.POST("/api/v1/team", { params: { header: once() }, body: given as Schemas["TeamCreateInput"] }));
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
            <Field name="password" label={t("team.password")} type="password" help={member ? t("team.passwordChange") : t("team.passwordNew")} />
        </FormDialog>
    );
}
