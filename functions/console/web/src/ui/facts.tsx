// What is known about a record: names and values, and titled groups of them without a surface of their own.
import { Box } from "@mui/material";
import { type ReactNode, useId } from "react";
import { Muted } from "./parts";

/** A titled part of a page or panel. */
export function Section({ title, action, children }: { title: ReactNode; action?: ReactNode; children: ReactNode }) {
    const id = useId();
    return (
        <Box component="section" aria-labelledby={id} sx={{ minWidth: 0 }}>
            <Box sx={{ display: "flex", alignItems: "center", gap: 1, mb: 0.75, minHeight: 24 }}>
                <Box component="h3" id={id} sx={{ m: 0, fontSize: "m", fontWeight: 620 }}>
                    {title}
                </Box>
                <Box sx={{ ml: "auto" }}>{action}</Box>
            </Box>
            {children}
        </Box>
    );
}

/** `names`: how wide the column of the names is, in pixels. */
export function Facts({ names = 88, children }: { names?: number; children: ReactNode }) {
    return (
        <Box component="dl" sx={{ display: "grid", gridTemplateColumns: `${names}px minmax(0, 1fr)`, columnGap: 1.5, rowGap: 0.75, alignItems: "baseline", m: 0, fontSize: "m" }}>
            {children}
        </Box>
    );
}

/** What is empty is a dash: that nothing is known is said, too. */
export function Fact({ label, children }: { label: ReactNode; children?: ReactNode }) {
    return (
        <>
            <Box component="dt" sx={{ color: "text.secondary", overflowWrap: "anywhere" }}>
                {label}
            </Box>
            <Box component="dd" sx={{ m: 0, minWidth: 0, overflowWrap: "anywhere" }}>
                {children || children === 0 ? children : <Muted>–</Muted>}
            </Box>
        </>
    );
}
