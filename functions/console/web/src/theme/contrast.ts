// How well colours stand out from each other, as WCAG reckons it.

/** `#RRGGBB`, the way the API takes colours. */
export const isHex = (color: string) => /^#[0-9a-f]{6}$/i.test(color);

function luminance(hex: string): number {
    const [red, green, blue] = [1, 3, 5].map((at) => {
        const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** From 1, the same, to 21, black on white. */
export function contrast(one: string, other: string): number {
    const [dark, bright] = [luminance(one), luminance(other)].sort((left, right) => left - right) as [number, number];
    return (bright + 0.05) / (dark + 0.05);
}

/** What marks are drawn on, in the two themes. */
export const SURFACES = { light: "#ffffff", dark: "#181c1e" } as const;
/** What a mark that means something needs at least. */
export const LEAST = 3;

/** In which themes a colour is hard to see. */
export function faintIn(color: string): ("light" | "dark")[] {
    return (["light", "dark"] as const).filter((mode) => contrast(color, SURFACES[mode]) < LEAST);
}
