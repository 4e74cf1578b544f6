import createCache from "@emotion/cache";
import { CacheProvider } from "@emotion/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { session } from "./api/client";
import { Console } from "./app";
import { styleNonce } from "./nonce";

// The session is refreshed while React begins: what the first page asks for then waits for nothing else.
if (session.possible) void session.token().catch(() => null);

// Styles are made while the page runs; the nonce tells the browser that they are ours.
const cache = createCache({ key: "lo", nonce: styleNonce(), prepend: true });

createRoot(document.getElementById("root")!).render(
    <StrictMode>
        <CacheProvider value={cache}>
            <Console />
        </CacheProvider>
    </StrictMode>,
);
