// The console's build. `LOTSE_API_URL` is the address of a running stack; the dev server passes `/api` on to it, so that the
// browser sees one origin, as behind the real gateway, and the refresh cookie works.
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { previousBuild } from "./scripts/previous.mjs";

const stack = process.env.LOTSE_API_URL ?? "http://127.0.0.1:4000";

export default defineConfig({
    base: "/console/",
    plugins: [react(), previousBuild(fileURLToPath(new URL("dist", import.meta.url)))],
    build: {
        outDir: "dist",
        target: "es2022",
        // The strict policy of the page allows no data: scripts, and a picture in a file is cached for ever.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        // What counts is the first load, which scripts/size.mjs measures compressed.
        chunkSizeWarningLimit: 1000,
        manifest: true,
    },
    server: {
        port: 5173,
        strictPort: true,
        proxy: { "/api": { target: stack, changeOrigin: true } },
    },
    test: {
        environment: "happy-dom",
        include: ["src/**/*.test.{ts,tsx}", "scripts/**/*.test.mjs"],
        restoreMocks: true,
    },
});
