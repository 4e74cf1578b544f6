// A list where a table has no room: one is read at a time, or many are chosen.
import { Box, Button, Checkbox, Menu, MenuItem } from "@mui/material";
import { ArrowDownUp, Check } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router-dom";
import type { Entity, Field, Versioned } from "../entities/entity";
import { useWords, type Words } from "../entities/words";
import { useT, useTranslate } from "../providers/i18n";
import { chosenRow, whole } from "./data-table";
import { useList } from "./list";
import { Face, Hidden, Muted } from "./parts";

export function Cards<T extends Versioned>({ fields }: { fields: readonly Field<T>[] }) {
    const t = useT();
    const words = useWords();
    const { entity, rows = [], selection, isFetching, addressOf } = useList<T>();
    const [asked, setAsked] = useState(false);
    const choosing = asked || selection.count > 0;
    const { all, some, toggle } = whole(rows, selection);
    const stop = () => {
        setAsked(false);
        selection.clear();
    };
    const hasBelow = fields.some((field, at) => isBelow(entity, field, at));
    return (
        <>
            <Box sx={{ display: "flex", alignItems: "center", minHeight: 44, pl: choosing ? 0.75 : 0.5, pr: 0.5, borderBottom: 1, borderColor: "divider" }}>
                {choosing ? (
                    <Box component="label" sx={{ display: "flex", alignItems: "center", gap: 0.75, fontSize: "m" }}>
                        <Checkbox checked={all} indeterminate={some} onChange={toggle} sx={{ p: 1.25 }} />
                        {t("list.selectAll")}
                    </Box>
                ) : (
                    <Sorting />
                )}
                <Button onClick={choosing ? stop : () => setAsked(true)} sx={{ ml: "auto", minHeight: 40, color: "text.secondary" }}>
                    {choosing ? t("list.selectEnd") : t("list.selectBegin")}
                </Button>
            </Box>
            <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0, opacity: isFetching ? 0.75 : 1, transition: "opacity 120ms 200ms" }}>
                {rows.map((record) => {
                    const chosen = selection.has(record.id);
                    const label = entity.name(record);
                    const mark = { [`data-${entity.kind}`]: record.id };
                    const row = { display: "flex", alignItems: hasBelow ? "flex-start" : "center", gap: 1.25, px: 1.5, py: 1.125, textDecoration: "none", color: "text.primary", bgcolor: chosen ? chosenRow : undefined, cursor: "pointer" };
                    const text = <CardText record={record} label={label} fields={fields} words={words} />;
                    return (
                        <Box key={record.id} component="li" sx={{ borderBottom: 1, borderColor: "divider", "&:last-of-type": { borderBottom: 0 } }}>
                            {choosing ? (
                                <Box component="label" {...mark} sx={row}>
                                    <Checkbox checked={chosen} onChange={() => selection.toggle(record.id)} slotProps={{ input: { "aria-label": t("list.select", { name: label }) } }} sx={{ width: 34, height: 34 }} />
                                    {text}
                                </Box>
                            ) : (
                                <Box component={Link} to={addressOf(record)} {...mark} sx={row}>
                                    {entity.faces && <Face name={label} size={34} />}
                                    {text}
                                </Box>
                            )}
                        </Box>
                    );
                })}
            </Box>
        </>
    );
}

const isBelow = <T extends Versioned>(entity: Entity<T>, field: Field<T>, at: number) => at > 0 && !entity.atRight?.includes(field.key);

const CUT = { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" } as const;

function CardText<T extends Versioned>({ record, label, fields, words }: { record: T; label: string; fields: readonly Field<T>[]; words: Words }) {
    const t = useT();
    const { entity } = useList<T>();
    const about = entity.about?.(record, words);
    const right = (entity.atRight ?? []).flatMap((key) => fields.find((field) => field.key === key) ?? []);
    const below = fields.filter((field, at) => isBelow(entity, field, at) && field.text(record, words));
    const say = (field: Field<T>) => (field.brief ?? field.show)(record, words);
    // The last of several stands in a line of its own.
    const [upper, lower] = right.length > 1 ? [right.slice(0, -1), right.at(-1)] : [right, undefined];
    return (
        <Box sx={{ minWidth: 0, flex: 1 }}>
            <Box sx={{ display: "flex", gap: 1, lineHeight: 1.35 }}>
                <Box sx={{ minWidth: 0, flex: 1 }}>
                    <Box sx={{ fontWeight: 570, ...CUT }}>{label}</Box>
                    {about && <Muted sx={{ display: "block", fontSize: "s", ...CUT }}>{about}</Muted>}
                </Box>
                <Box sx={{ textAlign: "right", fontSize: "s", flexShrink: 0 }}>
                    <Box sx={{ display: "flex", gap: 0.75, alignItems: "center", justifyContent: "flex-end", minHeight: 20 }}>
                        {upper.map((field) => (
                            <Box key={field.key}>{say(field)}</Box>
                        ))}
                    </Box>
                    {lower && <Muted>{say(lower)}</Muted>}
                </Box>
            </Box>
            {below.length > 0 && (
                <Box component="dl" sx={{ display: "flex", flexWrap: "wrap", columnGap: 1.5, rowGap: 0.375, m: 0, mt: 0.5, fontSize: "s" }}>
                    {below.map((field) => (
                        <Box key={field.key} sx={{ display: "flex", alignItems: "baseline", gap: 0.5, maxWidth: "100%" }}>
                            <Box component="dt" sx={{ color: "text.secondary", whiteSpace: "nowrap" }}>
                                {t(field.label)}
                            </Box>
                            <Box component="dd" sx={{ m: 0, minWidth: 0, overflowWrap: "anywhere" }}>
                                {say(field)}
                            </Box>
                        </Box>
                    ))}
                </Box>
            )}
        </Box>
    );
}

/** The order of a list whose headings are not there to press. */
function Sorting() {
    const t = useT();
    const translate = useTranslate();
    const { entity, sort, setSort } = useList();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const is = (one: (typeof entity.orders)[number]) => one.field === sort.field && one.order === sort.order;
    const say = (one: typeof sort) => translate(`list.order.${one.field}.${one.order}`);
    return (
        <>
            <Button aria-haspopup="menu" aria-expanded={anchor !== null} startIcon={<ArrowDownUp size={14} aria-hidden="true" />} onClick={(event) => setAnchor(event.currentTarget)} sx={{ minHeight: 40, fontWeight: 500 }}>
                <Hidden>{t("list.sort")}: </Hidden>
                {say(sort)}
            </Button>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
                {entity.orders.map((one) => (
                    <MenuItem
                        key={`${one.field}-${one.order}`}
                        role="menuitemradio"
                        aria-checked={is(one)}
                        onClick={() => {
                            setAnchor(null);
                            setSort(one);
                        }}
                        sx={{ minHeight: 40 }}
                    >
                        <Box sx={{ width: 16 }}>{is(one) && <Check size={14} aria-hidden="true" />}</Box>
                        {say(one)}
                    </MenuItem>
                ))}
            </Menu>
        </>
    );
}
