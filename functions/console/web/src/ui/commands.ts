// What can be done with what is on the page, for the command menu: a page says it while it is shown.
import { useEffect, useRef } from "react";
import type { Action } from "./actions";

let offered: (() => Action[])[] = [];

/** What the page offers now. */
export const pageCommands = (): Action[] => offered.flatMap((each) => each());

export function useCommands(actions: readonly (Action | false | undefined)[]): void {
    const latest = useRef<Action[]>([]);
    latest.current = actions.filter((action) => action !== false && action !== undefined);
    useEffect(() => {
        const mine = () => latest.current;
        offered = [mine, ...offered];
        return () => {
            offered = offered.filter((each) => each !== mine);
        };
    }, []);
}
