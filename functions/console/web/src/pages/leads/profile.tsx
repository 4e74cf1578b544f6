// What is known about a lead, to be changed where it stands; its open deal, and who it may be, too.
import { Box, TextField } from "@mui/material";
import { Link } from "react-router-dom";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { EditFact } from "../../ui/edit-fact";
import { Fact, Facts } from "../../ui/facts";
import { PersonPick, TagField } from "../../ui/inputs";
import { useMay, usePipelines, useTeam } from "../../ui/known";
import { leadName, mailTo, useLabel, useStageName } from "../../ui/labels";
import { Card, Face, Muted, Tag, When } from "../../ui/parts";
import { FACTS, type FactName, useLeadChange } from "./changes";
import { type LeadDetails, useLead } from "./queries";

export function Profile({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const label = useLabel();
    const stageName = useStageName();
    const { pipeline, stage } = usePipelines();
    const [line, place] = [pipeline(lead.pipeline_id), stage(lead.stage_id)];
    return (
        <Box component="aside" aria-label={t("lead.profile")} sx={{ display: "grid", gap: 2 }}>
            <OpenDeal lead={lead} />
            <Card title={t("lead.profile")}>
                <Facts>
                    <Owner lead={lead} />
                    <Fact label={t("lead.pipeline")}>{line ? `${line.name}${place ? ` · ${stageName(place.name)}` : ""}` : t("lead.pool")}</Fact>
                    <Text lead={lead} name="email">{lead.email && <a href={mailTo(lead.email)} style={{ color: "inherit" }}>{lead.email}</a>}</Text>
                    <Text lead={lead} name="phone">{lead.phone && <a href={`tel:${lead.phone}`} style={{ color: "inherit" }}>{lead.phone}</a>}</Text>
                    <Fact label={t("lead.linkedin")}>
                        {lead.linkedin_url && (
                            <a href={`https://www.linkedin.com/${lead.linkedin_url}`} target="_blank" rel="noreferrer noopener" style={{ color: "inherit" }}>
                                {lead.linkedin_url.replace(/^in\//, "")}
                            </a>
                        )}
                    </Fact>
                    <Text lead={lead} name="company">{lead.company}</Text>
                    <Text lead={lead} name="job_title">{lead.job_title}</Text>
                    <Text lead={lead} name="country">{lead.country && countryName(lead.country, format.region)}</Text>
                    <Fact label={t("lead.source")}>{lead.source && label("source", lead.source)}</Fact>
                    <Text lead={lead} name="campaign">{lead.campaign}</Text>
                    <Tags lead={lead} />
                    <Fact label={t("lead.firstSeen")}>{lead.first_seen_at && <When at={lead.first_seen_at} exact />}</Fact>
                    <Fact label={t("lead.lastActive")}>{lead.last_activity_at && <When at={lead.last_activity_at} />}</Fact>
                    {lead.routed_at && <Fact label={t("lead.routedAt")}><When at={lead.routed_at} exact /></Fact>}
                    {Object.entries(lead.custom ?? {}).map(([name, value]) => (
                        <Fact key={name} label={label("field", name)}>
                            {typeof value === "object" ? JSON.stringify(value) : String(value)}
                        </Fact>
                    ))}
                </Facts>
            </Card>
            {lead.suspected_duplicates.length > 0 && (
                <Card title={t("lead.duplicates")}>
                    <Box component="ul" sx={{ m: 0, pl: 2, fontSize: "m" }}>
                        {lead.suspected_duplicates.map((other) => (
                            <Duplicate key={other} id={other} />
                        ))}
                    </Box>
                </Card>
            )}
        </Box>
    );
}

const useWritable = (lead: LeadDetails) => useMay()("leads", "write") && lead.status !== "anonymized";

function Text({ lead, name, children }: { lead: LeadDetails; name: Exclude<FactName, "owner_id" | "tags">; children: React.ReactNode }) {
    const t = useT();
    const writable = useWritable(lead);
    const change = useLeadChange(lead);
    return (
        <EditFact
            label={t(FACTS[name])}
            value={lead[name] ?? ""}
            version={lead.version}
            draft={`lead/${lead.id}/${name}`}
            save={writable ? (value, seen) => change(name, value.trim() || null, { ...seen, value: seen.value || null }) : undefined}
            editor={({ value, label, change }) => <TextField value={value} onChange={(event) => change(event.target.value)} autoFocus fullWidth slotProps={{ htmlInput: { "aria-label": label, maxLength: 300 } }} />}
        >
            {children}
        </EditFact>
    );
}

function Owner({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const writable = useWritable(lead);
    const change = useLeadChange(lead);
    const { nameOf } = useTeam();
    const owner = nameOf(lead.owner_id) ?? (lead.owner?.id === lead.owner_id ? lead.owner?.name : null);
    return (
        <EditFact label={t("lead.owner")} value={lead.owner_id ?? null} draft={`lead/${lead.id}/owner`} version={lead.version} save={writable ? (id, seen) => change("owner_id", id, seen) : undefined} editor={({ value, label, commit, leave }) => <PersonPick label={label} value={value} pipeline={lead.pipeline_id} none={t("lead.nobody")} opened autoFocus fullWidth onChange={(id) => commit(id)} onClosed={leave} />}>
            {owner && (
                <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 0.75 }}>
                    <Face name={owner} size={18} />
                    {owner}
                </Box>
            )}
        </EditFact>
    );
}

function Tags({ lead }: { lead: LeadDetails }) {
    const t = useT();
    const writable = useWritable(lead);
    const change = useLeadChange(lead);
    return (
        <EditFact label={t("lead.tags")} value={lead.tags} draft={`lead/${lead.id}/tags`} version={lead.version} save={writable ? (tags, seen) => change("tags", tags, seen) : undefined} editor={({ value, label, change }) => <TagField label={label} value={value} onChange={change} autoFocus fullWidth />}>
            {lead.tags.length > 0 && (
                <Box sx={{ display: "flex", flexWrap: "wrap", gap: 0.5 }}>
                    {lead.tags.map((tag) => (
                        <Tag key={tag}>{tag}</Tag>
                    ))}
                </Box>
            )}
        </EditFact>
    );
}

function OpenDeal({ lead: { open_deal: deal, stage_id } }: { lead: LeadDetails }) {
    const t = useT();
    const format = useFormat();
    const stageName = useStageName();
    const { stage } = usePipelines();
    if (!deal) return null;
    return (
        <Card title={t("lead.openDeal")}>
            <Box component={Link} to={`/board/${deal.pipeline_id}?deal=${deal.id}`} sx={{ color: "text.primary", fontWeight: 570, overflowWrap: "anywhere" }}>
                {deal.name}
            </Box>
            <Box sx={{ display: "flex", alignItems: "center", gap: 0.75, fontSize: "m", mt: 0.5, color: "text.secondary" }}>
                <Box aria-hidden="true" sx={{ width: 8, height: 8, borderRadius: "50%", bgcolor: stage(stage_id)?.color ?? "divider" }} />
                {deal.pipeline_name} · {stageName(deal.stage_name)}
            </Box>
            <Box sx={{ fontSize: "xxl", fontWeight: 650, mt: 0.75 }}>{format.money(deal.value_minor, deal.currency)}</Box>
        </Card>
    );
}

function Duplicate({ id }: { id: string }) {
    const { data } = useLead(id);
    return (
        <li>
            <Box component={Link} to={`/leads/${id}`} sx={{ color: "text.primary", overflowWrap: "anywhere" }}>
                {data ? leadName(data) : id.slice(0, 8)}
            </Box>{" "}
            <Muted sx={{ overflowWrap: "anywhere" }}>{data?.email}</Muted>
        </li>
    );
}

function countryName(code: string, region: string): string {
    if (!/^[A-Z]{2}$/.test(code)) return code;
    return new Intl.DisplayNames(region, { type: "region", fallback: "code" }).of(code) ?? code;
}
