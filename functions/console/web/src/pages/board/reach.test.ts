import { expect, it } from "vitest";
import { wayTo } from "./reach";

const seven = (scrolled: number) => Array.from({ length: 7 }, (_, at) => ({ left: 100 + at * 266 - scrolled, width: 256 }));
const frame = (width: number) => ({ left: 100, width });

/** Carries from the first column to the last, as the keyboard does, and says which columns could not be reached. */
function outOfReach(width: number, columns: (scrolled: number) => { left: number; width: number }[]): number[] {
    const most = Math.max(0, columns(0).at(-1)!.left + columns(0).at(-1)!.width - 100 - width);
    let scrolled = 0;
    const missed: number[] = [];
    for (let at = 0; at < columns(0).length; at += 1) {
        scrolled = Math.min(most, Math.max(0, scrolled + wayTo(frame(width), columns(scrolled), at)));
        for (const neighbour of [at - 1, at, at + 1]) {
            const span = columns(scrolled)[neighbour];
            if (span && Math.min(100 + width, span.left + span.width) - Math.max(100, span.left) <= 0) missed.push(neighbour);
        }
    }
    return missed;
}

it.each([358, 1000, 1150, 1660, 2400])("reaches every column of a board %d px wide", (width) => expect(outOfReach(width, seven)).toEqual([]));

it("reaches every column on a phone, where one fills most of the width", () => {
    const phone = (scrolled: number) => Array.from({ length: 7 }, (_, at) => ({ left: 100 + at * 322 - scrolled, width: 312 }));
    expect(outOfReach(366, phone)).toEqual([]);
});

it("stays where everything near is in sight, and without a column", () => {
    expect(wayTo(frame(1000), seven(0), 0)).toBe(0);
    expect(wayTo(frame(1000), seven(266), 2)).toBe(0);
    expect(wayTo(frame(1000), seven(0), -1)).toBe(0);
    expect(wayTo(frame(1000), [], 0)).toBe(0);
});

it("goes back to the left as well", () => expect(wayTo(frame(1000), seven(862), 3)).toBeLessThan(0));
