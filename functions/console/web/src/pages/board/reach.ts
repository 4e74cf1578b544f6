// What a deal can be carried to by keyboard: columns that are in sight. So the board is scrolled until the neighbours of the column
// that the deal is over are, before the next key is pressed.

interface Span {
    left: number;
    width: number;
}

/**
 * How far to scroll so that the column stands in the frame whole, and of each neighbour as much as there is room for.
 * Positive is to the right; nothing where all that is given already.
 */
export function wayTo(frame: Span, columns: readonly Span[], at: number): number {
    const over = columns[at];
    if (!over) return 0;
    const before = columns[at - 1] ?? over;
    const after = columns[at + 1] ?? over;
    const end = (span: Span) => span.left + span.width;
    // At best both neighbours whole; where they do not fit, an equal part of each.
    const room = Math.max(0, frame.width - over.width) / 2;
    const from = Math.max(before.left, over.left - room);
    const to = Math.min(end(after), end(over) + room);
    if (from < frame.left) return from - frame.left;
    if (to > end(frame)) return to - end(frame);
    return 0;
}

/** Scrolls the board so that from this stage the ones beside it can be reached. */
export function bringWithinReach(board: HTMLElement | null, stage: string): void {
    if (!board) return;
    const columns = [...board.querySelectorAll<HTMLElement>("[data-stage]")];
    const spans = columns.map((column) => column.getBoundingClientRect());
    const way = wayTo(board.getBoundingClientRect(), spans, columns.findIndex((column) => column.dataset.stage === stage));
    if (way !== 0) board.scrollLeft += way;
}
