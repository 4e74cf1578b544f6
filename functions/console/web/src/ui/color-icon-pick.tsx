// A colour and a mark, as stages have them. What can be seen in one theme only is said, before somebody works in the other.
import { Box, TextField } from "@mui/material";
import { useId, useState } from "react";
import { useT } from "../providers/i18n";
import { faintIn, isHex } from "../theme/contrast";
import { Hidden } from "./parts";
import { STAGE_ICONS } from "./stage-icons";

/** All can be seen in both themes. */
export const COLORS = ["#6b7280", "#4a6fb5", "#0e7490", "#20897c", "#15803d", "#a16207", "#c2410c", "#dc2626", "#be3a6b", "#8a55ad"] as const;

export interface ColorIcon {
    /** `#RRGGBB`. */
    color: string;
    icon: string;
}

export function ColorIconPick({ value, onChange }: { value: ColorIcon; onChange: (value: ColorIcon) => void }) {
    const t = useT();
    const name = useId();
    const [text, setText] = useState(value.color);
    const faint = isHex(value.color) ? faintIn(value.color) : [];
    const take = (color: string) => {
        setText(color);
        onChange({ ...value, color });
    };
    const write = (written: string) => {
        setText(written);
        const color = written.startsWith("#") ? written : `#${written}`;
        if (isHex(color)) onChange({ ...value, color: color.toLowerCase() });
    };
    const readable = isHex(text.startsWith("#") ? text : `#${text}`);
    return (
        <Box sx={{ display: "grid", gap: 1.5 }}>
            <Box component="fieldset" sx={FIELDS}>
                <Box component="legend" sx={LEGEND}>
                    {t("pick.color")}
                </Box>
                <Box sx={ROW}>
                    {COLORS.map((color, at) => (
                        <Choice key={color} name={`${name}-color`} label={t("pick.colorOf", { at: at + 1, color })} checked={color === value.color} onChoose={() => take(color)}>
                            <Box sx={{ width: 18, height: 18, borderRadius: "50%", bgcolor: color }} />
                        </Choice>
                    ))}
                    <TextField label={t("pick.own")} value={text} onChange={(event) => write(event.target.value)} error={!readable || faint.length > 0} helperText={!readable ? t("pick.hex") : faint.length > 0 ? t("pick.faint", { themes: faint.map((mode) => t(`mode.${mode}`)).join(", ") }) : " "} slotProps={{ htmlInput: { maxLength: 7, spellCheck: false } }} sx={{ width: 200 }} />
                </Box>
            </Box>
            <Box component="fieldset" sx={FIELDS}>
                <Box component="legend" sx={LEGEND}>
                    {t("pick.icon")}
                </Box>
                <Box sx={ROW}>
                    {Object.entries(STAGE_ICONS).map(([icon, Icon]) => (
                        <Choice key={icon} name={`${name}-icon`} label={icon} checked={icon === value.icon} onChoose={() => onChange({ ...value, icon })}>
                            <Box component={Icon} size={17} aria-hidden="true" sx={{ color: isHex(value.color) ? value.color : undefined }} />
                        </Choice>
                    ))}
                </Box>
            </Box>
        </Box>
    );
}

const FIELDS = { m: 0, p: 0, border: 0, minWidth: 0 } as const;
const LEGEND = { p: 0, mb: 0.5, fontSize: "s", color: "text.secondary" } as const;
const ROW = { display: "flex", flexWrap: "wrap", alignItems: "flex-start", gap: 0.5 } as const;

/** A radio button that looks like what it chooses; the arrow keys go through its group. */
function Choice({ name, label, checked, onChoose, children }: { name: string; label: string; checked: boolean; onChoose: () => void; children: React.ReactNode }) {
    return (
        <Box component="label" title={label} sx={{ display: "grid", placeItems: "center", width: 34, height: 34, borderRadius: 1, border: 2, borderColor: checked ? "text.primary" : "transparent", cursor: "pointer", "&:focus-within": { outline: "2px solid", outlineColor: "primary.main" } }}>
            <Hidden>
                <input type="radio" name={name} aria-label={label} checked={checked} onChange={onChoose} />
            </Hidden>
            {children}
        </Box>
    );
}
