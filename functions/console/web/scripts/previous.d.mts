import type { Plugin } from "vite";

export function previousBuild(folder: string): Plugin;
