// Members of the team: who does what, and how much they carry.
import { Box } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import type { Schemas } from "../api/client";
import { Bar, Muted, Tag } from "../ui/parts";
import { entity, type Field } from "./entity";
import { moment, plain } from "./parts";
import type { Words } from "./words";

export type Member = Schemas["MemberView"];

export const ROLES = ["admin", "manager", "sales", "viewer"] as const;

const loadOf = (member: Member, { t, format }: Words) => t("team.load", { load: format.number(member.load), capacity: format.number(member.capacity) });

function Load({ member, words }: { member: Member; words: Words }) {
    const { palette } = useTheme();
    return (
        <Box sx={{ minWidth: 120 }}>
            <Box sx={{ fontSize: "s", mb: 0.5 }}>{loadOf(member, words)}</Box>
            <Bar height={6} total={Math.max(member.capacity, member.load, 1)} label={loadOf(member, words)} parts={[{ value: member.load, color: member.load >= member.capacity ? palette.bad.main : palette.primary.main }]} />
        </Box>
    );
}

const FIELDS: Field<Member>[] = [
    {
        key: "name",
        api: "name",
        label: "field.name",
        sort: "name",
        first: "ASC",
        width: 240,
        text: (member) => member.name,
        show: (member) => member.name,
    },
    { key: "role", api: "role", label: "field.role", edit: { kind: "choice", values: ROLES, say: "role" }, filter: { kind: "choice", words: ROLES, plain: { in: "role" }, choices: { of: "words", values: ROLES, say: "role" }, quick: true }, text: (member, { t }) => t(`role.${member.role}`), show: (member, { t }) => t(`role.${member.role}`) },
    { key: "load", api: "load", label: "field.load", width: 180, text: loadOf, show: (member, words) => <Load member={member} words={words} />, brief: loadOf },
    {
        key: "pipelines",
        api: "pipeline_ids",
        label: "field.pipeline_ids",
        width: 280,
        text: (member, { pipeline }) => member.pipeline_ids.flatMap((id) => pipeline(id)?.name ?? []).join(", "),
        show: (member, { pipeline, t }) => (
            <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.5 }}>
                {member.pipeline_ids.map((id) => (
                    <Tag key={id}>{pipeline(id)?.name ?? id.slice(0, 8)}</Tag>
                ))}
                {member.pipeline_ids.length === 0 && <Muted sx={{ fontSize: "s" }}>{t("team.noPipelines")}</Muted>}
            </Box>
        ),
    },
    { key: "active", api: "active", label: "field.active", filter: { kind: "flag", plain: { is: "active" } }, text: (member, { t }) => t(member.active ? "team.yes" : "team.no"), show: (member, { t }) => (member.active ? t("team.yes") : <Tag>{t("team.inactive")}</Tag>) },
    plain("email", "email", (member) => member.email, { sort: "email", first: "ASC" }),
    plain("capacity", "capacity", (member, { format }) => format.number(member.capacity), { align: "right" }),
    plain("slack", "slack_user_id", (member) => member.slack_user_id, { edit: { kind: "text" } }),
    moment("created", "created_at", (member) => member.created_at, { sort: "created_at" }),
];

export const MEMBER = entity<Member>({
    kind: "member",
    resource: "team",
    area: "team",
    alone: false,
    page: "/team",
    title: "nav.team",
    fields: FIELDS,
    more: [{ name: "q", label: "team.search", kind: "search", plain: { in: "q" } }],
    name: (member) => member.name,
    about: (member, { t }) => (
        <>
            {member.email} {!member.active && <Tag>{t("team.inactive")}</Tag>} {member.lead_of_team && <Tag tone="note">{t("team.lead")}</Tag>}
        </>
    ),
    to: (member) => `/team?member=${member.id}`,
    panel: "member",
    faces: true,
    columns: ["role", "load", "pipelines"],
    facts: ["role", "load", "pipelines"],
    sort: { field: "name", order: "ASC" },
    orders: [
        { field: "name", order: "ASC" },
        { field: "email", order: "ASC" },
        { field: "created_at", order: "DESC" },
    ],
    views: [],
    /** Somebody who leaves hands everything over. */
    stale: ["team", "lead", "leads", "board", "deal", "deals", "tasks", "home"],
});
