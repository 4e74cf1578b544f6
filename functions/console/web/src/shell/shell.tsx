// The frame around every page: navigation at the side, below on a phone; search; who one is.
import { Box, ButtonBase, IconButton, useMediaQuery } from "@mui/material";
import { useTheme } from "@mui/material/styles";
import { Plus, Search } from "lucide-react";
import { ErrorBoundary } from "react-error-boundary";
import { type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { NavLink, useLocation, useNavigationType } from "react-router-dom";
import { useSessionWatch } from "../providers/auth";
import { useKeptPreferences } from "../providers/preferences";
import { useLanguage, useProfileLanguage, useT } from "../providers/i18n";
import { useMay, useMe } from "../ui/known";
import { Clashes } from "../ui/clashes";
import { Notices } from "../ui/notify";
import { Hidden } from "../ui/parts";
import { announcer } from "../ui/title";
import { useUndoKey } from "../ui/undo";
import { Account } from "./account";
import { Bell } from "./bell";
import { useAppKeys } from "./commands";
import { Finder } from "./finder";
import { KeyHelp } from "./key-help";
import { AlsoHere } from "./live";
import { GROUPS, type Place, PLACES } from "./navigation";
import { Offline } from "./offline";
import { askForPartsAgain } from "./part";
import { KeyCap, QuickAdd } from "./quick-add";
import { startAdding } from "./quick-add-state";
import { Crash, Starting } from "./states";

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
    useUndoKey();
    useAppKeys();
    // Before the profile: what somebody else chose here goes first.
    useKeptPreferences(me?.member?.id);
    useProfileLanguage(me?.member?.language ?? me?.tenant.language);

    useEffect(() => {
        document.documentElement.lang = language;
    }, [language]);

    useEffect(() => {
        // A new page begins at its top; on the way back the browser knows where one was.
        if (arrival !== "POP") window.scrollTo(0, 0);
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
                <Suspense>
                    <QuickAdd />
                </Suspense>
                <KeyHelp />
                <Notices />
                <Clashes />
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
                        <Box sx={{ fontSize: "xs", color: "text.secondary", overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>{me?.tenant.name}</Box>
                    </Box>
                )}
            </Box>
            <ButtonBase onClick={onFind} aria-label={narrow ? t("find.open") : undefined} aria-keyshortcuts="Control+K Meta+K /" sx={{ justifyContent: narrow ? "center" : "flex-start", gap: 1, px: 1.125, height: 34, borderRadius: 1, border: 1, borderColor: "divider", bgcolor: "background.paper", color: "text.secondary", fontSize: "m", "&:hover": { color: "text.primary" } }}>
                <Search size={15} aria-hidden="true" />
                {!narrow && (
                    <>
                        {t("find.short")}
                        <Box sx={{ ml: "auto", display: "inline-flex" }}>
                            <KeyCap>{t("find.key")}</KeyCap>
                        </Box>
                    </>
                )}
            </ButtonBase>
            <Add narrow={narrow} />
            <Places narrow={narrow} />
            <Box sx={{ mt: "auto" }}>
                <AlsoHere words={!narrow} />
            </Box>
            <Box sx={{ display: "flex", flexDirection: narrow ? "column" : "row", alignItems: "center", gap: 0.5, minWidth: 0 }}>
                <Box sx={{ flex: narrow ? undefined : 1, minWidth: 0 }}>
                    <Account narrow={narrow} />
                </Box>
                <Bell />
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
            <Box sx={{ ml: "auto" }}>
                <Add narrow />
            </Box>
            <IconButton aria-label={t("find.open")} onClick={onFind}>
                <Search size={18} />
            </IconButton>
            <AlsoHere />
            <Bell />
            <Account narrow />
        </Box>
    );
}

/** A lead, a deal, a task from wherever one is. */
function Add({ narrow }: { narrow: boolean }) {
    const t = useT();
    const may = useMay();
    if (!["leads", "deals", "tasks"].some((area) => may(area, "write"))) return null;
    return (
        <ButtonBase onClick={() => startAdding("choose")} aria-label={narrow ? t("add.title") : undefined} aria-haspopup="dialog" aria-keyshortcuts="c" sx={{ justifyContent: narrow ? "center" : "flex-start", gap: 1, px: 1.125, minWidth: 34, width: narrow ? undefined : "100%", height: 34, borderRadius: 1, color: "text.secondary", fontSize: "m", "&:hover": { color: "text.primary", bgcolor: "subtle" } }}>
            <Plus size={16} aria-hidden="true" />
            {!narrow && (
                <>
                    {t("add.short")}
                    <Box sx={{ ml: "auto", display: "inline-flex" }}>
                        <KeyCap>C</KeyCap>
                    </Box>
                </>
            )}
        </ButtonBase>
    );
}

function Places({ narrow = false, bottom = false }: { narrow?: boolean; bottom?: boolean }) {
    const t = useT();
    const may = useMay();
    const places = PLACES.filter((place) => may(place.area, "read"));
    const groups = GROUPS.map((group) => ({ group, places: places.filter((place) => place.group === group) })).filter((one) => one.places.length > 0);
    if (bottom) {
        return (
            <Box component="nav" aria-label={t("nav.label")} sx={{ position: "fixed", insetInline: 0, bottom: 0, zIndex: 20, display: "flex", justifyContent: "space-around", bgcolor: "background.paper", borderTop: 1, borderColor: "divider", pb: "env(safe-area-inset-bottom)" }}>
                {places.map((place) => (
                    <PlaceLink key={place.to} place={place} bottom />
                ))}
            </Box>
        );
    }
    return (
        <Box component="nav" aria-label={t("nav.label")} sx={{ display: "grid", gap: 1.5, mt: 0.5, overflowY: "auto" }}>
            {groups.map(({ group, places }, at) => (
                <Box key={group} role="group" aria-label={t(`nav.group.${group}`)} sx={{ display: "grid", gap: "2px", pt: narrow && at > 0 ? 1 : 0, borderTop: narrow && at > 0 ? 1 : 0, borderColor: "divider" }}>
                    {!narrow && (
                        <Box aria-hidden="true" sx={{ px: 1.125, pb: 0.25, fontSize: "xs", fontWeight: 550, color: "text.secondary" }}>
                            {t(`nav.group.${group}`)}
                        </Box>
                    )}
                    {places.map((place) => (
                        <PlaceLink key={place.to} place={place} narrow={narrow} />
                    ))}
                </Box>
            ))}
        </Box>
    );
}

function PlaceLink({ place: { to, label, icon: Icon }, narrow = false, bottom = false }: { place: Place; narrow?: boolean; bottom?: boolean }) {
    const t = useT();
    return (
        <Box
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
                fontSize: bottom ? "xs" : "l",
                fontWeight: 500,
                "&:hover": { color: "text.primary", bgcolor: bottom ? undefined : "subtle" },
                "&.active": bottom ? { color: "primary.main", fontWeight: 600 } : { color: "text.primary", bgcolor: "subtle", fontWeight: 600 },
            }}
        >
            <Icon size={bottom ? 20 : 17} aria-hidden="true" />
            {!narrow && t(label)}
        </Box>
    );
}
