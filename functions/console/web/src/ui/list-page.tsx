// A page that is a list: its head, views, filters, rows as a table or as cards, its foot, and what can be done with those chosen.
import { Alert, Box, Button, Checkbox, IconButton, Menu, MenuItem, Select, Skeleton } from "@mui/material";
import { ChevronLeft, ChevronRight, Columns3Cog, Download, SearchX, Unplug, type LucideIcon } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { ApiError, sayError } from "../api/problem";
import { type Entity, type Field, shownFields, type Versioned } from "../entities/entity";
import { useFormat } from "../i18n/format";
import { browserZone } from "../i18n/zone";
import { type FileStyle, listFile } from "../providers/data";
import { type MessageKey, useLanguage, useT, useTranslate } from "../providers/i18n";
import { Bulk, type BulkAction } from "./bulk";
import { Cards } from "./cards";
import { type Column, usePhone } from "./columns";
import { DataTable } from "./data-table";
import { download } from "./download";
import { FilterBar } from "./filter-bar";
import { useMe, usePipelines, useTeam, useZone } from "./known";
import { ListProvider, useList } from "./list";
import { PAGE_SIZES, parametersOf } from "./list-state";
import { notify } from "./notify";
import { Empty, Failed, PageHead } from "./parts";
import type { RowAction } from "./row-menu";
import { ViewBar } from "./view-bar";

interface Props<T extends Versioned> {
    entity: Entity<T>;
    /** What is said where there is nothing at all, and what to do about it. */
    empty: { icon: LucideIcon; title: MessageKey; hint: MessageKey };
    /** Beside the title: what makes a new one, for example. */
    head?: ReactNode;
    rowActions?: readonly RowAction<T>[];
    bulk?: readonly BulkAction[];
    /** Other layouts than the table, by their name in the entity. */
    layouts?: Readonly<Record<string, (rows: T[]) => ReactNode>>;
    /** The record that is open on this page. */
    panel?: (id: string, close: () => void, rows: T[]) => ReactNode;
}

export function ListPage<T extends Versioned>({ entity, ...props }: Props<T>) {
    return (
        <ListProvider entity={entity}>
            <Content {...props} />
        </ListProvider>
    );
}

function Content<T extends Versioned>({ empty, head, rowActions, bulk = [], layouts = {}, panel }: Omit<Props<T>, "entity">) {
    const t = useT();
    const phone = usePhone();
    const list = useList<T>();
    const { entity, rows, filters, columns, layout } = list;
    const shown = shownFields(entity.fields, columns.map(({ field }) => field), filters);
    const filtered = Object.keys(filters).length > 0;
    // A card is as high as what is known of it: it waits for the names of people and pipelines, so that none grows while it is read.
    const [people, pipelines] = [useTeam().isLoading, usePipelines().isLoading];
    const waits = phone && (people || pipelines);
    const own: ((rows: T[]) => ReactNode) | undefined = layouts[layout];
    const clear = filtered && (
        <Button variant="outlined" onClick={() => list.setFilters({})}>
            {t("leads.clear")}
        </Button>
    );
    return (
        <>
            <PageHead title={t(entity.title)} hint={<Count />}>
                {(!own || phone) && <ColumnChoice label={phone ? "leads.facts" : "leads.columns"} />}
                {entity.fields.some(({ file }) => file) && <Export fields={shown} />}
                {head}
            </PageHead>
            <Box sx={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: 1.25, mb: 1.5 }}>
                <ViewBar />
                <FilterBar />
            </Box>
            <Dropped names={list.dropped} />
            <Box sx={own !== undefined && rows?.length ? undefined : { bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 1.25, overflow: "hidden" }}>
                {list.isCut ? (
                    <Empty icon={Unplug} title={t("leads.cut")} hint={t("leads.cutHint")} />
                ) : list.error ? (
                    <Failed error={list.error} retry={list.refetch} action={clear} />
                ) : !rows || waits ? (
                    <Loading phone={phone} />
                ) : rows.length === 0 ? (
                    <Empty icon={filtered ? SearchX : empty.icon} title={t(filtered ? "list.noneFound" : empty.title)} hint={t(filtered ? "list.noneFoundHint" : empty.hint)} action={clear} />
                ) : own ? (
                    own(rows)
                ) : phone ? (
                    <Cards fields={shown} />
                ) : (
                    <DataTable fields={shown} actions={rowActions} />
                )}
            </Box>
            <Foot />
            <Bulk fields={shown} actions={bulk} />
            {list.open && panel?.(list.open, list.close, rows ?? [])}
        </>
    );
}

function useSaidTotal(): string | undefined {
    const t = useT();
    const format = useFormat();
    const { total, atLeast } = useList();
    if (total === undefined) return undefined;
    return atLeast ? t("list.atLeast", { total: format.number(total) }) : format.number(total);
}

function Count() {
    return <>{useSaidTotal()}</>;
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

/** How many there are, how many are shown, and the way to the others. */
function Foot() {
    const t = useT();
    const format = useFormat();
    const { page, perPage, total, setPage, setPerPage } = useList();
    const all = useSaidTotal();
    if (!total) return null;
    const last = Math.max(1, Math.ceil(total / perPage));
    return (
        <Box component="nav" aria-label={t("list.pages")} sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", justifyContent: "flex-end", gap: 0.5, mt: 1, color: "text.secondary", fontSize: "m" }}>
            <Box component="label" sx={{ display: "flex", alignItems: "center", gap: 0.75, mr: "auto" }}>
                {t("list.perPage")}
                <Select native size="small" value={perPage} onChange={(event) => setPerPage(Number(event.target.value))} sx={{ "& select": { py: 0.5, fontSize: "m" }, "&.MuiOutlinedInput-root": { minHeight: 30 } }}>
                    {PAGE_SIZES.map((size) => (
                        <option key={size} value={size}>
                            {size}
                        </option>
                    ))}
                </Select>
            </Box>
            <span>{t("list.range", { from: format.number((page - 1) * perPage + 1), to: format.number(Math.min(page * perPage, total)), total: all })}</span>
            <IconButton aria-label={t("list.previous")} disabled={page <= 1} onClick={() => setPage(page - 1)}>
                <ChevronLeft size={17} />
            </IconButton>
            <IconButton aria-label={t("list.next")} disabled={page >= last} onClick={() => setPage(page + 1)}>
                <ChevronRight size={17} />
            </IconButton>
        </Box>
    );
}

/** The columns in their order, those that are hidden last. Alt with the arrow keys moves one. */
function ColumnChoice({ label }: { label: MessageKey }) {
    const t = useT();
    const { entity, columns, setColumns, filters } = useList();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const choosable = entity.fields.slice(1).filter((field) => field.forced === undefined || field.forced({}) === undefined);
    const isShown = (key: string) => columns.some(({ field }) => field === key);
    const inOrder = columns.flatMap(({ field }) => choosable.find(({ key }) => key === field) ?? []);
    const all = [...inOrder, ...choosable.filter(({ key }) => !isShown(key))];
    const toggle = (key: string) => setColumns(isShown(key) ? columns.filter(({ field }) => field !== key) : [...columns, { field: key }]);
    const move = (event: KeyboardEvent, key: string) => {
        const by = !event.altKey ? 0 : event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
        if (!by || !isShown(key)) return;
        event.preventDefault();
        event.stopPropagation();
        setColumns(shifted(columns, key, by));
    };
    return (
        <>
            <Button variant="outlined" aria-haspopup="menu" aria-expanded={anchor !== null} startIcon={<Columns3Cog size={15} aria-hidden="true" />} onClick={(event) => setAnchor(event.currentTarget)}>
                {t(label)}
            </Button>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)} slotProps={{ list: { sx: { minWidth: 200 }, "aria-description": t("list.moveHint") } as object }}>
                {all.map((field) => (
                    <MenuItem key={field.key} role="menuitemcheckbox" aria-checked={isShown(field.key)} disabled={field.forced?.(filters) === false} onClick={() => toggle(field.key)} onKeyDown={(event) => move(event, field.key)} sx={{ py: 0 }}>
                        <Checkbox checked={isShown(field.key)} tabIndex={-1} slotProps={{ input: { "aria-hidden": true } }} sx={{ ml: -1 }} />
                        {t(field.label)}
                    </MenuItem>
                ))}
            </Menu>
        </>
    );
}

/** One column a place up or down. */
export function shifted(columns: readonly Column[], key: string, by: -1 | 1): Column[] {
    const at = columns.findIndex(({ field }) => field === key);
    const to = at + by;
    if (at < 0 || to < 0 || to >= columns.length) return [...columns];
    const next = [...columns];
    [next[at], next[to]] = [next[to]!, next[at]!];
    return next;
}

/** Makes files in the columns shown; says what went wrong. */
export function useExport<T extends Versioned>(fields: readonly Field<T>[]) {
    const t = useT();
    const translate = useTranslate();
    const format = useFormat();
    const zone = useZone() ?? browserZone();
    const [language] = useLanguage();
    const { entity } = useList<T>();
    return async (write: (style: FileStyle) => Promise<string>, without?: string) => {
        const columns = fields.filter(({ key }) => key !== without).flatMap(({ file }) => file ?? []);
        try {
            download(`${t(`list.file.${entity.kind}`)}-${format.today()}.csv`, await write({ columns, language, zone }));
        } catch (error) {
            const tooLong = error instanceof ApiError && error.problem.errors?.some(({ pointer }) => pointer === "?format");
            notify(tooLong ? t("leads.exportTooLong") : sayError(error, translate), { type: "error" });
        }
    };
}

/** All rows that the filters find, in the columns and the order shown. */
function Export<T extends Versioned>({ fields }: { fields: readonly Field<T>[] }) {
    const { entity, filters, sort, total } = useList<T>();
    const me = useMe();
    const save = useExport(fields);
    const [busy, setBusy] = useState(false);
    const run = async () => {
        setBusy(true);
        await save((style) => listFile(entity.resource, { sort, filter: parametersOf(entity, filters, { me: me?.member?.id }) }, style));
        setBusy(false);
    };
    return (
        <Button variant="outlined" disabled={busy || !total} startIcon={<Download size={15} aria-hidden="true" />} onClick={() => void run()}>
            CSV
        </Button>
    );
}
