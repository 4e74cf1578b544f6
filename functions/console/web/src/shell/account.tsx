// Who one is here, language, appearance, and the way out.
import { Box, ButtonBase, Divider, ListItemIcon, Menu, MenuItem } from "@mui/material";
import { Check, LogOut } from "lucide-react";
import { useLogout } from "ra-core";
import { useState } from "react";
import { session } from "../api/client";
import { browserZone } from "../i18n/zone";
import { LANGUAGES, useLanguage, useT } from "../providers/i18n";
import { signedOut } from "../providers/traces";
import { MODES, useMode } from "../theme/mode";
import { useMe, useZone } from "../ui/known";
import { Face, Muted } from "../ui/parts";

export function Account({ narrow }: { narrow: boolean }) {
    const t = useT();
    const me = useMe();
    const zone = useZone();
    const logout = useLogout();
    const [anchor, setAnchor] = useState<HTMLElement | null>(null);
    const [language, setLanguage] = useLanguage();
    const [mode, setMode] = useMode();
    const name = me?.member?.name ?? me?.tenant.name ?? "";
    const chosen = (on: boolean) => <ListItemIcon sx={{ minWidth: "22px !important" }}>{on && <Check size={15} />}</ListItemIcon>;
    const leave = () => {
        setAnchor(null);
        // Not an ended session: no message, and no way back to this page.
        session.onEnd = () => {};
        signedOut();
        void logout({}, "/login", false);
    };
    return (
        <>
            <ButtonBase onClick={(event) => setAnchor(event.currentTarget)} aria-haspopup="menu" aria-expanded={anchor !== null} aria-label={narrow ? t("account.open", { name }) : undefined} sx={{ width: narrow ? "auto" : "100%", justifyContent: "flex-start", gap: 1, p: 0.75, borderRadius: 1, textAlign: "left", "&:hover": { bgcolor: "subtle" } }}>
                <Face name={name || "?"} size={28} />
                {!narrow && (
                    <Box sx={{ minWidth: 0, fontSize: "0.8125rem", lineHeight: 1.3 }}>
                        <Box sx={{ fontWeight: 550, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{name}</Box>
                        {me?.member && <Muted sx={{ fontSize: "0.71875rem" }}>{t(`role.${me.member.role}`)}</Muted>}
                    </Box>
                )}
            </ButtonBase>
            <Menu open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)} slotProps={{ list: { sx: { minWidth: 208 } } }}>
                <MenuItem disabled sx={{ opacity: "1 !important", display: "block", lineHeight: 1.35 }}>
                    <Box sx={{ fontWeight: 600 }}>{name}</Box>
                    <Muted sx={{ display: "block", fontSize: "0.75rem" }}>{me?.member?.email}</Muted>
                    {zone && zone !== browserZone() && <Muted sx={{ display: "block", fontSize: "0.75rem" }}>{t("account.zone", { zone })}</Muted>}
                </MenuItem>
                <Divider />
                {LANGUAGES.map((each) => (
                    <MenuItem key={each} role="menuitemradio" aria-checked={each === language} lang={each} onClick={() => setLanguage(each)}>
                        {chosen(each === language)}
                        {t(`language.${each}`)}
                    </MenuItem>
                ))}
                <Divider />
                {MODES.map((each) => (
                    <MenuItem key={each} role="menuitemradio" aria-checked={each === mode} onClick={() => setMode(each)}>
                        {chosen(each === mode)}
                        {t(`mode.${each}`)}
                    </MenuItem>
                ))}
                <Divider />
                <MenuItem onClick={leave}>
                    <ListItemIcon sx={{ minWidth: "22px !important" }}>
                        <LogOut size={15} />
                    </ListItemIcon>
                    {t("account.signOut")}
                </MenuItem>
            </Menu>
        </>
    );
}
