import { ThemeProvider } from "@mui/material/styles";
import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render } from "@testing-library/react";
import { MemoryRouter } from "react-router-dom";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeTheme } from "../theme/theme";
import { barriers } from "../ui/blocks.testing";
import { blocksClient, STORIES } from "./stories";

afterEach(cleanup);
vi.setConfig({ testTimeout: 30_000 });

describe.each(["light", "dark"] as const)("in the %s theme", (mode) => {
    it.each(STORIES.map(({ name, show }) => [name, show] as const))("%s keeps nobody out", async (_, show) => {
        const { container } = render(
            <MemoryRouter>
                <QueryClientProvider client={blocksClient()}>
                    <ThemeProvider theme={makeTheme(mode)}>
                        <main>{show()}</main>
                    </ThemeProvider>
                </QueryClientProvider>
            </MemoryRouter>,
        );
        expect(container.textContent!.length + container.querySelectorAll("input, svg, [role]").length).toBeGreaterThan(0);
        expect(await barriers()).toEqual([]);
    });
});
