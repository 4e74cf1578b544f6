// What can be done with one row of a list.
import { Divider, ListItemIcon, Menu, MenuItem } from "@mui/material";
import { ArrowUpRight, ExternalLink, Link2, type LucideIcon } from "lucide-react";
import { useHref, useNavigate } from "react-router-dom";
import type { Entity, Versioned } from "../entities/entity";
import { type MessageKey, useT } from "../providers/i18n";
import { notify } from "./notify";

export interface RowAction<T> {
    key: string;
    label: MessageKey;
    icon: LucideIcon;
    run: (record: T) => void;
    /** Not for this one. */
    unless?: (record: T) => boolean;
}

export function RowMenu<T extends Versioned>({ anchor, record, address, entity, actions, onClose }: { address: string; anchor: HTMLElement; record: T; entity: Entity<T>; actions: readonly RowAction<T>[]; onClose: () => void }) {
    const t = useT();
    const go = useNavigate();
    const href = useHref(address);
    const copy = async () => {
        await navigator.clipboard.writeText(new URL(href, location.href).href);
        notify("list.copied", { type: "success" });
    };
    const item = (key: string, label: MessageKey, Icon: LucideIcon, run: () => unknown) => (
        <MenuItem
            key={key}
            onClick={() => {
                onClose();
                void run();
            }}
        >
            <ListItemIcon sx={{ minWidth: "22px !important" }}>
                <Icon size={15} />
            </ListItemIcon>
            {t(label)}
        </MenuItem>
    );
    const own = actions.filter(({ unless }) => !unless?.(record));
    return (
        <Menu open anchorEl={anchor} onClose={onClose} slotProps={{ list: { "aria-label": t("list.actionsOf", { name: entity.name(record) }) } }}>
            {item("open", "list.open", ArrowUpRight, () => go(address))}
            {item("tab", "list.openTab", ExternalLink, () => window.open(href, "_blank", "noopener"))}
            {item("copy", "list.copy", Link2, copy)}
            {own.length > 0 && <Divider />}
            {own.map(({ key, label, icon, run }) => item(key, label, icon, () => run(record)))}
        </Menu>
    );
}
