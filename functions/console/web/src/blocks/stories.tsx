// Each building block by itself, in the states it can be in: to look at while one works on it, and for axe.
import { Box, Button, TextField } from "@mui/material";
import { QueryClient } from "@tanstack/react-query";
import { Pencil, Scale, Trash2, Users } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Actions } from "../ui/actions";
import { Async } from "../ui/async";
import { Bars, Funnel, OverTime } from "../ui/charts";
import { ColorIconPick } from "../ui/color-icon-pick";
import { DateField } from "../ui/date-field";
import { EditFact } from "../ui/edit-fact";
import { EntityPick } from "../ui/entity-pick";
import { Fact, Facts, Section } from "../ui/facts";
import { MoneyField, PersonPick, TagField } from "../ui/inputs";
import { Bar, Card, Empty, Face, StatusTag, Tag, TierBadge, When } from "../ui/parts";
import { SidePanel } from "../ui/side-panel";
import { SimpleTable } from "../ui/simple-table";
import { SortableList } from "../ui/sortable-list";

// What stands in them is nobody's, and need not be translated.
const WORDS = { name: "Aylin Demir", long: "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenstelle", phone: "+49 711 123", people: ["Aylin", "Jonas", "Peter"], stages: ["Inbox", "Offer", "Negotiation"], title: "Pipelines", open: "Open the panel" };
const COLORS = ["#4a6fb5", "#20897c", "#8a55ad"];
const member = (id: string, name: string, load: number, role = "sales") => ({ id, name, email: `${id}@a.example`, active: true, role, load, capacity: 12, pipeline_ids: id === "a" ? ["p"] : [] });

/** Somebody, a team and a pipeline, as if they had been read. */
export function blocksClient(): QueryClient {
    const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false } } });
    client.setQueryData(["me"], { scopes: ["leads:read", "leads:write", "deals:read", "deals:write", "tasks:read", "tasks:write"], tenant: { name: "T", zone: "Europe/Berlin", language: "en" }, member: null });
    client.setQueryData(["team", "all"], [member("a", "Aylin Demir", 5), member("j", "Jonas Weber", 12), member("v", "Peter Lindner", 0, "viewer")]);
    client.setQueryData(["pipelines", "all"], []);
    return client;
}

export interface Story {
    name: string;
    show: () => ReactNode;
}

const reading = <T,>(data?: T, error?: unknown) => ({ data, error: error ?? null, refetch: () => undefined });
const list = (names: string[]) => (
    <Box component="ul" sx={{ m: 0 }}>
        {names.map((name) => (
            <li key={name}>{name}</li>
        ))}
    </Box>
);
const none = <Empty compact icon={Users} title={WORDS.title} hint={WORDS.long} />;

function Held<V>({ first, children }: { first: V; children: (value: V, set: (value: V) => void) => ReactNode }) {
    const [value, set] = useState(first);
    return children(value, set);
}

function Panel() {
    const [open, setOpen] = useState(true);
    return open ? (
        <SidePanel id="x" title={WORDS.name} onClose={() => setOpen(false)} onNext={() => undefined}>
            <h2>{WORDS.name}</h2>
        </SidePanel>
    ) : (
        <Button onClick={() => setOpen(true)}>{WORDS.open}</Button>
    );
}

const async = (name: string, of: ReturnType<typeof reading<string[]>>): Story => ({ name: `Async: ${name}`, show: () => <Card title={WORDS.title}><Async of={of} lines={3} height={24} empty={none}>{list}</Async></Card> });

export const STORIES: Story[] = [
    async("loading", reading<string[]>()),
    async("failed", reading<string[]>(undefined, new Error("x"))),
    async("empty", reading<string[]>([])),
    async("content", reading(WORDS.people)),
    {
        name: "Section, Facts, EditFact",
        show: () => (
            <Section title={WORDS.title}>
                <Facts>
                    <Fact label={WORDS.people[0]}>{WORDS.long}</Fact>
                    <Fact label={WORDS.people[1]} />
                    <EditFact label={WORDS.people[2]!} value={WORDS.phone} draft="story" save={async () => ({})} editor={({ value, label, change }) => <TextField value={value} autoFocus onChange={(event) => change(event.target.value)} slotProps={{ htmlInput: { "aria-label": label } }} />}>
                        {WORDS.phone}
                    </EditFact>
                </Facts>
            </Section>
        ),
    },
    { name: "SimpleTable", show: () => <SimpleTable label={WORDS.title} rows={WORDS.people} keyOf={(name) => name} columns={[{ key: "name", label: WORDS.people[0], cell: (name) => name }, { key: "size", label: WORDS.people[1], figure: true, cell: (name) => name.length }]} /> },
    { name: "Bars", show: () => <Bars label={WORDS.title} names={WORDS.title} shown={String} rows={WORDS.people.map((name, row) => ({ key: name, name, parts: WORDS.stages.map((stage, at) => ({ name: stage, color: COLORS[at]!, value: (row + 1) * (at + 2) })) }))} /> },
    { name: "OverTime", show: () => <OverTime label={WORDS.title} names={WORDS.title} series={WORDS.people.map((name, at) => ({ name, color: COLORS[at]! }))} points={[0, 3, 5, 9].map((day) => ({ at: day * 86_400_000, values: [day * 4, 12, day * day] }))} marks={[{ name: WORDS.stages[0]!, color: COLORS[2]!, value: 40 }]} day={(at) => String(at / 86_400_000)} moment={(at) => String(at / 86_400_000)} shown={String} /> },
    { name: "Funnel", show: () => <Funnel label={WORDS.title} steps={WORDS.stages.map((name, at) => ({ key: name, name, color: COLORS[at]!, value: 90 / (at + 1) }))} shown={String} percent={(value) => `${Math.round(value)} %`} /> },
    {
        name: "Actions",
        show: () => (
            <Actions
                of={[
                    { key: "a", label: WORDS.people[0]!, icon: Pencil, primary: true, run: () => undefined },
                    { key: "b", label: WORDS.people[1]!, icon: Scale, run: () => undefined },
                    { key: "c", label: WORDS.people[2]!, icon: Scale, run: () => undefined },
                    { key: "d", label: WORDS.stages[0]!, icon: Trash2, grave: true, run: () => undefined },
                ]}
            />
        ),
    },
    { name: "PersonPick", show: () => <Held<string | null> first={null}>{(value, set) => <PersonPick label={WORDS.name} value={value} pipeline="p" none={WORDS.people[2]} onChange={set} fullWidth />}</Held> },
    { name: "EntityPick", show: () => <Held<{ id: string } | null> first={null}>{(value, set) => <EntityPick of="story" search={async () => WORDS.people.map((id) => ({ id }))} nameOf={({ id }) => id} label={WORDS.name} value={value} onChange={set} />}</Held> },
    { name: "MoneyField", show: () => <Held<number | null> first={123450}>{(value, set) => <MoneyField label={WORDS.title} value={value} currency="EUR" onChange={set} />}</Held> },
    { name: "DateField", show: () => <Held first="2026-11-28">{(value, set) => <DateField label={WORDS.title} value={value} onChange={set} />}</Held> },
    { name: "TagField", show: () => <Held<string[]> first={WORDS.people}>{(value, set) => <TagField label={WORDS.title} value={value} onChange={set} />}</Held> },
    { name: "ColorIconPick", show: () => <Held first={{ color: COLORS[0]!, icon: "phone" }}>{(value, set) => <ColorIconPick value={value} onChange={set} />}</Held> },
    { name: "SortableList", show: () => <Held first={WORDS.stages}>{(value, set) => <SortableList label={WORDS.title} items={value.map((name) => ({ id: name, name }))} onSort={set} />}</Held> },
    { name: "SidePanel", show: () => <Panel /> },
    {
        name: "Parts",
        show: () => (
            <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
                {(["cold", "warm", "hot", "very_hot"] as const).map((tier) => (
                    <TierBadge key={tier} tier={tier} />
                ))}
                {(["plain", "good", "bad", "note"] as const).map((tone) => (
                    <Tag key={tone} tone={tone}>
                        {tone}
                    </Tag>
                ))}
                <StatusTag of="dealStatus" status="won" />
                <Face name={WORDS.name} />
                <When at="2026-11-28T10:00:00Z" />
                <Box sx={{ width: 120 }}>
                    <Bar total={10} label={WORDS.title} parts={[{ value: 4, color: COLORS[0]! }, { value: 3, color: COLORS[1]! }]} />
                </Box>
            </Box>
        ),
    },
];
