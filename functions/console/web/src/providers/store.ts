// What somebody has set for themselves in this browser: appearance, columns.
import { localStorageStore, type Store } from "ra-core";

/** Signing out, or a session that ends, takes nothing of it away; the framework would empty the store. */
export function lasting(store: Store): Store {
    return { ...store, reset: () => {} };
}

export const store = lasting(localStorageStore("1", "lotse"));
