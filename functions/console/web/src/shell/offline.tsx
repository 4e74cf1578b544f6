// Says that there is no connection, and from when what is shown is. Changes are refused as long as it lasts: what only looked done would
// be lost with the tab.
import { Box } from "@mui/material";
import { onlineManager, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { WifiOff } from "lucide-react";
import { useMemo, useSyncExternalStore } from "react";
import { useFormat } from "../i18n/format";
import { useT } from "../providers/i18n";

export const useOnline = () => useSyncExternalStore((told) => onlineManager.subscribe(told), () => onlineManager.isOnline());

/** When the newest of what is shown was read; none where nothing is. */
export function readAt(client: QueryClient): number | null {
    const shown = client.getQueryCache().findAll({ type: "active" }).map((query) => query.state.dataUpdatedAt);
    return Math.max(0, ...shown) || null;
}

export function Offline() {
    const t = useT();
    const format = useFormat();
    const client = useQueryClient();
    const online = useOnline();
    const at = useMemo(() => (online ? null : readAt(client)), [online, client]);
    return (
        // It is there all the time: what is put into it later is read out.
        <Box role="status" aria-label={online ? undefined : t("offline.label")} sx={{ position: "sticky", top: 0, zIndex: 30 }}>
            {!online && (
                <Box sx={{ display: "flex", alignItems: "center", justifyContent: "center", gap: 1, px: 2, py: 0.75, bgcolor: "text.primary", color: "background.default", fontSize: "0.8125rem" }}>
                    <WifiOff size={15} aria-hidden="true" style={{ flexShrink: 0 }} />
                    {at ? t("offline.since", { time: format.time(new Date(at)) }) : t("offline.nothing")}
                </Box>
            )}
        </Box>
    );
}
