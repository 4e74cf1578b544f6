// Which keys do what on this page.
import { Box, Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { useEffect, useState } from "react";
import { useT } from "../providers/i18n";
import { Fact, Facts } from "../ui/facts";
import { type Key, keysNow } from "../ui/keys";
import { HELP_EVENT } from "./commands";
import { KeyCap } from "./quick-add";

const SHOWN: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };

export function KeyHelp() {
    const t = useT();
    const [keys, setKeys] = useState<Key[] | null>(null);
    useEffect(() => {
        const open = () => setKeys(keysNow());
        window.addEventListener(HELP_EVENT, open);
        return () => window.removeEventListener(HELP_EVENT, open);
    }, []);
    const close = () => setKeys(null);
    const control = t("keys.control");
    const all = [...(keys ?? []).map(({ keys, label }) => [keys.split(" "), t(label)] as const), [[control, "K"], t("find.open")] as const, [[control, "Z"], t("action.undo")] as const];
    return (
        <Dialog open={keys !== null} onClose={close} maxWidth="xs" fullWidth slotProps={{ paper: { "aria-label": t("keys.title") } }}>
            <DialogTitle>{t("keys.title")}</DialogTitle>
            <DialogContent>
                <Facts names={96}>
                    {all.map(([names, label]) => (
                        <Fact
                            key={names.join(" ")}
                            label={
                                <Box component="span" sx={{ display: "inline-flex", gap: 0.5 }}>
                                    {names.map((name) => (
                                        <KeyCap key={name}>{SHOWN[name] ?? name}</KeyCap>
                                    ))}
                                </Box>
                            }
                        >
                            {label}
                        </Fact>
                    ))}
                </Facts>
            </DialogContent>
            <DialogActions>
                <Button onClick={close} autoFocus>
                    {t("action.close")}
                </Button>
            </DialogActions>
        </Dialog>
    );
}
