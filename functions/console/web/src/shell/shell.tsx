// The frame around every page: navigation at the side, below on a phone; search; who one is.
import { Box, ButtonBase, IconButton, useMediaQuery } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { Search } from "lucide-react";
import { ErrorBoundary } from "react-error-boundary";
import { type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { NavLink, useLocation, useNavigationType } from "react-router-dom";
import { Notification } from "ra-ui-materialui";
import { useLanguage, useProfileLanguage, useT } from "../providers/i18n";
import { useMay, useMe } from "../ui/known";
import { Hidden } from "../ui/parts";
import { announcer } from "../ui/title";
import { Account } from "./account";
import { Finder } from "./finder";
import { PLACES } from "./navigation";
import { Offline } from "./offline";
import { askForPartsAgain } from "./part";
import { Crash, Starting } from "./states";
import { useSessionWatch } from "./watch";

export function Shell({ children }: { children?: ReactNode }) {
    const t = useT();
    const theme = useTheme();
    const phone = useMediaQuery(theme.breakpoints.down("sm"), { noSsr: true });
    const narrow = useMediaQuery(theme.breakpoints.down("md"), { noSsr: true });
    const [finding, setFinding] = useState(false);
    const [language] = useLanguage();
    const main = useRef<HTMLElement>(null);
    const { pathname } = useLocation();
    const arrival = useNavigationType();
    const me = useMe();
    useSessionWatch();
    useProfileLanguage(me?.member?.language ?? me?.tenant.language);

    useEffect(() => {
        document.documentElement.lang = language;
    }, [language]);

    useEffect(() => {
        // A new page begins at its top; on the way back the browser knows where one was.
        if (arrival === "PUSH") window.scrollTo(0, 0);
        // Filters, pages of a list and open panels stand behind the same path and move nothing.
    }, [pathname]);

    useEffect(() => {
        const open = (event: KeyboardEvent) => {
            const typing = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
            if ((event.key === "k" && (event.metaKey || event.ctrlKey)) || (event.key === "/" && !typing)) {
                event.preventDefault();
                setFinding(true);
            }
        };
        window.addEventListener("keydown", open);
        return () => window.removeEventListener("keydown", open);
    }, []);

    return (
        <>
            <Offline />
            <Box sx={{ display: "flex", flexDirection: phone ? "column" : "row", minHeight: "100dvh" }}>
                <Box component="a" href="#content" onClick={(event: React.MouseEvent) => (event.preventDefault(), main.current?.focus())} sx={{ position: "absolute", left: 8, top: -60, zIndex: 2000, p: 1, bgcolor: "background.paper", color: "text.primary", borderRadius: 1, "&:focus": { top: 8 } }}>
                    {t("nav.skip")}
                </Box>
                {phone ? <TopBar onFind={() => setFinding(true)} /> : <Side narrow={narrow} onFind={() => setFinding(true)} />}
                <Box component="main" id="content" ref={main} tabIndex={-1} sx={{ flex: 1, minWidth: 0, px: { xs: 1.5, sm: 3 }, py: { xs: 1.5, sm: 2.5 }, pb: phone ? 10 : 3, outline: "none !important" }}>
                    <ErrorBoundary FallbackComponent={Crash} onReset={askForPartsAgain} resetKeys={[pathname]}>
                        <Suspense fallback={<Starting />}>{children}</Suspense>
                    </ErrorBoundary>
                </Box>
                {phone && <Places bottom />}
                <Hidden>
                    <span {...announcer} />
                </Hidden>
                <Finder open={finding} onClose={() => setFinding(false)} />
                <Notification autoHideDuration={6000} />
            </Box>
        </>
    );
}

function Mark() {
    return (
        <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="#0e6470" />
            <path d="M16 5.5 23 25l-7-4.4L9 25z" fill="#fff" />
        </svg>
    );
}

function Side({ narrow, onFind }: { narrow: boolean; onFind: () => void }) {
    const t = useT();
    const me = useMe();
    return (
        <Box component="header" sx={{ width: narrow ? 60 : 216, flexShrink: 0, position: "sticky", top: 0, height: "100dvh", display: "flex", flexDirection: "column", gap: 1, p: 1.25, borderRight: 1, borderColor: "divider" }}>
            <Box sx={{ display: "flex", alignItems: "center", gap: 1, px: 0.75, py: 0.75, minHeight: 44 }}>
                <Mark />
                {!narrow && (
                    <Box sx={{ minWidth: 0, lineHeight: 1.25 }}>
                        <Box sx={{ fontWeight: 680, letterSpacing: "-0.01em" }}>Lotse</Box>
                        <Box sx={{ fontSize: "0.71875rem", color: "text.secondary", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{me?.tenant.name}</Box>
                    </Box>
                )}
            </Box>
            <ButtonBase onClick={onFind} aria-label={narrow ? t("find.open") : undefined} aria-keyshortcuts="Control+K Meta+K /" sx={{ justifyContent: narrow ? "center" : "flex-start", gap: 1, px: 1.125, height: 34, borderRadius: 1, border: 1, borderColor: "divider", bgcolor: "background.paper", color: "text.secondary", fontSize: "0.8125rem", "&:hover": { color: "text.primary" } }}>
                <Search size={15} aria-hidden="true" />
                {!narrow && (
                    <>
                        {t("find.short")}
                        <Box component="kbd" sx={{ ml: "auto", fontFamily: "inherit", fontSize: "0.6875rem", px: 0.625, border: 1, borderColor: "divider", borderRadius: 0.5 }}>
                            {t("find.key")}
                        </Box>
                    </>
                )}
            </ButtonBase>
            <Places narrow={narrow} />
            <Box sx={{ mt: "auto" }}>
                <Account narrow={narrow} />
            </Box>
        </Box>
    );
}

function TopBar({ onFind }: { onFind: () => void }) {
    const t = useT();
    return (
        <Box component="header" sx={{ position: "sticky", top: 0, zIndex: 20, display: "flex", alignItems: "center", gap: 1, px: 1.5, height: 52, bgcolor: "background.default", borderBottom: 1, borderColor: "divider" }}>
            <Mark />
            <Box sx={{ fontWeight: 680 }}>Lotse</Box>
            <IconButton sx={{ ml: "auto" }} aria-label={t("find.open")} onClick={onFind}>
                <Search size={18} />
            </IconButton>
            <Account narrow />
        </Box>
    );
}

function Places({ narrow = false, bottom = false }: { narrow?: boolean; bottom?: boolean }) {
    const t = useT();
    const may = useMay();
    const places = PLACES.filter((place) => may(place.area, "read"));
    return (
        <Box
            component="nav"
            aria-label={t("nav.label")}
            sx={
                bottom
                    ? { position: "fixed", insetInline: 0, bottom: 0, zIndex: 20, display: "flex", justifyContent: "space-around", bgcolor: "background.paper", borderTop: 1, borderColor: "divider", pb: "env(safe-area-inset-bottom)" }
                    : { display: "grid", gap: "2px", mt: 0.5 }
            }
        >
            {places.map(({ to, label, icon: Icon }) => (
                <Box
                    key={to}
                    component={NavLink}
                    to={to}
                    end={to === "/"}
                    aria-label={narrow ? t(label) : undefined}
                    sx={{
                        display: "flex",
                        flexDirection: bottom ? "column" : "row",
                        alignItems: "center",
                        justifyContent: narrow || bottom ? "center" : "flex-start",
                        gap: bottom ? 0.25 : 1.125,
                        px: bottom ? 0.5 : 1.125,
                        flex: bottom ? 1 : undefined,
                        height: bottom ? 56 : 34,
                        borderRadius: 1,
                        textDecoration: "none",
                        color: "text.secondary",
                        fontSize: bottom ? "0.6875rem" : "0.84375rem",
                        fontWeight: 500,
                        "&:hover": { color: "text.primary", bgcolor: bottom ? undefined : "subtle" },
                        "&.active": bottom ? { color: "primary.main", fontWeight: 600 } : { color: "text.primary", bgcolor: "subtle", fontWeight: 600 },
                    }}
                >
                    <Icon size={bottom ? 20 : 17} aria-hidden="true" />
                    {!narrow && t(label)}
                </Box>
            ))}
        </Box>
    );
}
