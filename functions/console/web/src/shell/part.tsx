// Parts of the console that are loaded when they are needed. A release replaces their files, and a connection may fail: then they are
// asked for again, and as a last resort the page is loaded anew at the address asked for, once.
import { type ComponentType, use } from "react";

/** How long to wait before asking again. */
const PAUSES_MS = [400, 1500];
/** Says that the page was loaded anew for a part, so that it is not done over and over. */
const RELOADED = "lotse.reloaded";

/** A part could not be had: there is no connection, or it is not there even after the page was loaded anew. */
export class PartMissing extends Error {
    constructor(cause: unknown) {
        super("a part of the page could not be loaded", { cause });
        this.name = "PartMissing";
    }
}

/** What loading needs of the browser. */
export interface Surroundings {
    online: () => boolean;
    wait: (ms: number) => Promise<void>;
    reload: () => void;
    marks: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

const browser = (): Surroundings => ({
    online: () => navigator.onLine,
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
    reload: () => location.reload(),
    marks: sessionStorage,
});

/** Loads, asks again, and has the page loaded anew where that may help. It never settles while the page is being loaded anew. */
export async function fetchPart<T>(load: () => Promise<T>, { online, wait, reload, marks }: Surroundings = browser()): Promise<T> {
    let cause: unknown;
    for (const pause of [0, ...PAUSES_MS]) {
        if (pause > 0) await wait(pause);
        try {
            const part = await load();
            marks.removeItem(RELOADED);
            return part;
        } catch (error) {
            cause = error;
        }
    }
    // Without a connection the page itself could not be had either, and what stands on it would be lost.
    if (!online() || marks.getItem(RELOADED)) throw new PartMissing(cause);
    marks.setItem(RELOADED, "1");
    reload();
    return new Promise<never>(() => {});
}

let attempt = 0;

/** What could not be loaded is asked for anew when it is shown next: for whoever shows the failure. */
export function askForPartsAgain(): void {
    attempt += 1;
}

/** As React's `lazy`, which would keep a failure for good. */
export function part<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>, around: () => Surroundings = browser): ComponentType<Props> {
    let asked: { at: number; for: Promise<ComponentType<Props>>; failed: boolean } | null = null;
    const ask = () => {
        // A failure stays for as long as it is shown: asking at every look would never end.
        if (asked && !(asked.failed && asked.at !== attempt)) return asked.for;
        const now = { at: attempt, failed: false, for: fetchPart(load, around()).then((loaded) => loaded.default) };
        now.for.catch(() => {
            now.failed = true;
        });
        asked = now;
        return now.for;
    };
    return function Part(props: Props) {
        const Loaded = use(ask());
        return <Loaded {...props} />;
    };
}
