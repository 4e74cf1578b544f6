// Where a board will be.
import { Box, Skeleton } from "@mui/material";
import { useT } from "../../providers/i18n";

export function Waiting() {
    const t = useT();
    return (
        <Box role="status" aria-label={t("state.loading")} sx={{ display: "flex", gap: 1.5, overflow: "hidden" }}>
            {[5, 3, 4, 2, 3].map((count, at) => (
                <Box key={at} sx={{ flex: "1 1 0", minWidth: 140, display: "grid", gap: 1, alignContent: "start" }}>
                    <Skeleton variant="rounded" height={36} />
                    {Array.from({ length: count }, (_, each) => (
                        <Skeleton key={each} variant="rounded" height={84} />
                    ))}
                </Box>
            ))}
        </Box>
    );
}
