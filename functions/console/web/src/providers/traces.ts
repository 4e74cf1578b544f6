// What a tab keeps of the person who works in it: where they were, what they have not saved. When their session ends by itself they come
// back to it; whoever signs in after them, or after they signed out, begins at the start.
import { forgetDrafts } from "../ui/drafts";
import { forgetLists } from "../ui/list-state";

/** Who signed in here last; empty once they have signed out. */
const PERSON = "lotse.person";

function forget(): void {
    forgetDrafts();
    forgetLists();
}

/** Whether this person may go on where the tab was left. A tab that nobody signed in to yet was opened by a link: that is theirs. */
export function mayReturn(email: string): boolean {
    const before = sessionStorage.getItem(PERSON);
    return before === null || before === email.toLowerCase();
}

export function signedIn(email: string): void {
    if (!mayReturn(email)) forget();
    sessionStorage.setItem(PERSON, email.toLowerCase());
}

/** By their own will, not because the session ended. */
export function signedOut(): void {
    sessionStorage.setItem(PERSON, "");
    forget();
}
