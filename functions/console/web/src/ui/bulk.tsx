// What can be done with the chosen rows of a list: those of a page, or all that the filters find.
import { Box, Button, IconButton, Menu, MenuItem, Tooltip } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { Download, Tag as TagIcon, UserRound, X } from "lucide-react";
import { useState } from "react";
import { sayError } from "../api/problem";
import { useReread } from "../api/reread";
import type { Field, Versioned } from "../entities/entity";
import { isPool } from "../entities/lead";
import { useFormat } from "../i18n/format";
import { changeOne, fileOf, listFile, listPage, patch, readOne } from "../providers/data";
import { useT, useTranslate } from "../providers/i18n";
import { Field as FormField, FormDialog } from "./form";
import { useMay } from "./known";
import { useList } from "./list";
import { useExport } from "./list-page";
import { notify } from "./notify";
import { useOwners } from "./owners";
import { Face, Muted } from "./parts";

/** Which of the changes a kind of record knows. */
export type BulkAction = "owner" | "tag";

/** One change for many records. */
interface Wanted {
    owner_id?: string;
    add_tag?: string;
}

type Loose = Versioned & { tags?: string[] };

const fieldsOf = (record: Loose, { owner_id, add_tag }: Wanted) => ({ ...(owner_id ? { owner_id } : {}), ...(add_tag ? { tags: [...new Set([...(record.tags ?? []), add_tag])] } : {}) });

/** As many as the API lists at once. */
const AT_ONCE = 100;

/** Changes the chosen records. Each as it is now, guarded by its version; what fails is counted and stays chosen. */
function useMany() {
    const translate = useTranslate();
    const { entity, selection, asked, sort } = useList();
    const refresh = useReread(entity.kind);
    const [progress, setProgress] = useState<{ at: number; all: number } | null>(null);
    const chosen = async () => {
        if (!selection.everything) return selection.ids;
        const ids: string[] = [];
        for (let page = 1; ; page += 1) {
            const { data, total } = await listPage(entity.resource, { filter: asked, sort, page, limit: AT_ONCE });
            ids.push(...data.map((row) => (row as Versioned).id));
            if (data.length < AT_ONCE || ids.length >= total) return ids;
        }
    };
    const { mutate } = useMutation({
        mutationFn: async (wanted: Wanted) => {
            const ids = await chosen();
            const failed: string[] = [];
            let reason: unknown;
            for (const [at, id] of ids.entries()) {
                setProgress({ at, all: ids.length });
                try {
                    const record = await readOne<Loose>(entity.resource, id);
                    await changeOne(entity.resource, id, patch(fieldsOf(record, wanted), record as unknown as Record<string, unknown>), record.version);
                } catch (error) {
                    failed.push(id);
                    reason = error;
                }
            }
            return { done: ids.length - failed.length, failed, reason };
        },
        onSuccess: ({ done, failed, reason }) => {
            if (failed.length) notify("list.bulkFailed", { type: "warning", messageArgs: { done, failed: failed.length, reason: sayError(reason, translate) } });
            else notify(`list.bulkDone.${entity.kind}`, { type: "success", messageArgs: { smart_count: done } });
            selection.set(failed);
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
                    change({ add_tag: tag.trim() });
                }}
            >
                <FormField name="tag" label={t("list.tag")} autoFocus required />
            </FormDialog>
        </Box>
    );
}
