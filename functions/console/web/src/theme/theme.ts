// How the console looks: system type, an 8-pixel rhythm halved where rows are dense, hairlines instead of shadows, one accent, and
// colours that mean something (tiers, score categories) and are never the only sign of it.
import { createTheme, type Theme } from "@mui/material/styles";

export type Tier = "cold" | "warm" | "hot" | "very_hot";
export type Category = "demographic" | "engagement" | "behavior";
interface Tone {
    main: string;
    soft: string;
}

declare module "@mui/material/styles" {
    interface Palette {
        tier: Record<Tier, Tone>;
        category: Record<Category, string>;
        subtle: string;
        good: Tone;
        bad: Tone;
        note: Tone;
    }
    interface PaletteOptions {
        tier: Record<Tier, Tone>;
        category: Record<Category, string>;
        subtle: string;
        good: Tone;
        bad: Tone;
        note: Tone;
    }
}

/** What the system itself writes with. `system-ui` comes late: on many Linux desktops it is a wide face that fits no table. */
const FONT = '-apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", system-ui, sans-serif';

const light = {
    mode: "light" as const,
    primary: { main: "#0e6470", contrastText: "#ffffff" },
    background: { default: "#f6f6f3", paper: "#ffffff" },
    text: { primary: "#1c1f21", secondary: "#5d6468", disabled: "#8b9195" },
    divider: "#e3e3dd",
    subtle: "#efefeb",
    error: { main: "#b3261e" },
    tier: {
        cold: { main: "#48586a", soft: "#e9eef3" },
        warm: { main: "#7a5200", soft: "#fbf0d3" },
        hot: { main: "#a33a06", soft: "#fde6d8" },
        very_hot: { main: "#a1124a", soft: "#fbe0ea" },
    },
    category: { demographic: "#4a6fb5", engagement: "#20897c", behavior: "#8a55ad" },
    good: { main: "#1c6b3c", soft: "#def3e5" },
    bad: { main: "#a5231b", soft: "#fbe3e1" },
    note: { main: "#0e6470", soft: "#dff0f1" },
};

const dark = {
    mode: "dark" as const,
    primary: { main: "#63c5cf", contrastText: "#06272b" },
    background: { default: "#111415", paper: "#181c1e" },
    text: { primary: "#e7eaea", secondary: "#a0a9ad", disabled: "#737c80" },
    divider: "#2b3134",
    subtle: "#21272a",
    error: { main: "#ff9a90" },
    tier: {
        cold: { main: "#b4c3d2", soft: "#25303a" },
        warm: { main: "#efc56d", soft: "#372d14" },
        hot: { main: "#ffab78", soft: "#402717" },
        very_hot: { main: "#ff9cbb", soft: "#431d2c" },
    },
    category: { demographic: "#7fa4ea", engagement: "#4fc0b2", behavior: "#c093e2" },
    good: { main: "#83d7a2", soft: "#16331f" },
    bad: { main: "#ff9a90", soft: "#411f1c" },
    note: { main: "#63c5cf", soft: "#12343a" },
};

export function makeTheme(mode: "light" | "dark"): Theme {
    const palette = mode === "light" ? light : dark;
    const ring = { outline: `2px solid ${palette.primary.main}`, outlineOffset: 1 };
    return createTheme({
        palette,
        spacing: 8,
        shape: { borderRadius: 7 },
        typography: {
            fontFamily: FONT,
            fontSize: 13,
            htmlFontSize: 16,
            h1: { fontSize: "1.1875rem", fontWeight: 650, letterSpacing: "-0.01em", lineHeight: 1.3 },
            h2: { fontSize: "0.875rem", fontWeight: 650, lineHeight: 1.4 },
            h3: { fontSize: "0.8125rem", fontWeight: 600, lineHeight: 1.4 },
            body1: { fontSize: "0.84375rem", lineHeight: 1.5 },
            body2: { fontSize: "0.8125rem", lineHeight: 1.45 },
            caption: { fontSize: "0.75rem", lineHeight: 1.4 },
            button: { textTransform: "none", fontWeight: 550, fontSize: "0.8125rem" },
        },
        transitions: { duration: { enteringScreen: 140, leavingScreen: 110 } },
        components: {
            MuiCssBaseline: {
                styleOverrides: {
                    body: { fontVariantNumeric: "tabular-nums", fontSize: "0.84375rem" },
                    ":focus-visible": ring,
                    "::selection": { background: palette.note.soft },
                    "@media (prefers-reduced-motion: reduce)": { "*": { animationDuration: "1ms !important", transitionDuration: "1ms !important" } },
                },
            },
            MuiButtonBase: { defaultProps: { disableRipple: true }, styleOverrides: { root: { fontFamily: FONT, "&:focus-visible": ring } } },
            MuiButton: {
                defaultProps: { size: "small", disableElevation: true },
                styleOverrides: {
                    root: { minHeight: 32, paddingInline: 12, whiteSpace: "nowrap" },
                    outlined: { borderColor: palette.divider, color: palette.text.primary, background: palette.background.paper, "&:hover": { background: palette.subtle, borderColor: palette.divider } },
                    text: { color: palette.text.primary },
                    startIcon: { marginRight: 6 },
                },
            },
            MuiIconButton: { defaultProps: { size: "small" }, styleOverrides: { root: { borderRadius: 7, color: palette.text.secondary, minWidth: 32, minHeight: 32 } } },
            MuiPaper: { styleOverrides: { root: { backgroundImage: "none" } } },
            MuiTextField: { defaultProps: { size: "small", margin: "none" } },
            MuiFormControl: { defaultProps: { size: "small", margin: "none" } },
            MuiOutlinedInput: {
                styleOverrides: {
                    root: { background: palette.background.paper, fontSize: "0.84375rem", minHeight: 36, "&:hover .MuiOutlinedInput-notchedOutline": { borderColor: palette.text.disabled } },
                    notchedOutline: { borderColor: mode === "light" ? "#cfcfc8" : "#3d454a" },
                },
            },
            MuiInputLabel: { styleOverrides: { root: { fontSize: "0.84375rem" } } },
            MuiMenu: { styleOverrides: { paper: { border: `1px solid ${palette.divider}`, boxShadow: "0 8px 28px rgb(0 0 0 / 14%)", marginTop: 4 } } },
            MuiMenuItem: { defaultProps: { dense: true }, styleOverrides: { root: { fontSize: "0.8125rem", minHeight: 34, gap: 8 } } },
            MuiDialog: { styleOverrides: { paper: { border: `1px solid ${palette.divider}`, boxShadow: "0 24px 64px rgb(0 0 0 / 24%)", borderRadius: 10 } } },
            MuiDialogTitle: { styleOverrides: { root: { fontSize: "1rem", fontWeight: 650, padding: "16px 20px 8px" } } },
            MuiDialogContent: { styleOverrides: { root: { padding: "8px 20px 16px" } } },
            MuiDialogActions: { styleOverrides: { root: { padding: "12px 20px 16px" } } },
            MuiDrawer: { styleOverrides: { paper: { backgroundImage: "none", outline: "none !important", boxShadow: "-12px 0 40px rgb(0 0 0 / 12%)" } } },
            MuiBackdrop: { styleOverrides: { root: { "&:not(.MuiBackdrop-invisible)": { backgroundColor: mode === "light" ? "rgb(24 28 30 / 22%)" : "rgb(0 0 0 / 48%)" } } } },
            MuiTabs: { styleOverrides: { root: { minHeight: 38 }, indicator: { height: 2, borderRadius: 2 } } },
            MuiTab: { styleOverrides: { root: { minHeight: 38, padding: "6px 2px", marginRight: 20, minWidth: 0, fontWeight: 500, fontSize: "0.84375rem", color: palette.text.secondary, "&.Mui-selected": { color: palette.text.primary, fontWeight: 600 } } } },
            MuiTableCell: { styleOverrides: { root: { padding: "6px 10px", borderColor: palette.divider, fontSize: "0.8125rem", whiteSpace: "nowrap" }, head: { fontWeight: 500, color: palette.text.secondary, fontSize: "0.75rem", background: palette.background.paper, whiteSpace: "nowrap" } } },
            // What stands in a tooltip explains; it never takes the place of what is written.
            MuiTooltip: { defaultProps: { enterDelay: 350, arrow: false, describeChild: true }, styleOverrides: { tooltip: { fontSize: "0.75rem", background: mode === "light" ? "#24292b" : "#e7eaea", color: mode === "light" ? "#fff" : "#15191b", padding: "5px 8px" } } },
            MuiCheckbox: { defaultProps: { size: "small" }, styleOverrides: { root: { padding: 6 } } },
            MuiSkeleton: { defaultProps: { animation: "pulse" }, styleOverrides: { root: { backgroundColor: palette.subtle } } },
            MuiAlert: { styleOverrides: { root: { fontSize: "0.8125rem", padding: "4px 12px" } } },
            MuiToggleButton: { defaultProps: { size: "small" }, styleOverrides: { root: { padding: "4px 10px", minHeight: 32, borderColor: palette.divider, fontWeight: 500, color: palette.text.secondary, "&.Mui-selected": { color: palette.text.primary, background: palette.subtle } } } },
        },
    });
}
