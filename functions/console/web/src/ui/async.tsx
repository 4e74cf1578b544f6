// What is read from the API, in the four states it can be in. Each takes the same room, so that nothing jumps from one to the next.
import { Box } from "@mui/material";
import type { ReactNode } from "react";
import { Card, Failed, Lines } from "./parts";

/** As react-query has it. */
export interface Reading<T> {
    data: T | undefined;
    error: unknown;
    refetch: () => unknown;
}

interface Props<T> {
    of: Reading<T>;
    /** How many grey lines stand for it, and how high each is, in pixels: the room of what will come. */
    lines?: number;
    height?: number;
    /** What is said where there is nothing. Without it an empty answer is content as any other. */
    empty?: ReactNode;
    isEmpty?: (data: T) => boolean;
    /** Each state on a surface of its own, with this title where there is one; the content brings its own. */
    card?: ReactNode;
    /** The content goes to the edges; the other states keep away from them. */
    flush?: boolean;
    children: (data: T) => ReactNode;
}

/** Between two lines, and above the first and below the last. */
const GAP = 8;

export const roomOf = (lines: number, height: number) => lines * height + (lines + 1) * GAP;

const nothing = (data: unknown) => Array.isArray(data) && data.length === 0;

export function Async<T>({ of: { data, error, refetch }, lines = 3, height = 20, empty, isEmpty = nothing, card, flush = false, children }: Props<T>) {
    // What was read before stands, although it could not be read again: the page says so by other means.
    if (data !== undefined && !(empty !== undefined && isEmpty(data))) return <>{children(data)}</>;
    const state = data !== undefined ? empty : error ? <Failed error={error} retry={() => void refetch()} /> : <Lines count={lines} height={height} />;
    const held = <Box sx={{ minHeight: roomOf(lines, height), px: flush && data === undefined && !error ? 2 : 0, display: "grid", alignContent: data === undefined && !error ? "start" : "center" }}>{state}</Box>;
    return card === undefined ? held : <Card title={card === true ? undefined : card}>{held}</Card>;
}
