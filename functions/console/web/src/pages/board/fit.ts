// How the columns of a board stand: beside each other in all the room there is, each scrolling for itself; or, where there are too many
// for the width, in a row that is scrolled sideways, with the page. Never both: what is carried could not be followed in two directions.
import { useLayoutEffect, useState } from "react";

/** In pixels: a column at its narrowest, what won and lost deals take while nothing is carried and while something is, and between two. */
export const COLUMN = 140;
export const RAIL = 44;
export const RAIL_OPEN = 112;
export const GAP = 10;

export function fits(width: number, columns: number, rails: number): boolean {
    return columns * COLUMN + rails * RAIL_OPEN + (columns + rails - 1) * GAP <= width;
}

/** The width of an element, and how it is told which one. Until then it is the window's. */
export function useWidth(): [(element: HTMLElement | null) => void, number] {
    const [element, watch] = useState<HTMLElement | null>(null);
    const [width, setWidth] = useState(() => window.innerWidth);
    useLayoutEffect(() => {
        if (!element || typeof ResizeObserver === "undefined") return undefined;
        setWidth(element.clientWidth);
        const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
        observer.observe(element);
        return () => observer.disconnect();
    }, [element]);
    return [watch, width];
}
