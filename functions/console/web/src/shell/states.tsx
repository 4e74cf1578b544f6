// Whole pages without content of their own: starting, not found, not allowed.
import { Box, Button, Skeleton } from "@mui/material";
import { CircleAlert, Compass, Lock, Unplug } from "lucide-react";
import { Link } from "react-router-dom";
import { useT } from "../providers/i18n";
import { Empty } from "../ui/parts";
import { useTitle } from "../ui/title";
import { PartMissing } from "./part";

export function Starting() {
    const t = useT();
    return (
        <Box role="status" aria-label={t("state.loading")} sx={{ p: 3, display: "grid", gap: 2, maxWidth: 960 }}>
            <Skeleton variant="rounded" height={32} width={220} />
            <Skeleton variant="rounded" height={96} />
            <Skeleton variant="rounded" height={280} />
        </Box>
    );
}

export function Lost() {
    const t = useT();
    useTitle(t("state.lost"));
    return (
        <Empty
            whole
            icon={Compass}
            title={t("state.lost")}
            hint={t("state.lostHint")}
            action={
                <Button variant="outlined" component={Link} to="/">
                    {t("state.home")}
                </Button>
            }
        />
    );
}

export function Denied() {
    const t = useT();
    return <Empty whole icon={Lock} title={t("state.denied")} hint={t("state.deniedHint")} />;
}

/** A part of the page broke. The rest still works, so only this part is shown again. */
export function Crash({ error, resetErrorBoundary }: { error: unknown; resetErrorBoundary: () => void }) {
    const t = useT();
    const missing = error instanceof PartMissing;
    return (
        <Empty
            whole
            icon={missing ? Unplug : CircleAlert}
            title={missing ? t("state.unloaded") : t("state.crash")}
            hint={missing ? t("state.unloadedHint") : t("state.crashHint")}
            action={
                <Button variant="outlined" onClick={resetErrorBoundary}>
                    {t("action.retry")}
                </Button>
            }
        />
    );
}
