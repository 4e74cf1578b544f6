// What the browser's tab and history call a page, and what a screen reader says when the page changes without loading.
import { useEffect } from "react";

const ANNOUNCER = "said";

/** Marks the element that says it; React writes nothing into it. */
export const announcer = { id: ANNOUNCER, role: "status" } as const;

export function useTitle(title: string | undefined) {
    useEffect(() => {
        if (!title) return;
        const next = `${title} · Lotse`;
        // The first page is announced by the browser.
        const said = document.title.endsWith(" · Lotse") && document.title !== next ? document.getElementById(ANNOUNCER) : null;
        document.title = next;
        if (said) said.textContent = title;
    }, [title]);
}
