// The views of a list: those that everybody has.
import { Box, Button, ToggleButton, ToggleButtonGroup } from "@mui/material";
import { useT, useTranslate } from "../providers/i18n";
import { useList } from "./list";
import { sameView, setOnly } from "./list-state";

export function ViewBar() {
    const t = useT();
    const { entity, filters, sort, layout, saved, known, showFilters } = useList();
    const builtIn = entity.views.flatMap((view) => {
        const own = view.filters(known);
        return own ? [{ ...view, own: setOnly(entity, own) }] : [];
    });
    if (builtIn.length === 0 && !entity.layouts) return null;
    return (
        <Box sx={{ display: "flex", alignItems: "center", gap: 1 }}>
            <Box role="group" aria-label={t("leads.views")} sx={{ display: "flex", gap: 0.5, overflowX: "auto", minWidth: 0 }}>
                {builtIn.map((view) => {
                    const on = !saved && sameView({ filters: view.own, sort, layout }, { filters, sort, layout });
                    return (
                        <Button key={view.key} aria-pressed={on} onClick={() => showFilters(view.own, view.sort)} sx={{ color: on ? "text.primary" : "text.secondary", bgcolor: on ? "subtle" : undefined, fontWeight: on ? 600 : 450, flexShrink: 0 }}>
                            {t(view.label)}
                        </Button>
                    );
                })}
            </Box>
            <Layouts />
        </Box>
    );
}

/** The same records in another shape. */
function Layouts() {
    const t = useT();
    const translate = useTranslate();
    const { entity, layout, setLayout } = useList();
    if (!entity.layouts || entity.layouts.length < 2) return null;
    return (
        <ToggleButtonGroup exclusive value={layout} onChange={(_, next: string | null) => next && setLayout(next)} aria-label={t("list.layouts")} sx={{ ml: "auto", flexShrink: 0 }}>
            {entity.layouts.map((one) => (
                <ToggleButton key={one} value={one}>
                    {translate(`list.layout.${one}`)}
                </ToggleButton>
            ))}
        </ToggleButtonGroup>
    );
}
