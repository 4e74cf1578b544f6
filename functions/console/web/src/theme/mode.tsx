// Light, dark, or as the system says; the system's by default.
import { CssBaseline, useMediaQuery } from "@mui/material";
import { ThemeProvider } from "@mui/material/styles";
import { useStore } from "ra-core";
import { type ReactNode, useEffect, useMemo } from "react";
import { makeTheme } from "./theme";

export type Mode = "system" | "light" | "dark";
export const MODES: readonly Mode[] = ["system", "light", "dark"];

export const useMode = () => useStore<Mode>("appearance", "system");

export function Themed({ children }: { children: ReactNode }) {
    const [mode] = useMode();
    const systemDark = useMediaQuery("(prefers-color-scheme: dark)", { noSsr: true });
    const shown = mode === "system" ? (systemDark ? "dark" : "light") : mode;
    const theme = useMemo(() => makeTheme(shown), [shown]);
    useEffect(() => {
        document.documentElement.style.colorScheme = shown;
    }, [shown]);
    return (
        <ThemeProvider theme={theme}>
            <CssBaseline />
            {children}
        </ThemeProvider>
    );
}
