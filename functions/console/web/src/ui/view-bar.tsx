// The views of a list: those that everybody has, those that somebody keeps, and what was changed in the one that is shown.
import { Box, Button, Divider, IconButton, ListItemIcon, Menu, MenuItem, ToggleButton, ToggleButtonGroup, Tooltip } from "@mui/material";
import { BookmarkPlus, Ellipsis, House, Pencil, Trash2, Users, type LucideIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { sayError } from "../api/problem";
import type { Versioned } from "../entities/entity";
import { type MessageKey, useT, useTranslate } from "../providers/i18n";
import { Field, FormDialog, type Values } from "./form";
import { useMe } from "./known";
import { useList } from "./list";
import { type ListView, sameView, setOnly } from "./list-state";
import { notify } from "./notify";
import { Hidden, Muted } from "./parts";
import { factsOf, type SavedView, useSavedViews, useViewChanges, type ViewChange } from "./saved-views";
import { offerUndo } from "./undo";

export function ViewBar() {
    const t = useT();
    const member = useMe()?.member;
    const { entity, filters, sort, layout, saved, known, isChanged, show, showFilters } = useList();
    const { data: views = [] } = useSavedViews(entity.resource);
    const now: ListView = { filters, sort, layout };
    // For what is answered later: as the list is by then, if it still stands.
    const later = useRef<Show | null>(null);
    useEffect(() => {
        later.current = show;
        return () => {
            later.current = null;
        };
    });
    const builtIn = entity.views.flatMap((view) => {
        const own = view.filters(known);
        return own ? [{ ...view, own: setOnly(entity, own) }] : [];
    });
    const isOn = (view: (typeof builtIn)[number]) => !saved && sameView({ ...now, filters: view.own }, now);
    const isNew = !saved && Object.keys(filters).length > 0 && !builtIn.some(isOn);
    const style = (on: boolean) => ({ color: on ? "text.primary" : "text.secondary", bgcolor: on ? "subtle" : undefined, fontWeight: on ? 600 : 450, flexShrink: 0 });
    return (
        <Box sx={{ display: "flex", alignItems: "center", flexWrap: { xs: "wrap", md: "nowrap" }, gap: 1, minHeight: 32 }}>
            <Box role="group" aria-label={t("leads.views")} sx={{ display: "flex", gap: 0.5, overflowX: "auto", minWidth: 0 }}>
                {builtIn.map((view) => (
                    <Button key={view.key} aria-pressed={isOn(view)} onClick={() => showFilters(view.own, view.sort)} sx={style(isOn(view))}>
                        {t(view.label)}
                    </Button>
                ))}
                {views.map((view) => (
                    <Button key={view.id} aria-pressed={view.id === saved?.id} onClick={() => show(view)} endIcon={view.shared ? <Users size={13} aria-hidden="true" /> : undefined} sx={style(view.id === saved?.id)}>
                        {view.name}
                        {view.shared && <Hidden> {t("views.isShared")}</Hidden>}
                    </Button>
                ))}
            </Box>
            {saved && <OfView view={saved} showLater={(view) => later.current?.(view)} />}
            {member && (isNew || isChanged) && <Keep />}
            <Layouts />
        </Box>
    );
}

type Show = (view: SavedView | null) => void;

/** What was changed since the view was opened, and what can be done with the view itself. */
function OfView({ view, showLater }: { view: SavedView; showLater: Show }) {
    const t = useT();
    const translate = useTranslate();
    const { entity, filters, sort, layout, columns, isChanged, show } = useList();
    const { create, update, remove } = useViewChanges(entity.resource);
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const [naming, setNaming] = useState(false);
    const [busy, setBusy] = useState(false);
    const act = async (what: () => Promise<unknown>) => {
        setAnchor(null);
        setBusy(true);
        await what().catch((error: unknown) => notify(sayError(error, translate), { type: "error" }));
        setBusy(false);
    };
    const change = (body: ViewChange, said?: MessageKey) =>
        act(async () => {
            const after = await update(view, body);
            if (said) notify(said, { type: "success", messageArgs: { name: after.name } });
            return after;
        });
    const save = () =>
        act(async () => {
            show(await update(view, factsOf({ filters, sort, layout }, columns)));
            notify("views.saved", { type: "success", messageArgs: { name: view.name } });
        });
    const drop = () =>
        act(async () => {
            await remove(view);
            show(null);
            const { name, shared, is_default, filters: kept, sort: order, columns: fields } = view;
            const restore = async () => {
                try {
                    showLater(await create({ name, shared, is_default, filters: kept, sort: order, columns: fields, layout: view.layout as "table" }));
                } catch (error) {
                    notify(sayError(error, translate), { type: "error" });
                }
            };
            offerUndo("views.deleted", restore, { messageArgs: { name } });
        });
    const item = (key: MessageKey, Icon: LucideIcon, run: () => unknown) => (
        <MenuItem key={key} onClick={() => void run()}>
            <ListItemIcon sx={{ minWidth: "22px !important" }}>
                <Icon size={15} />
            </ListItemIcon>
            {t(key)}
        </MenuItem>
    );
    return (
        <Box sx={{ display: "flex", alignItems: "center", gap: 0.5, flexShrink: 0 }}>
            {isChanged && (
                <>
                    <Muted sx={{ fontSize: "s" }}>{t("views.changed")}</Muted>
                    {view.may_change && (
                        <Button variant="outlined" disabled={busy} onClick={() => void save()}>
                            {t("action.save")}
                        </Button>
                    )}
                    <Button onClick={() => show(view)}>{t("views.discard")}</Button>
                </>
            )}
            <Tooltip title={t("views.actions")}>
                <IconButton aria-label={t("views.actionsOf", { name: view.name })} aria-haspopup="menu" aria-expanded={anchor !== null} disabled={busy} onClick={(event) => setAnchor(event.currentTarget)}>
                    <Ellipsis size={16} />
                </IconButton>
            </Tooltip>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
                {item(view.is_default ? "views.noDefault" : "views.makeDefault", House, () => change({ is_default: !view.is_default }, view.is_default ? undefined : "views.isDefault"))}
                {view.may_change && [
                    item("views.rename", Pencil, () => {
                        setAnchor(null);
                        setNaming(true);
                    }),
                    item(view.shared ? "views.unshare" : "views.share", Users, () => change({ shared: !view.shared })),
                    <Divider key="-" />,
                    item("views.delete", Trash2, drop),
                ]}
            </Menu>
            <FormDialog open={naming} title={t("views.rename")} submit={t("action.save")} values={{ name: view.name }} onClose={() => setNaming(false)} onSubmit={({ name }) => update(view, { name: name.trim() })}>
                <Field name="name" label={t("views.name")} required autoFocus />
            </FormDialog>
        </Box>
    );
}

/** Keeps what is shown under a new name. */
function Keep<T extends Versioned>() {
    const t = useT();
    const { entity, filters, sort, layout, columns, show } = useList<T>();
    const { create } = useViewChanges(entity.resource);
    const [open, setOpen] = useState(false);
    const values: Values = { name: "", who: "me", start: "no" };
    const save = async ({ name, who, start }: Values) => {
        const view = await create({ ...factsOf({ filters, sort, layout }, columns), name: String(name).trim(), shared: who === "team", is_default: start === "yes" });
        show(view);
        notify("views.saved", { type: "success", messageArgs: { name: view.name } });
    };
    return (
        <>
            <Button startIcon={<BookmarkPlus size={15} aria-hidden="true" />} onClick={() => setOpen(true)} sx={{ flexShrink: 0, color: "text.secondary" }}>
                {t("views.keep")}
            </Button>
            <FormDialog open={open} title={t("views.keep")} submit={t("action.save")} values={values} onClose={() => setOpen(false)} onSubmit={save}>
                <Field name="name" label={t("views.name")} required autoFocus />
                <Field name="who" label={t("views.who")} options={[{ value: "me", name: t("views.private") }, { value: "team", name: t("views.team") }]} />
                <Field name="start" label={t("views.start")} options={[{ value: "no", name: t("team.no") }, { value: "yes", name: t("team.yes") }]} />
            </FormDialog>
        </>
    );
}

/** The same records in another shape. */
function Layouts() {
    const t = useT();
    const translate = useTranslate();
    const { entity, layout, setLayout } = useList();
    if (!entity.layouts || entity.layouts.length < 2) return null;
    return (
        <ToggleButtonGroup exclusive value={layout} onChange={(_, next: string | null) => next && setLayout(next)} aria-label={t("list.layouts")} sx={{ ml: "auto", flexShrink: 0 }}>
            {entity.layouts.map((one) => (
                <ToggleButton key={one} value={one}>
                    {translate(`list.layout.${one}`)}
                </ToggleButton>
            ))}
        </ToggleButtonGroup>
    );
}
