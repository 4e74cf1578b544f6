// What can be done with a record: the first in sight, the others behind a button.
import { Box, Button, IconButton, ListItemIcon, Menu, MenuItem, Tooltip } from "@mui/material";
import { Ellipsis, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { useT } from "../providers/i18n";

export interface Action {
    key: string;
    label: string;
    icon: LucideIcon;
    run: () => void;
    /** What it does, where its name does not say all of it. */
    tip?: string;
    busy?: boolean;
    /** What most people come for. */
    primary?: boolean;
    grave?: boolean;
}

/** `shown`: how many stand there as buttons. */
export function Actions({ of, shown = 2 }: { of: (Action | false | undefined)[]; shown?: number }) {
    const t = useT();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const all = of.filter((action) => action !== false && action !== undefined);
    // One more would take no more room than the button for it.
    const first = all.length === shown + 1 ? all : all.slice(0, shown);
    const rest = all.slice(first.length);
    return (
        <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 1 }}>
            {first.map(({ key, label, icon: Icon, run, tip, busy, primary }) => (
                <Tooltip key={key} title={tip ?? ""}>
                    <span>
                        <Button variant={primary ? "contained" : "outlined"} disabled={busy} startIcon={<Icon size={15} aria-hidden="true" />} onClick={run}>
                            {label}
                        </Button>
                    </span>
                </Tooltip>
            ))}
            {rest.length > 0 && <More label={t("action.more")} of={rest} anchor={anchor} setAnchor={setAnchor} />}
        </Box>
    );
}

function More({ label, of, anchor, setAnchor }: { label: string; of: Action[]; anchor: HTMLElement | null; setAnchor: (anchor: HTMLElement | null) => void }) {
    return (
        <>
            <IconButton aria-label={label} aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)} sx={{ border: 1, borderColor: "divider", bgcolor: "background.paper" }}>
                <Ellipsis size={16} />
            </IconButton>
            <ActionMenu of={of} anchor={anchor} onClose={() => setAnchor(null)} />
        </>
    );
}

/** The same as a menu, such as a card has. */
export function ActionMenu({ of, anchor, onClose }: { of: Action[]; anchor: HTMLElement | null; onClose: () => void }) {
    return (
        <Menu open={anchor !== null} anchorEl={anchor} onClose={onClose}>
            {of.map(({ key, label, icon: Icon, run, tip, busy, grave }) => (
                <MenuItem
                    key={key}
                    disabled={busy}
                    title={tip}
                    onClick={() => {
                        onClose();
                        run();
                    }}
                    sx={{ color: grave ? "bad.main" : undefined }}
                >
                    <ListItemIcon sx={{ minWidth: "22px !important", color: "inherit" }}>
                        <Icon size={15} aria-hidden="true" />
                    </ListItemIcon>
                    {label}
                </MenuItem>
            ))}
        </Menu>
    );
}
