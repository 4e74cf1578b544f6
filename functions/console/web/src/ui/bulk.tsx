// What can be done with the chosen rows of a list: those of a page, or all that the filters find.
import { Box, Button, IconButton, Menu, MenuItem, Tooltip } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { CheckCheck, Download, Tag as TagIcon, UserRound, X } from "lucide-react";
import { useState } from "react";
import { api, once, take } from "../api/client";
import { sayError } from "../api/problem";
import { useReread } from "../api/reread";
import type { Field, Versioned } from "../entities/entity";
import { isPool } from "../entities/lead";
import { useFormat } from "../i18n/format";
import { fileOf, listFile, listPage } from "../providers/data";
import { useT, useTranslate } from "../providers/i18n";
import { Field as FormField, FormDialog } from "./form";
import { useMay } from "./known";
import { useList } from "./list";
import { useExport } from "./list-page";
import { notify } from "./notify";
import { useOwners } from "./owners";
import { Face, Muted } from "./parts";
import { offerUndo } from "./undo";

/** Which of the changes a kind of record knows. */
export type BulkAction = "owner" | "tag" | "done";

/** One change for many records, as the API takes it. */
interface Wanted {
    owner_id?: string;
    add_tags?: string[];
    status?: "done";
}

/** What became of them. */
interface Outcome {
    changed: unknown[];
    unchanged: number;
    skipped: { id: string; code: string; detail: string }[];
    undo: { token: string } | null;
}

/** As many as the API lists, and changes, at once. */
const LISTED = 100;
const CHANGED = 500;

/** Paths are put together here from the resource's name. */
const post = api.POST as unknown as (path: string, init: object) => Promise<{ data?: Outcome; error?: unknown; response: Response }>;

/** Changes the chosen records with one request for as many as five hundred. What cannot be changed is named, and stays chosen. */
function useMany() {
    const translate = useTranslate();
    const { entity, selection, asked, sort } = useList();
    const refresh = useReread(entity.kind);
    const [progress, setProgress] = useState<{ at: number; all: number } | null>(null);
    const chosen = async () => {
        if (!selection.everything) return selection.ids;
        const ids: string[] = [];
        for (let page = 1; ; page += 1) {
            const { data, total } = await listPage(entity.resource, { filter: asked, sort, page, limit: LISTED });
            ids.push(...data.map((row) => (row as Versioned).id));
            if (data.length < LISTED || ids.length >= total) return ids;
        }
    };
    const send = (body: object) => take(post(`/api/v1/${entity.resource}/bulk-update`, { params: { header: once() }, body }));
    const takeBack = async (tokens: string[]) => {
        try {
            for (const token of tokens) await take(api.POST("/api/v1/bulk-undo", { params: { header: once() }, body: { token } }));
            notify("undo.done", { type: "success" });
        } catch (error) {
            notify(sayError(error, translate), { type: "error" });
        }
        await refresh();
    };
    const { mutate } = useMutation({
        mutationFn: async (change: Wanted) => {
            // Of all that match the API itself knows which they are; the pool is no list that it changes.
            if (selection.everything && selection.count <= CHANGED && !asked.pool) {
                setProgress({ at: 0, all: selection.count });
                const filter = new URLSearchParams(Object.entries(asked).map(([name, value]): [string, string] => [name, String(value)])).toString();
                return [await send({ filter, expected: selection.count, change })];
            }
            const ids = await chosen();
            const outcomes: Outcome[] = [];
            for (let at = 0; at < ids.length; at += CHANGED) {
                setProgress({ at, all: ids.length });
                outcomes.push(await send({ ids: ids.slice(at, at + CHANGED), change }));
            }
            return outcomes;
        },
        onSuccess: (outcomes) => {
            const skipped = outcomes.flatMap((one) => one.skipped);
            const done = outcomes.reduce((sum, one) => sum + one.changed.length + one.unchanged, 0);
            const tokens = outcomes.flatMap(({ undo }) => undo?.token ?? []).reverse();
            const [said, args] = skipped.length ? ["list.bulkFailed", { done, failed: skipped.length, reason: translate(`list.skipped.${skipped[0]!.code}`, { _: skipped[0]!.detail }) }] : [`list.bulkDone.${entity.kind}`, { smart_count: done }];
            if (tokens.length) offerUndo(said as string, () => takeBack(tokens), { type: skipped.length ? "warning" : "success", messageArgs: args as Record<string, unknown> });
            else notify(said as string, { type: skipped.length ? "warning" : "success", messageArgs: args as Record<string, unknown> });
            selection.set(skipped.map(({ id }) => id));
        },
        onError: (error) => notify(sayError(error, translate), { type: "error" }),
        onSettled: () => {
            setProgress(null);
            return refresh();
        },
    });
    return { change: mutate, progress };
}

export function Bulk<T extends Versioned>({ fields, actions }: { fields: readonly Field<T>[]; actions: readonly BulkAction[] }) {
    const t = useT();
    const format = useFormat();
    const may = useMay();
    const { entity, rows, selection, filters, sort, asked, total } = useList<T>();
    const save = useExport(fields);
    const owners = useOwners();
    const { change, progress } = useMany();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const [tagging, setTagging] = useState(false);
    if (selection.count === 0) return null;
    const busy = progress !== null;
    const writable = may(entity.area, "write");
    const whole = rows !== undefined && rows.length > 0 && rows.every((row) => selection.has(row.id));
    const exportChosen = () => {
        if (selection.everything) return save((style) => listFile(entity.resource, { filter: asked, sort }, style));
        // Only the pool says what is missing, and only of its own: whoever was selected elsewhere is not in it.
        const pool = isPool(filters) && selection.ids.every((id) => rows?.some((row) => row.id === id));
        return save((style) => fileOf(entity.resource, selection.ids, { filter: pool ? { pool } : {}, sort }, style), pool ? undefined : "missing");
    };
    // Only leads can be asked for by their ids; elsewhere a file is of the whole list.
    const exports = entity.fields.some(({ file }) => file) && (selection.everything || entity.kind === "lead");
    return (
        <Box role="region" aria-label={t(`list.bulk.${entity.kind}`)} sx={{ position: "sticky", bottom: { xs: 72, sm: 16 }, zIndex: 10, mx: "auto", mt: 2, width: "fit-content", maxWidth: "100%", display: "flex", flexWrap: "wrap", alignItems: "center", gap: 0.75, p: 0.75, pl: 1.5, bgcolor: "background.paper", border: 1, borderColor: "divider", borderRadius: 1.5, boxShadow: "0 8px 28px rgb(0 0 0 / 16%)" }}>
            <Box role="status" sx={{ fontWeight: 600, fontSize: "m", mr: 0.5 }}>
                {busy ? t("list.bulkBusy", { at: progress.at + 1, all: progress.all }) : t(selection.everything ? "list.selectedAll" : "list.selected", { smart_count: selection.count, count: format.number(selection.count) })}
            </Box>
            {whole && !selection.everything && total !== undefined && total > selection.ids.length && (
                <Button disabled={busy} onClick={selection.chooseEverything}>
                    {t("list.chooseAll", { total: format.number(total) })}
                </Button>
            )}
            {writable && actions.includes("owner") && (
                <Button disabled={busy} startIcon={<UserRound size={15} aria-hidden="true" />} aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
                    {t("list.assign")}
                </Button>
            )}
            {writable && actions.includes("tag") && (
                <Button disabled={busy} startIcon={<TagIcon size={15} aria-hidden="true" />} onClick={() => setTagging(true)}>
                    {t("list.addTag")}
                </Button>
            )}
            {writable && actions.includes("done") && (
                <Button disabled={busy} startIcon={<CheckCheck size={15} aria-hidden="true" />} onClick={() => change({ status: "done" })}>
                    {t("list.done")}
                </Button>
            )}
            {exports && (
                <Button disabled={busy} startIcon={<Download size={15} aria-hidden="true" />} onClick={() => void exportChosen()}>
                    CSV
                </Button>
            )}
            <Tooltip title={t("list.unselect")}>
                <IconButton aria-label={t("list.unselect")} disabled={busy} onClick={selection.clear}>
                    <X size={16} />
                </IconButton>
            </Tooltip>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)}>
                {owners.map(({ value, name, note }) => (
                    <MenuItem
                        key={value}
                        onClick={() => {
                            setAnchor(null);
                            change({ owner_id: value });
                        }}
                    >
                        <Face name={name} size={20} />
                        {name}
                        <Muted sx={{ ml: "auto", pl: 2, fontSize: "s" }}>{note}</Muted>
                    </MenuItem>
                ))}
            </Menu>
            <FormDialog
                open={tagging}
                title={t("list.addTag")}
                submit={t("list.addTag")}
                values={{ tag: "" }}
                onClose={() => setTagging(false)}
                onSubmit={async ({ tag }) => {
                    setTagging(false);
                    change({ add_tags: [String(tag).trim()] });
                }}
            >
                <FormField name="tag" label={t("list.tag")} autoFocus required />
            </FormDialog>
        </Box>
    );
}
