import type { Plugin } from "vite";

export function blocksPage(): Plugin;
