// A record beside what it was opened from. It takes nothing away: what is beside it goes on working, and ← → open its neighbours.
import { Box, IconButton, Tooltip } from "@mui/material";
import { ChevronLeft, ChevronRight, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useT } from "../providers/i18n";
import { useKeys } from "./keys";

/** In pixels; on a phone it is the whole page. */
export const PANEL_WIDTH = 440;

interface Props {
    /** What is open; another one takes its place. */
    id: string;
    title: string;
    onClose: () => void;
    onPrevious?: () => void;
    onNext?: () => void;
    children: ReactNode;
}

export function SidePanel({ id, title, onClose, onPrevious, onNext, children }: Props) {
    const t = useT();
    const panel = useRef<HTMLDivElement>(null);
    const shown = useRef(id);
    shown.current = id;
    useEffect(() => {
        // Whoever opened it goes on inside it; and comes back to where they were.
        const before = document.activeElement as HTMLElement | null;
        panel.current?.focus({ preventScroll: true });
        return () => {
            // The card that was opened last: it may stand elsewhere by now, where the one that was clicked is gone.
            const card = document.querySelector<HTMLElement>(`[data-deal="${shown.current}"]`);
            for (const one of [card, before, document.getElementById("content")]) {
                if (!one?.isConnected || one === document.body) continue;
                one.focus({ preventScroll: true });
                if (document.activeElement === one) return;
            }
        };
    }, []);
    useEffect(() => {
        panel.current?.scrollTo?.(0, 0);
    }, [id]);
    useKeys([
        { keys: "Escape", label: "keys.closePanel", run: onClose },
        onPrevious && { keys: "ArrowLeft", label: "keys.previousBeside", run: onPrevious },
        onNext && { keys: "ArrowRight", label: "keys.nextBeside", run: onNext },
    ]);
    return (
        <Box ref={panel} role="dialog" aria-modal="false" aria-label={title} tabIndex={-1} sx={{ position: "fixed", top: 0, right: 0, bottom: 0, zIndex: 1100, width: { xs: "100%", sm: PANEL_WIDTH }, overflowY: "auto", overscrollBehavior: "contain", bgcolor: "background.paper", borderLeft: 1, borderColor: "divider", boxShadow: "-12px 0 40px rgb(0 0 0 / 12%)", outline: "none !important" }}>
            <Box sx={{ position: "sticky", top: 0, zIndex: 1, display: "flex", alignItems: "center", gap: 0.5, pl: 2, pr: 1.5, py: 0.75, bgcolor: "background.paper" }}>
                <Beside label={t("keys.previousBeside")} icon={<ChevronLeft size={17} />} run={onPrevious} />
                <Beside label={t("keys.nextBeside")} icon={<ChevronRight size={17} />} run={onNext} />
                <IconButton aria-label={t("action.close")} aria-keyshortcuts="Escape" onClick={onClose} sx={{ ml: "auto" }}>
                    <X size={18} />
                </IconButton>
            </Box>
            <Box sx={{ px: 2.5, pb: 3, display: "grid", gap: 2.5, alignContent: "start" }}>{children}</Box>
        </Box>
    );
}

function Beside({ label, icon, run }: { label: string; icon: ReactNode; run: (() => void) | undefined }) {
    return (
        <Tooltip title={label}>
            <span>
                <IconButton aria-label={label} disabled={!run} onClick={run}>
                    {icon}
                </IconButton>
            </span>
        </Tooltip>
    );
}
