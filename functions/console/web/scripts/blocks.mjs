// `npm run dev` shows the building blocks at `/blocks`. The build knows nothing of them.
import { readFileSync } from "node:fs";

/** @returns {import("vite").Plugin} */
export function blocksPage() {
    return {
        name: "lotse-blocks",
        apply: "serve",
        configureServer(server) {
            server.middlewares.use((request, response, next) => {
                const path = new URL(request.url ?? "/", "http://localhost").pathname;
                if (path !== "/blocks" && path !== "/blocks/") return next();
                const page = readFileSync(new URL("../blocks.html", import.meta.url), "utf8");
                server.transformIndexHtml("/blocks.html", page).then(
                    (html) => {
                        response.setHeader("content-type", "text/html; charset=utf-8");
                        response.end(html);
                    },
                    next,
                );
            });
        },
    };
}
