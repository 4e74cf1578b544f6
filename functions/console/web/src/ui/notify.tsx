// What was done, or why not, in a few words at the edge of the page. The newest takes the place of the one before.
import { Box, Button, IconButton, Snackbar } from "@mui/material";
import { CircleAlert, CircleCheck, Info, TriangleAlert, X, type LucideIcon } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useT, useTranslate } from "../providers/i18n";

type Tone = "info" | "success" | "warning" | "error";

export interface NoticeOptions {
    type?: Tone;
    messageArgs?: Record<string, unknown>;
    /** Milliseconds. */
    autoHideDuration?: number;
    /** What can be done about it, such as to undo it. Its label is a key or text. */
    action?: { label: string; run: () => void };
}

interface Notice extends NoticeOptions {
    id: number;
    message: string;
}

let shown: Notice | null = null;
let count = 0;
const told = new Set<() => void>();

function set(notice: Notice | null): void {
    shown = notice;
    for (const tell of told) tell();
}

/** `message`: a key, or text as it is. */
export function notify(message: string, options: NoticeOptions = {}): void {
    count += 1;
    set({ ...options, id: count, message });
}

export const useNotify = () => notify;

export function forgetNotices(): void {
    set(null);
}

const ICON: Record<Tone, LucideIcon> = { info: Info, success: CircleCheck, warning: TriangleAlert, error: CircleAlert };

const isGrave = ({ type }: Notice) => type === "error" || type === "warning";

export function Notices() {
    const notice = useSyncExternalStore(
        (tell) => {
            told.add(tell);
            return () => void told.delete(tell);
        },
        () => shown,
    );
    return (
        <>
            {/* It is there before what it says: a region that comes with its text is not read out. */}
            <div role="status">{notice && !isGrave(notice) && <Shown notice={notice} />}</div>
            {notice && isGrave(notice) && <Shown notice={notice} />}
        </>
    );
}

function Shown({ notice }: { notice: Notice }) {
    const t = useT();
    const translate = useTranslate();
    const { id, message, messageArgs, type = "info", action, autoHideDuration = 6000 } = notice;
    const grave = isGrave(notice);
    const Icon = ICON[type];
    const close = () => set(null);
    return (
        <Snackbar key={id} open autoHideDuration={autoHideDuration} onClose={(_, reason) => reason !== "clickaway" && close()} sx={{ bottom: { xs: 72, sm: 24 } }}>
            <Box role={grave ? "alert" : undefined} sx={{ display: "flex", alignItems: "center", gap: 1.25, minWidth: { sm: 280 }, maxWidth: 560, pl: 1.75, pr: 0.75, py: 0.75, bgcolor: "background.paper", color: "text.primary", border: 1, borderColor: "divider", borderRadius: 1.25, boxShadow: "0 8px 28px rgb(0 0 0 / 18%)", fontSize: "m" }}>
                <Box component="span" sx={{ display: "inline-flex", color: grave ? "bad.main" : type === "success" ? "good.main" : "note.main" }}>
                    <Icon size={16} aria-hidden="true" />
                </Box>
                <Box sx={{ flex: 1, minWidth: 0, py: 0.5, overflowWrap: "anywhere" }}>{translate(message, messageArgs)}</Box>
                {action && (
                    <Button
                        onClick={() => {
                            close();
                            action.run();
                        }}
                    >
                        {translate(action.label)}
                    </Button>
                )}
                <IconButton aria-label={t("action.close")} onClick={close}>
                    <X size={15} />
                </IconButton>
            </Box>
        </Snackbar>
    );
}
