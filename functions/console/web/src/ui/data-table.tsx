// A table of records in a frame of its own: heading and first column stay in sight, columns are pulled wider and to other places, rows are
// chosen in ranges and open as links do, cells are changed where they stand.
import { Box, ButtonBase, Checkbox, IconButton, Tooltip } from "@mui/material";
import type { Theme } from "@mui/material/styles";
import { ArrowDown, ArrowUp, EllipsisVertical } from "lucide-react";
import { type DragEvent, type FocusEvent, type KeyboardEvent, memo, type MouseEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { Link, useHref, useNavigate } from "react-router-dom";
import type { Entity, Field, Versioned } from "../entities/entity";
import { useWords, type Words } from "../entities/words";
import { useT } from "../providers/i18n";
import { CellEditor } from "./cell-editor";
import { moved, NARROWEST, WIDEST } from "./columns";
import { type List, type Selection, useList } from "./list";
import { useMay } from "./known";
import { Face, Hidden, Muted } from "./parts";
import { RowMenu, type RowAction } from "./row-menu";

/** A selected row: no colour that a tag in it has, and no transparency, since other columns slide below the pinned ones. */
export const chosenRow = ({ palette }: Theme) => `color-mix(in srgb, ${palette.primary.main} 12%, ${palette.background.paper})`;

const BOX = 44;
const MENU = 44;
const WIDTH = 136;

/** The box that stands for all of a page. */
export function whole(rows: readonly Versioned[], selection: Selection) {
    const ids = rows.map((row) => row.id);
    const all = ids.length > 0 && ids.every((id) => selection.has(id));
    const toggle = () => selection.set(all ? selection.ids.filter((id) => !ids.includes(id)) : [...new Set([...selection.ids, ...ids])]);
    return { all, some: !all && ids.some((id) => selection.has(id)), toggle };
}

/** Everything inside is plain elements: a hundred rows of fifteen cells are drawn at once. */
const FRAME = {
    position: "relative",
    overflow: "auto",
    // What stands above and below it: the head of the page, the filters, the foot.
    maxHeight: "max(320px, calc(100dvh - 250px))",
    "& table": { borderCollapse: "separate", borderSpacing: 0, tableLayout: "fixed", fontSize: "m" },
    "& th, & td": { p: 0, px: 1, height: 46, borderBottom: 1, borderColor: "divider", whiteSpace: "nowrap", overflow: "hidden", textOverflow: "ellipsis", textAlign: "left", bgcolor: "background.paper" },
    "& th": { position: "sticky", top: 0, zIndex: 2, height: 38, fontWeight: 500, fontSize: "s", color: "text.secondary", userSelect: "none" },
    "& .figure": { textAlign: "right" },
    "& .pinned": { position: "sticky", zIndex: 1 },
    "& th.pinned": { zIndex: 3 },
    "& .box": { left: 0, px: 0.5 },
    "& .name": { left: BOX },
    "& .end": { right: 0, px: 0.5, textAlign: "right", overflow: "visible" },
    "& tbody tr": { cursor: "pointer" },
    "& tbody tr:hover > td": { bgcolor: "subtle" },
    "& tbody tr[data-selected] > td": { bgcolor: chosenRow },
    "& tbody tr:last-of-type > td": { borderBottom: 0 },
    // More columns lie to the right, or the first ones slide below the name.
    "&[data-left] .name": { boxShadow: "inset -1px 0 0 var(--edge), 6px 0 8px -6px rgb(0 0 0 / 22%)" },
    "&[data-right] .end": { boxShadow: "inset 1px 0 0 var(--edge), -6px 0 8px -6px rgb(0 0 0 / 22%)" },
} as const;

interface Props<T extends Versioned> {
    fields: readonly Field<T>[];
    actions?: readonly RowAction<T>[];
}

export function DataTable<T extends Versioned>({ fields, actions = [] }: Props<T>) {
    const t = useT();
    const words = useWords();
    const list = useList<T>();
    const { entity, rows = [], selection, isFetching, columns } = list;
    const writable = useMay()(entity.area, "write");
    const frame = useRef<HTMLDivElement>(null);
    const [editing, setEditing] = useState<{ anchor: HTMLElement; record: T; field: Field<T> } | null>(null);
    const [menu, setMenu] = useState<{ anchor: HTMLElement; record: T } | null>(null);
    const edges = useEdges(frame, fields.length + rows.length);
    const { all, some, toggle } = whole(rows, selection);
    const widthOf = (field: Field<T>) => columns.find((column) => column.field === field.key)?.width ?? field.width ?? WIDTH;
    const [pulled, setPulled] = useState<{ key: string; width: number } | null>(null);
    const shownWidth = (field: Field<T>) => (pulled?.key === field.key ? pulled.width : widthOf(field));
    const width = BOX + MENU + fields.reduce((sum, field) => sum + shownWidth(field), 0);
    const [name, ...others] = fields;
    // One cell of the table is a stop on the way through the page: the one that was last, else the first that can be changed.
    const [stop, setStop] = useState<{ id: string; key: string } | null>(null);
    const canChange = (record: T, key?: string) => (writable ? others.find((field) => field.edit && !field.fixed?.(record) && (key === undefined || field.key === key))?.key : undefined);
    const stood = stop && rows.find(({ id }) => id === stop.id);
    const first = rows.find((record) => canChange(record) !== undefined);
    const here = stop && stood && canChange(stood, stop.key) !== undefined ? stop : first ? { id: first.id, key: canChange(first)! } : null;
    const stand = (event: FocusEvent) => {
        const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-cell]");
        const id = cell?.closest("tr")?.getAttribute(`data-${entity.kind}`);
        if (cell && id) setStop({ id, key: cell.dataset.cell! });
    };
    const settle = (key: string, next: number | undefined) => {
        setPulled(null);
        // The name's column is always there; its width is kept beside the others'.
        const known = columns.some((column) => column.field === key) ? columns : [{ field: key }, ...columns];
        list.setColumns(known.map((column) => (column.field === key ? { field: key, width: next } : column)));
    };
    return (
        <>
            <Box ref={frame} tabIndex={0} role="region" aria-label={t(entity.title)} data-left={edges.left || undefined} data-right={edges.right || undefined} sx={[FRAME, ({ palette }) => ({ "--edge": palette.divider, opacity: isFetching ? 0.75 : 1, transition: "opacity 120ms 200ms" })]}>
                <table aria-rowcount={list.total === undefined || list.atLeast ? -1 : list.total + 1} style={{ width: "100%", minWidth: width }} onKeyDown={walk} onFocus={stand}>
                    <colgroup>
                        <col style={{ width: BOX }} />
                        {fields.map((field) => (
                            <col key={field.key} style={{ width: shownWidth(field) }} />
                        ))}
                        {/* What is left over is here, so that a column stays as wide as it was pulled. */}
                        <col />
                    </colgroup>
                    <thead>
                        <tr aria-rowindex={1}>
                            <th className="pinned box" scope="col">
                                <Checkbox checked={all} indeterminate={some} onChange={toggle} slotProps={{ input: { "aria-label": t("list.selectAll") } }} />
                            </th>
                            {name && <Heading field={name} width={shownWidth(name)} list={list} pull={(next) => setPulled({ key: name.key, width: next })} settle={(next) => settle(name.key, next)} />}
                            {others.map((field) => (
                                <Heading key={field.key} field={field} width={shownWidth(field)} list={list} movable pull={(next) => setPulled({ key: field.key, width: next })} settle={(next) => settle(field.key, next)} />
                            ))}
                            <th className="pinned end" aria-label={t("list.actions")} />
                        </tr>
                    </thead>
                    <tbody>
                        {rows.map((record, at) => (
                            <Row
                                key={record.id}
                                address={list.addressOf(record)}
                                record={record}
                                entity={entity as Entity<Versioned>}
                                fields={fields as readonly Field<Versioned>[]}
                                words={words}
                                index={(list.page - 1) * list.perPage + at + 2}
                                stop={here?.id === record.id ? here.key : undefined}
                                writable={writable}
                                selected={selection.has(record.id)}
                                toggle={selection.toggle}
                                edit={setEditing as unknown as Edit}
                                openMenu={setMenu as unknown as OpenMenu}
                            />
                        ))}
                    </tbody>
                </table>
            </Box>
            {editing && <CellEditor key={editing.field.key + editing.record.id} {...editing} entity={entity} onClose={() => setEditing(null)} />}
            {menu && <RowMenu {...menu} address={list.addressOf(menu.record)} entity={entity} actions={actions} onClose={() => setMenu(null)} />}
        </>
    );
}

type Edit = (what: { anchor: HTMLElement; record: Versioned; field: Field<Versioned> }) => void;
type OpenMenu = (what: { anchor: HTMLElement; record: Versioned }) => void;

interface RowProps {
    address: string;
    record: Versioned;
    entity: Entity<Versioned>;
    fields: readonly Field<Versioned>[];
    words: Words;
    /** Among all rows of all pages, the heading counted. */
    index: number;
    /** Which cell is a stop of the tabulator. */
    stop: string | undefined;
    writable: boolean;
    selected: boolean;
    toggle: Selection["toggle"];
    edit: Edit;
    openMenu: OpenMenu;
}

/** Choosing one row draws that one anew, not the others. */
const Row = memo(
    function Row({ address, record, entity, fields, words, index, stop, writable, selected, toggle, edit, openMenu }: RowProps) {
        const { t } = words;
        const go = useNavigate();
        const href = useHref(address);
        const label = entity.name(record);
        const open = (event: MouseEvent) => {
            // Links and boxes act by themselves; marking text is no click.
            if ((event.target as Element).closest("a,button,input,label") || getSelection()?.toString()) return;
            // As a link would: in a tab of its own with Ctrl, Cmd or the middle button.
            if (event.ctrlKey || event.metaKey || event.button === 1) window.open(href, "_blank", "noopener");
            else void go(address);
        };
        const [name, ...others] = fields;
        const editable = writable ? others.filter((field) => field.edit && !field.fixed?.(record)) : [];
        return (
            <tr {...{ [`data-${entity.kind}`]: record.id }} aria-rowindex={index} data-selected={selected || undefined} onClick={open} onAuxClick={(event) => event.button === 1 && open(event)}>
                <td className="pinned box">
                    <Checkbox checked={selected} onChange={(event) => toggle(record.id, (event.nativeEvent as unknown as MouseEvent).shiftKey)} slotProps={{ input: { "aria-label": t("list.select", { name: label }) } }} />
                </td>
                {name && (
                    <td className="pinned name">
                        <Name record={record} entity={entity} address={address} label={label} words={words} />
                    </td>
                )}
                {others.map((field) => (
                    <td key={field.key} className={field.align === "right" ? "figure" : undefined}>
                        {editable.includes(field) ? (
                            <ButtonBase
                                data-cell={field.key}
                                tabIndex={field.key === stop ? 0 : -1}
                                aria-haspopup="dialog"
                                onClick={(event) => edit({ anchor: event.currentTarget, record, field })}
                                sx={{ font: "inherit", maxWidth: "100%", minHeight: 30, mx: -0.75, px: 0.75, borderRadius: 0.75, overflow: "hidden", textAlign: "inherit", "& > *": { overflow: "hidden", textOverflow: "ellipsis" }, "&:hover, &:focus-visible": { bgcolor: "background.default", boxShadow: (theme) => `inset 0 0 0 1px ${theme.palette.divider}` } }}
                            >
                                {/* What is seen is part of the name, for whoever says aloud what to press. */}
                                <span>
                                    <Hidden>{t("list.change", { field: t(field.label), name: label })} </Hidden>
                                    {field.show(record, words)}
                                </span>
                            </ButtonBase>
                        ) : (
                            field.show(record, words)
                        )}
                    </td>
                ))}
                <td className="pinned end">
                    <Tooltip title={t("list.actions")}>
                        <IconButton aria-label={t("list.actionsOf", { name: label })} aria-haspopup="menu" onClick={(event) => openMenu({ anchor: event.currentTarget, record })}>
                            <EllipsisVertical size={15} />
                        </IconButton>
                    </Tooltip>
                </td>
            </tr>
        );
    },
    (before, after) => before.record === after.record && before.address === after.address && before.fields.length === after.fields.length && before.fields.every((field, at) => field === after.fields[at]) && before.words === after.words && before.selected === after.selected && before.index === after.index && before.stop === after.stop && before.writable === after.writable && before.toggle === after.toggle,
);

/** What a record is called, with what it is about below. */
export function Name({ record, entity, address, label, words }: { record: Versioned; entity: Entity<Versioned>; address: string; label: string; words: Words }) {
    const about = entity.about?.(record, words);
    return (
        <Box sx={{ display: "flex", alignItems: "center", gap: 1.25, minWidth: 0 }}>
            {entity.faces && <Face name={label} size={26} />}
            <Box sx={{ minWidth: 0, lineHeight: 1.3 }}>
                <Box component={Link} to={address} sx={{ display: "block", overflow: "hidden", textOverflow: "ellipsis", color: "text.primary", fontWeight: 570, textDecoration: "none", "&:hover": { textDecoration: "underline" } }}>
                    {label}
                </Box>
                {about && <Muted sx={{ display: "block", fontSize: "s", overflow: "hidden", textOverflow: "ellipsis" }}>{about}</Muted>}
            </Box>
        </Box>
    );
}

interface HeadingProps<T extends Versioned> {
    field: Field<T>;
    width: number;
    list: List<T>;
    movable?: boolean;
    pull: (width: number) => void;
    settle: (width: number | undefined) => void;
}

/** What carries a column by mouse; text from elsewhere is none. */
const CARRIED = "application/x-lotse-column";

/** On which side of a column the pointer is. */
function halfOf({ currentTarget, clientX }: DragEvent<HTMLElement>): "before" | "after" {
    const { left, width } = currentTarget.getBoundingClientRect();
    return clientX > left + width / 2 ? "after" : "before";
}

function Heading<T extends Versioned>({ field, width, list, movable = false, pull, settle }: HeadingProps<T>) {
    const t = useT();
    const { sort, setSort, columns, setColumns } = list;
    const [over, setOver] = useState<"before" | "after" | null>(null);
    const sorted = field.sort !== undefined && sort.field === field.sort;
    const other = sort.order === "ASC" ? "DESC" : "ASC";
    const press = () => field.sort && setSort({ field: field.sort, order: sorted ? other : (field.first ?? "ASC") });
    const label = t(field.label);
    const Arrow = sort.order === "ASC" ? ArrowUp : ArrowDown;
    return (
        <Box
            component="th"
            scope="col"
            aria-label={label}
            aria-sort={sorted ? (sort.order === "ASC" ? "ascending" : "descending") : undefined}
            className={[movable ? "" : "pinned name", field.align === "right" ? "figure" : ""].join(" ").trim() || undefined}
            draggable={movable}
            onDragStart={(event) => {
                event.dataTransfer.setData(CARRIED, field.key);
                event.dataTransfer.effectAllowed = "move";
            }}
            onDragOver={(event) => {
                if (!movable || !event.dataTransfer.types.includes(CARRIED)) return;
                event.preventDefault();
                setOver(halfOf(event));
            }}
            onDragLeave={() => setOver(null)}
            onDrop={(event) => {
                setOver(null);
                const carried = event.dataTransfer.getData(CARRIED);
                if (!movable || !carried) return;
                event.preventDefault();
                // Behind the last one there is no other to stand before.
                const at = columns.findIndex((column) => column.field === field.key);
                setColumns(moved(columns, carried, at >= 0 && halfOf(event) === "after" ? (columns[at + 1]?.field ?? null) : field.key));
            }}
            sx={over ? { boxShadow: (theme) => `inset ${over === "after" ? -2 : 2}px 0 0 ${theme.palette.primary.main}` } : undefined}
        >
            {field.sort ? (
                <ButtonBase onClick={press} sx={{ font: "inherit", color: sorted ? "text.primary" : "inherit", gap: 0.5, minHeight: 28, maxWidth: "100%", "&:hover": { color: "text.primary" } }}>
                    <Box component="span" sx={{ overflow: "hidden", textOverflow: "ellipsis" }}>{label}</Box>
                    <Box component="span" sx={{ display: "inline-flex", visibility: sorted ? "visible" : "hidden" }}>
                        <Arrow size={13} aria-hidden="true" />
                    </Box>
                </ButtonBase>
            ) : (
                label
            )}
            <Edge label={t("list.width", { column: label })} width={width} pull={pull} settle={settle} />
        </Box>
    );
}

const STEP = 16;
const within = (width: number) => Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));

/** A column's edge: pulled by mouse or finger, moved by arrow keys; twice pressed it is as it was. */
function Edge({ label, width, pull, settle }: { label: string; width: number; pull: (width: number) => void; settle: (width: number | undefined) => void }) {
    const from = useRef<{ x: number; width: number; now: number } | null>(null);
    const down = (event: PointerEvent<HTMLElement>) => {
        event.preventDefault();
        event.stopPropagation();
        event.currentTarget.setPointerCapture?.(event.pointerId);
        from.current = { x: event.clientX, width, now: width };
    };
    const move = (event: PointerEvent) => {
        if (!from.current) return;
        from.current.now = within(from.current.width + event.clientX - from.current.x);
        pull(from.current.now);
    };
    const up = () => {
        if (from.current && from.current.now !== from.current.width) settle(from.current.now);
        from.current = null;
    };
    const key = (event: KeyboardEvent) => {
        const by = event.key === "ArrowRight" ? STEP : event.key === "ArrowLeft" ? -STEP : 0;
        if (!by) return;
        event.preventDefault();
        event.stopPropagation();
        settle(within(width + by));
    };
    return (
        <Box
            role="separator"
            tabIndex={0}
            aria-orientation="vertical"
            aria-label={label}
            aria-valuenow={width}
            aria-valuemin={NARROWEST}
            aria-valuemax={WIDEST}
            onPointerDown={down}
            onPointerMove={move}
            onPointerUp={up}
            onPointerCancel={up}
            onDoubleClick={() => settle(undefined)}
            onKeyDown={key}
            // What is pulled is the edge, not the column.
            draggable
            onDragStart={(event) => {
                event.preventDefault();
                event.stopPropagation();
            }}
            sx={{ position: "absolute", top: 0, right: 0, width: 9, height: "100%", cursor: "col-resize", touchAction: "none", "&::after": { content: '""', position: "absolute", right: 0, top: "25%", width: "2px", height: "50%", bgcolor: "transparent" }, "th:hover &::after": { bgcolor: "divider" }, "&:hover::after, &:focus-visible::after": { bgcolor: "primary.main" } }}
        />
    );
}

/** From cell to cell by arrow keys, among those that can be changed. */
function walk(event: KeyboardEvent<HTMLElement>) {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-cell]");
    const row = cell?.closest("tr");
    if (!cell || !row) return;
    const inRow = [...row.querySelectorAll<HTMLElement>("[data-cell]")];
    const at = inRow.indexOf(cell);
    // The same column in the next row where it can be changed.
    const same = (next: "nextElementSibling" | "previousElementSibling") => {
        for (let other = row[next]; other; other = other[next]) {
            const found = [...other.querySelectorAll<HTMLElement>("[data-cell]")].find((each) => each.dataset.cell === cell.dataset.cell);
            if (found) return found;
        }
        return undefined;
    };
    const ways: Record<string, () => HTMLElement | undefined> = { ArrowRight: () => inRow[at + 1], ArrowLeft: () => inRow[at - 1], ArrowDown: () => same("nextElementSibling"), ArrowUp: () => same("previousElementSibling") };
    const to = ways[event.key]?.();
    if (!to) return;
    event.preventDefault();
    to.focus();
    to.scrollIntoView?.({ block: "nearest", inline: "nearest" });
}

/** Whether something lies beyond the frame's left or right edge. `content`: changes whenever what it holds may be wider or narrower. */
function useEdges(frame: React.RefObject<HTMLElement | null>, content: number): { left: boolean; right: boolean } {
    const [edges, setEdges] = useState({ left: false, right: false });
    useEffect(() => {
        const element = frame.current;
        if (!element) return undefined;
        const look = () => {
            const next = { left: element.scrollLeft > 1, right: element.scrollLeft + element.clientWidth < element.scrollWidth - 1 };
            setEdges((now) => (now.left === next.left && now.right === next.right ? now : next));
        };
        look();
        element.addEventListener("scroll", look, { passive: true });
        const watch = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(look);
        watch?.observe(element);
        return () => {
            element.removeEventListener("scroll", look);
            watch?.disconnect();
        };
    }, [frame, content]);
    return edges;
}
