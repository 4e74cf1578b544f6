// What tests of the building blocks stand in: language, theme, addresses, and what axe finds in them.
import { ThemeProvider } from "@mui/material/styles";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import axe from "axe-core";
import { type ReactNode, useState } from "react";
import { MemoryRouter } from "react-router-dom";
import { makeTheme } from "../theme/theme";

export const ALL_RIGHTS = ["leads", "deals", "tasks", "team", "scoring", "routing"].flatMap((area) => [`${area}:read`, `${area}:write`]);

/** Somebody who may do this. */
export const somebody = (rights: readonly string[]) => ({ scopes: rights, tenant: { name: "T", zone: "Europe/Berlin", language: "en" }, member: null });

export function Surroundings({ children, at = "/", mode = "light", rights = ALL_RIGHTS }: { children: ReactNode; at?: string; mode?: "light" | "dark"; rights?: string[] }) {
    const [client] = useState(() => {
        const fresh = new QueryClient();
        fresh.setQueryData(["me"], somebody(rights));
        return fresh;
    });
    return (
        <MemoryRouter initialEntries={[at]}>
            <QueryClientProvider client={client}>
                <ThemeProvider theme={makeTheme(mode)}>{children}</ThemeProvider>
            </QueryClientProvider>
        </MemoryRouter>
    );
}

export const show = (what: ReactNode, more: { at?: string; mode?: "light" | "dark"; rights?: string[] } = {}) => render(<Surroundings {...more}>{what}</Surroundings>);

/** What axe finds that keeps people out, by its name and the element. Colours are not drawn here: those are tried in a browser. */
export async function barriers(element: Element = document.body): Promise<string[]> {
    const { violations } = await axe.run(element, { resultTypes: ["violations"], rules: { "color-contrast": { enabled: false }, region: { enabled: false }, "page-has-heading-one": { enabled: false } } });
    return violations.filter(({ impact }) => impact !== "minor").map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`);
}
