// Two people wrote into the same field: what stands there now, and what one wrote oneself, to choose from.
import { Box, Button, Dialog, DialogActions, DialogContent, DialogTitle } from "@mui/material";
import { useSyncExternalStore } from "react";
import { useT } from "../providers/i18n";
import { clashes } from "./change";
import { Fact, Facts, Section } from "./facts";

export function Clashes() {
    const t = useT();
    const clash = useSyncExternalStore(clashes.subscribe, clashes.current);
    return (
        <Dialog open={clash !== null} onClose={clashes.close} maxWidth="xs" fullWidth role="alertdialog" slotProps={{ paper: { "aria-label": t("clash.title") } }}>
            <DialogTitle>{t("clash.title")}</DialogTitle>
            <DialogContent sx={{ display: "grid", gap: 2 }}>
                <Box>{t("clash.hint")}</Box>
                {clash?.fields.map(({ name, label, theirs, yours }) => (
                    <Section key={name} title={label}>
                        <Facts>
                            <Fact label={t("clash.theirs")}>{theirs}</Fact>
                            <Fact label={t("clash.yours")}>{yours}</Fact>
                        </Facts>
                    </Section>
                ))}
            </DialogContent>
            <DialogActions>
                <Button onClick={() => clash?.insist()}>{t("clash.insist")}</Button>
                <Button onClick={clashes.close} variant="contained" autoFocus>
                    {t("clash.leave")}
                </Button>
            </DialogActions>
        </Dialog>
    );
}
