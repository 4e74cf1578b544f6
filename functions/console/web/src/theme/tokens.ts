// The sizes that text comes in. `sx` takes them by name: `fontSize: "s"`. The lint refuses any other, so that a page looks like its
// neighbours and one place changes them all.

export const TEXT = {
    /** Beside icons, on marks of a scale: never a sentence. */
    xs: "0.6875rem",
    /** What stands beside something. */
    s: "0.75rem",
    /** Rows, fields, buttons. */
    m: "0.8125rem",
    /** Running text. */
    l: "0.84375rem",
    xl: "0.9375rem",
    /** The name of what a panel shows. */
    xxl: "1.125rem",
    /** The name of what a page shows. */
    head: "1.3125rem",
    /** A number that is the point of what it stands in. */
    figure: "1.625rem",
} as const;

/** Inside drawings, which know no rem: the same as `xs` where the browser's own size is kept. */
export const DRAWN_TEXT = 11;
