// The list of leads: filter, sort, choose columns, select many, take it along as a file.
import { Alert, Box, Button, Checkbox, IconButton, Menu, MenuItem, Skeleton, Table, TableBody, TableCell, TableContainer, TableHead, TableRow, TableSortLabel, Tooltip, useMediaQuery } from "@mui/material";
import { type Theme, useTheme } from "@mui/material/styles";
import { ArrowDownUp, Check, ChevronLeft, ChevronRight, Columns3Cog, Download, SearchX, Tag as TagIcon, Unplug, UserRound, X } from "lucide-react";
import { useDataProvider, useNotify, useStore, useTranslate } from "ra-core";
import { useState } from "react";
import { Link, useHref, useNavigate } from "react-router-dom";
import { ApiError, sayError } from "../../api/problem";
import { useReread } from "../../api/reread";
import { useFormat } from "../../i18n/format";
import { browserZone } from "../../i18n/zone";
import { type FileStyle, fileOf, listFile } from "../../providers/data";
import { type MessageKey, useLanguage, useT } from "../../providers/i18n";
import { useMay, useZone } from "../../ui/known";
import { download } from "../../ui/download";
import { Field, FormDialog } from "../../ui/form";
import { leadName } from "../../ui/labels";
import { ListProvider, type Selection, useList } from "../../ui/list";
import { useOwners } from "../../ui/owners";
import { Empty, Face, Failed, Hidden, Muted, PageHead, TierBadge, When } from "../../ui/parts";
import { about, type Column, FACTS_AT_FIRST, type Lead, SHOWN_AT_FIRST, shownColumns, useColumns } from "./columns";
import { isPool, LeadFilters, Views } from "./filters";
import { LEADS } from "./spec";

export function LeadList() {
    return (
        <ListProvider spec={LEADS}>
            <Content />
        </ListProvider>
    );
}

function Content() {
    const t = useT();
    const format = useFormat();
    const theme = useTheme();
    const phone = useMediaQuery(theme.breakpoints.down("sm"), { noSsr: true });
    const list = useList<Lead>();
    const columns = useColumns();
    // What fits a table would crowd a card, so each keeps its own choice.
    const [chosen, setChosen] = useStore<string[]>(phone ? "leads.facts" : "leads.columns", phone ? FACTS_AT_FIRST : SHOWN_AT_FIRST);
    const shown = shownColumns(columns, chosen, isPool(list.filters));
    const filtered = Object.keys(list.filters).length > 0;
    const clear = filtered && (
        <Button variant="outlined" onClick={() => list.setFilters({})}>
            {t("leads.clear")}
        </Button>
    );
    return (
        <>
            <PageHead title={t("nav.leads")} hint={list.total !== undefined && (list.atLeast ? t("leads.atLeast", { total: format.number(list.total) }) : format.number(list.total))}>
                <ColumnChoice label={phone ? "leads.facts" : "leads.columns"} columns={columns} chosen={chosen} choose={setChosen} />
                <Export columns={shown} />
            </PageHead>
            <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: 1.25, mb: 1.5 }}>
                <Views />
                <LeadFilters />
            </Box>
            <Dropped names={list.dropped} />
            <Box sx={{ bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 1.25, overflow: "hidden" }}>
                {list.isCut ? (
                    <Empty icon={Unplug} title={t("leads.cut")} hint={t("leads.cutHint")} />
                ) : list.error ? (
                    <Failed error={list.error} retry={list.refetch} action={clear} />
                ) : !list.rows ? (
                    <Loading phone={phone} />
                ) : list.rows.length === 0 ? (
                    <Empty
                        icon={SearchX}
                        title={filtered ? t("leads.noneFound") : t("leads.none")}
                        hint={filtered ? t("leads.noneFoundHint") : t("leads.noneHint")}
                        action={clear}
                    />
                ) : phone ? (
                    <Cards leads={list.rows} facts={shown} />
                ) : (
                    <Rows leads={list.rows} columns={shown} />
                )}
            </Box>
            <Pages />
            <Bulk columns={shown} />
        </>
    );
}

/** What the address asks for and the list does not know: an old link, or a mistyped one. */
function Dropped({ names }: { names: string[] }) {
    const t = useT();
    const translate = useTranslate();
    if (names.length === 0) return null;
    return (
        <Alert severity="info" variant="outlined" sx={{ mb: 1.5 }}>
            {t("leads.dropped", { names: names.map((name) => translate(`field.${name}`, { _: name })).join(", ") })}
        </Alert>
    );
}

function Loading({ phone }: { phone: boolean }) {
    const t = useT();
    return (
        <Box role="status" aria-label={t("state.loading")}>
            {Array.from({ length: phone ? 6 : 12 }, (_, at) => (
                <Box key={at} sx={{ display: "flex", alignItems: "center", gap: 2, px: 2, height: phone ? 64 : 47, borderBottom: 1, borderColor: "divider" }}>
                    <Skeleton variant="circular" width={26} height={26} />
                    <Skeleton variant="rounded" width={`${18 + ((at * 7) % 9)}%`} height={14} />
                    {!phone && [0, 1, 2, 3].map((each) => <Skeleton key={each} variant="rounded" width="11%" height={14} />)}
                </Box>
            ))}
        </Box>
    );
}

/** A selected row: no colour that a tag in it has, and no transparency, since other columns slide below the pinned ones. */
const chosenRow = ({ palette }: Theme) => `color-mix(in srgb, ${palette.primary.main} 12%, ${palette.background.paper})`;

/** Box and name stay in sight when many columns are looked through; what slides below must not shine through. */
const PINNED = { position: "sticky", left: 0, zIndex: 1, bgcolor: "inherit", width: 46 } as const;

function Rows({ leads, columns }: { leads: Lead[]; columns: Column[] }) {
    const t = useT();
    const go = useNavigate();
    const home = useHref("/leads");
    const open = (event: React.MouseEvent, lead: Lead) => {
        // Links and boxes act by themselves; marking text is no click.
        if ((event.target as Element).closest("a,button,input,label") || getSelection()?.toString()) return;
        // As a link would: in a tab of its own with Ctrl, Cmd or the middle button.
        if (event.ctrlKey || event.metaKey || event.button === 1) window.open(`${home}/${lead.id}`, "_blank", "noopener");
        else go(`/leads/${lead.id}`);
    };
    const { sort, setSort, selection, isFetching } = useList<Lead>();
    const { all, some, toggle } = whole(leads, selection);
    return (
        <TableContainer tabIndex={0} role="region" aria-label={t("nav.leads")} sx={{ opacity: isFetching ? 0.75 : 1, transition: "opacity 120ms 200ms" }}>
            <Table size="small" aria-rowcount={leads.length} sx={{ "& .MuiTableCell-root:not(.MuiTableCell-paddingCheckbox)": { px: 1 } }}>
                <TableHead>
                    <TableRow sx={{ bgcolor: "background.paper" }}>
                        <TableCell padding="checkbox" sx={PINNED}>
                            <Checkbox checked={all} indeterminate={some} onChange={toggle} slotProps={{ input: { "aria-label": t("leads.selectAll") } }} />
                        </TableCell>
                        {columns.map((column) => (
                            <TableCell key={column.key} align={column.align} sx={column.key === "name" ? { ...PINNED, left: 46, minWidth: 210, width: "100%" } : undefined} sortDirection={sort.field === column.sort ? (sort.order === "ASC" ? "asc" : "desc") : false}>
                                {column.sort ? (
                                    <TableSortLabel active={sort.field === column.sort} direction={sort.field === column.sort && sort.order === "ASC" ? "asc" : "desc"} onClick={() => setSort({ field: column.sort!, order: sort.field === column.sort && sort.order === "DESC" ? "ASC" : "DESC" })}>
                                        {t(column.label)}
                                    </TableSortLabel>
                                ) : (
                                    t(column.label)
                                )}
                            </TableCell>
                        ))}
                    </TableRow>
                </TableHead>
                <TableBody>
                    {leads.map((lead) => (
                        <TableRow
                            key={lead.id}
                            hover
                            selected={selection.has(lead.id)}
                            data-lead={lead.id}
                            onClick={(event) => open(event, lead)}
                            onAuxClick={(event) => event.button === 1 && open(event, lead)}
                            sx={{ cursor: "pointer", bgcolor: "background.paper", "&.MuiTableRow-hover:hover": { bgcolor: "subtle" }, "&.Mui-selected, &.Mui-selected.MuiTableRow-hover:hover": { bgcolor: chosenRow }, "&:last-child td": { borderBottom: 0 } }}
                        >
                            <TableCell padding="checkbox" sx={PINNED}>
                                <Checkbox checked={selection.has(lead.id)} onChange={(event) => selection.toggle(lead.id, (event.nativeEvent as MouseEvent).shiftKey)} slotProps={{ input: { "aria-label": t("leads.select", { name: leadName(lead) }) } }} />
                            </TableCell>
                            {columns.map((column) => (
                                <TableCell key={column.key} align={column.align} sx={column.key === "name" ? { ...PINNED, left: 46, maxWidth: 0 } : undefined}>
                                    {column.render(lead)}
                                </TableCell>
                            ))}
                        </TableRow>
                    ))}
                </TableBody>
            </Table>
        </TableContainer>
    );
}

/** The same list where a table has no room: one is read at a time, or many are chosen. */
function Cards({ leads, facts }: { leads: Lead[]; facts: Column[] }) {
    const t = useT();
    const { selection, isFetching } = useList<Lead>();
    const [asked, setAsked] = useState(false);
    const choosing = asked || selection.ids.length > 0;
    const { all, some, toggle } = whole(leads, selection);
    const stop = () => {
        setAsked(false);
        selection.clear();
    };
    return (
        <>
            <Box sx={{ display: "flex", alignItems: "center", minHeight: 44, pl: choosing ? 0.75 : 0.5, pr: 0.5, borderBottom: 1, borderColor: "divider" }}>
                {choosing ? (
                    <Box component="label" sx={{ display: "flex", alignItems: "center", gap: 0.75, fontSize: "0.8125rem" }}>
                        <Checkbox checked={all} indeterminate={some} onChange={toggle} sx={{ p: 1.25 }} />
                        {t("leads.selectAll")}
                    </Box>
                ) : (
                    <Sorting />
                )}
                <Button onClick={choosing ? stop : () => setAsked(true)} sx={{ ml: "auto", minHeight: 40, color: "text.secondary" }}>
                    {choosing ? t("leads.selectEnd") : t("leads.selectBegin")}
                </Button>
            </Box>
            <Box component="ul" sx={{ listStyle: "none", m: 0, p: 0, opacity: isFetching ? 0.75 : 1, transition: "opacity 120ms 200ms" }}>
                {leads.map((lead) => {
                    const chosen = selection.has(lead.id);
                    const row = { display: "flex", alignItems: facts.some(isBelow) ? "flex-start" : "center", gap: 1.25, px: 1.5, py: 1.125, textDecoration: "none", color: "text.primary", bgcolor: chosen ? chosenRow : undefined, cursor: "pointer" };
                    return (
                        <Box key={lead.id} component="li" sx={{ borderBottom: 1, borderColor: "divider", "&:last-of-type": { borderBottom: 0 } }}>
                            {choosing ? (
                                <Box component="label" data-lead={lead.id} sx={row}>
                                    <Checkbox checked={chosen} onChange={() => selection.toggle(lead.id)} slotProps={{ input: { "aria-label": t("leads.select", { name: leadName(lead) }) } }} sx={{ width: 34, height: 34 }} />
                                    <CardText lead={lead} facts={facts} />
                                </Box>
                            ) : (
                                <Box component={Link} to={`/leads/${lead.id}`} data-lead={lead.id} sx={row}>
                                    <Face name={leadName(lead)} size={34} />
                                    <CardText lead={lead} facts={facts} />
                                </Box>
                            )}
                        </Box>
                    );
                })}
            </Box>
        </>
    );
}

/** These stand at the card's right, without a heading, as everybody knows them; what else is chosen stands below, with one. */
const AT_THE_RIGHT = ["tier", "score", "activity"];
const isBelow = (fact: Column) => fact.key !== "name" && !AT_THE_RIGHT.includes(fact.key);

function CardText({ lead, facts }: { lead: Lead; facts: Column[] }) {
    const t = useT();
    const format = useFormat();
    const shows = (key: string) => facts.some((fact) => fact.key === key);
    const below = facts.filter((fact) => isBelow(fact) && fact.text(lead));
    const cut = { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" };
    return (
        <Box sx={{ minWidth: 0, flex: 1 }}>
            <Box sx={{ display: "flex", gap: 1, lineHeight: 1.35 }}>
                <Box sx={{ minWidth: 0, flex: 1 }}>
                    <Box sx={{ fontWeight: 570, ...cut }}>{leadName(lead)}</Box>
                    <Muted sx={{ display: "block", fontSize: "0.75rem", ...cut }}>{about(lead)}</Muted>
                </Box>
                <Box sx={{ textAlign: "right", fontSize: "0.75rem", flexShrink: 0 }}>
                    <Box sx={{ display: "flex", gap: 0.75, alignItems: "center", justifyContent: "flex-end", minHeight: 20 }}>
                        {shows("tier") && <TierBadge tier={lead.tier} bare />}
                        {shows("score") && <Box sx={{ fontWeight: 650, fontSize: "0.875rem" }}>{format.number(lead.total_score)}</Box>}
                    </Box>
                    {shows("activity") && (
                        <Muted>
                            <When at={lead.last_activity_at} />
                        </Muted>
                    )}
                </Box>
            </Box>
            {below.length > 0 && (
                <Box component="dl" sx={{ display: "flex", flexWrap: "wrap", columnGap: 1.5, rowGap: 0.375, m: 0, mt: 0.5, fontSize: "0.75rem" }}>
                    {below.map((fact) => (
                        <Box key={fact.key} sx={{ display: "flex", alignItems: "baseline", gap: 0.5, maxWidth: "100%" }}>
                            <Box component="dt" sx={{ color: "text.secondary", whiteSpace: "nowrap" }}>
                                {t(fact.label)}
                            </Box>
                            <Box component="dd" sx={{ m: 0, minWidth: 0, overflowWrap: "anywhere" }}>
                                {(fact.brief ?? fact.render)(lead)}
                            </Box>
                        </Box>
                    ))}
                </Box>
            )}
        </Box>
    );
}

const ORDERS = [
    { field: "total_score", order: "DESC" },
    { field: "total_score", order: "ASC" },
    { field: "last_activity_at", order: "DESC" },
    { field: "last_activity_at", order: "ASC" },
    { field: "created_at", order: "DESC" },
    { field: "created_at", order: "ASC" },
] as const;

/** The order of a list whose headings are not there to press. */
function Sorting() {
    const t = useT();
    const { sort, setSort } = useList<Lead>();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const is = (one: (typeof ORDERS)[number]) => one.field === sort.field && one.order === sort.order;
    const now = ORDERS.find(is) ?? ORDERS[0];
    return (
        <>
            <Button aria-haspopup="menu" aria-expanded={anchor !== null} startIcon={<ArrowDownUp size={14} aria-hidden="true" />} onClick={(event) => setAnchor(event.currentTarget)} sx={{ minHeight: 40, fontWeight: 500 }}>
                <Hidden>{t("leads.sort")}: </Hidden>
                {t(`leads.order.${now.field}.${now.order}`)}
            </Button>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
                {ORDERS.map((one) => (
                    <MenuItem
                        key={`${one.field}-${one.order}`}
                        role="menuitemradio"
                        aria-checked={is(one)}
                        onClick={() => {
                            setAnchor(null);
                            setSort({ field: one.field, order: one.order });
                        }}
                        sx={{ minHeight: 40 }}
                    >
                        <Box sx={{ width: 16 }}>{is(one) && <Check size={14} aria-hidden="true" />}</Box>
                        {t(`leads.order.${one.field}.${one.order}`)}
                    </MenuItem>
                ))}
            </Menu>
        </>
    );
}

/** The box that stands for all of a page. */
function whole(leads: Lead[], selection: Selection) {
    const ids = leads.map((lead) => lead.id);
    const all = ids.every((id) => selection.has(id));
    const toggle = () => selection.set(all ? selection.ids.filter((id) => !ids.includes(id)) : [...new Set([...selection.ids, ...ids])]);
    return { all, some: !all && ids.some((id) => selection.has(id)), toggle };
}

function Pages() {
    const t = useT();
    const format = useFormat();
    const { spec, page, total, setPage, atLeast } = useList();
    const { perPage } = spec;
    if (!total) return null;
    const last = Math.max(1, Math.ceil(total / perPage));
    return (
        <Box component="nav" aria-label={t("leads.pages")} sx={{ display: "flex", alignItems: "center", justifyContent: "flex-end", gap: 0.5, mt: 1, color: "text.secondary", fontSize: "0.8125rem" }}>
            <span>{t("leads.range", { from: format.number((page - 1) * perPage + 1), to: format.number(Math.min(page * perPage, total)), total: atLeast ? t("leads.atLeast", { total: format.number(total) }) : format.number(total) })}</span>
            <IconButton aria-label={t("leads.previous")} disabled={page <= 1} onClick={() => setPage(page - 1)}>
                <ChevronLeft size={17} />
            </IconButton>
            <IconButton aria-label={t("leads.next")} disabled={page >= last} onClick={() => setPage(page + 1)}>
                <ChevronRight size={17} />
            </IconButton>
        </Box>
    );
}

function ColumnChoice({ label, columns, chosen, choose }: { label: MessageKey; columns: Column[]; chosen: string[]; choose: (keys: string[]) => void }) {
    const t = useT();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    return (
        <>
            <Button variant="outlined" aria-haspopup="menu" aria-expanded={anchor !== null} startIcon={<Columns3Cog size={15} aria-hidden="true" />} onClick={(event) => setAnchor(event.currentTarget)}>
                {t(label)}
            </Button>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)} slotProps={{ list: { sx: { minWidth: 200 } } }}>
                {columns.filter((column) => column.key !== "name" && column.key !== "missing").map((column) => {
                    const on = chosen.includes(column.key);
                    return (
                        <MenuItem key={column.key} role="menuitemcheckbox" aria-checked={on} onClick={() => choose(on ? chosen.filter((key) => key !== column.key) : [...chosen, column.key])} sx={{ py: 0 }}>
                            <Checkbox checked={on} tabIndex={-1} slotProps={{ input: { "aria-hidden": true } }} sx={{ ml: -1 }} />
                            {t(column.label)}
                        </MenuItem>
                    );
                })}
            </Menu>
        </>
    );
}

/** Makes files of leads in the columns shown; says what went wrong. */
function useExport(columns: Column[]) {
    const t = useT();
    const translate = useTranslate();
    const notify = useNotify();
    const format = useFormat();
    const zone = useZone() ?? browserZone();
    const [language] = useLanguage();
    return async (write: (style: FileStyle) => Promise<string>, without?: string) => {
        const shown = columns.filter(({ key }) => key !== without).flatMap(({ file }) => file);
        try {
            download(`${t("leads.file")}-${format.today()}.csv`, await write({ columns: shown, language, zone }));
        } catch (error) {
            const tooLong = error instanceof ApiError && error.problem.errors?.some(({ pointer }) => pointer === "?format");
            notify(tooLong ? t("leads.exportTooLong") : sayError(error, translate), { type: "error" });
        }
    };
}

/** All rows that the filters find, in the columns and the order shown. */
function Export({ columns }: { columns: Column[] }) {
    const { filters, sort, total } = useList<Lead>();
    const save = useExport(columns);
    const [busy, setBusy] = useState(false);
    const run = async () => {
        setBusy(true);
        await save((style) => listFile("leads", { sort, filter: filters }, style));
        setBusy(false);
    };
    return (
        <Button variant="outlined" disabled={busy || !total} startIcon={<Download size={15} aria-hidden="true" />} onClick={() => void run()}>
            CSV
        </Button>
    );
}

/** What can be done with the selected leads. */
function Bulk({ columns }: { columns: Column[] }) {
    const t = useT();
    const translate = useTranslate();
    const may = useMay();
    const notify = useNotify();
    const provider = useDataProvider();
    const refresh = useReread("lead");
    const save = useExport(columns);
    const owners = useOwners();
    const { rows, selection, filters, sort } = useList<Lead>();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const [tagging, setTagging] = useState(false);
    const [progress, setProgress] = useState<number | null>(null);
    const selected = selection.ids;
    if (selected.length === 0) return null;

    /** Each lead as it is now, changed, guarded by its version; what fails is counted and stays selected. */
    const change = async (next: (lead: Lead) => Partial<Lead>) => {
        const failed: string[] = [];
        let reason: unknown;
        for (const [at, id] of selected.entries()) {
            setProgress(at);
            try {
                const { data } = await provider.getOne<Lead>("leads", { id });
                await provider.update("leads", { id, data: { ...next(data) }, previousData: data });
            } catch (error) {
                failed.push(String(id));
                reason = error;
            }
        }
        setProgress(null);
        await refresh();
        const done = selected.length - failed.length;
        if (failed.length) notify("leads.bulkFailed", { type: "warning", messageArgs: { done, failed: failed.length, reason: sayError(reason, translate) } });
        else notify("leads.bulkDone", { type: "success", messageArgs: { smart_count: done } });
        selection.set(failed);
    };
    const exportSelected = () => {
        // Only the pool says what is missing, and only of its own: whoever was selected elsewhere is not in it.
        const pool = isPool(filters) && selected.every((id) => rows?.some((lead) => lead.id === id));
        const filter = pool ? { pool } : {};
        return save((style) => fileOf("leads", selected, { filter, sort }, style), pool ? undefined : "missing");
    };
    const busy = progress !== null;
    return (
        <Box role="region" aria-label={t("leads.bulk")} sx={{ position: "sticky", bottom: { xs: 72, sm: 16 }, zIndex: 10, mx: "auto", mt: 2, width: "fit-content", maxWidth: "100%", display: "flex", flexWrap: "wrap", alignItems: "center", gap: 0.75, p: 0.75, pl: 1.5, bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 1.5, boxShadow: "0 8px 28px rgb(0 0 0 / 16%)" }}>
            <Box role="status" sx={{ fontWeight: 600, fontSize: "0.8125rem", mr: 0.5 }}>
                {busy ? t("leads.bulkBusy", { at: progress + 1, all: selected.length }) : t("leads.selected", { smart_count: selected.length })}
            </Box>
            {may("leads", "write") && (
                <>
                    <Button disabled={busy} startIcon={<UserRound size={15} aria-hidden="true" />} aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
                        {t("leads.assign")}
                    </Button>
                    <Button disabled={busy} startIcon={<TagIcon size={15} aria-hidden="true" />} onClick={() => setTagging(true)}>
                        {t("leads.addTag")}
                    </Button>
                </>
            )}
            <Button disabled={busy} startIcon={<Download size={15} aria-hidden="true" />} onClick={() => void exportSelected()}>
                CSV
            </Button>
            <Tooltip title={t("leads.unselect")}>
                <IconButton aria-label={t("leads.unselect")} disabled={busy} onClick={selection.clear}>
                    <X size={16} />
                </IconButton>
            </Tooltip>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
                {owners.map(({ value, name, note }) => (
                    <MenuItem
                        key={value}
                        onClick={() => {
                            setAnchor(null);
                            void change(() => ({ owner_id: value }));
                        }}
                    >
                        <Face name={name} size={20} />
                        {name}
                        <Muted sx={{ ml: "auto", pl: 2, fontSize: "0.75rem" }}>{note}</Muted>
                    </MenuItem>
                ))}
            </Menu>
            <FormDialog
                open={tagging}
                title={t("leads.addTag")}
                submit={t("leads.addTag")}
                values={{ tag: "" }}
                onClose={() => setTagging(false)}
                onSubmit={async ({ tag }) => {
                    setTagging(false);
                    void change((lead) => ({ tags: [...new Set([...lead.tags, tag.trim()])] }));
                }}
            >
                <Field name="tag" label={t("leads.tag")} autoFocus required />
            </FormDialog>
        </Box>
    );
}
