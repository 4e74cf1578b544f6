import createCache from "@emotion/cache";
import { CacheProvider } from "@emotion/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./app";
import { styleNonce } from "./nonce";

// Styles are made while the page runs; the nonce tells the browser that they are ours.
const cache = createCache({ key: "lo", nonce: styleNonce(), prepend: true });

createRoot(document.getElementById("root")!).render(
    <StrictMode>
        <CacheProvider value={cache}>
            <Console />
        </CacheProvider>
    </StrictMode>,
);
