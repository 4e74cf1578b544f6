// The building blocks, each by itself, in the theme that is chosen. Not in the build: `npm run dev`, then `/blocks`.
import { Box, Button, CssBaseline } from "@mui/material";
import { ThemeProvider } from "@mui/material/styles";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { makeTheme } from "../theme/theme";
import { Notices } from "../ui/notify";
import { Card } from "../ui/parts";
import { blocksClient, STORIES } from "./stories";

function Blocks() {
    const [mode, setMode] = useState<"light" | "dark">("light");
    const other = mode === "light" ? "dark" : "light";
    // One at a time where the address names it: `/blocks?only=Bars`.
    const only = new URLSearchParams(location.search).get("only");
    return (
        <ThemeProvider theme={makeTheme(mode)}>
            <CssBaseline />
            <Box component="main" sx={{ maxWidth: 860, mx: "auto", p: 3, display: "grid", gap: 2 }}>
                <Button variant="outlined" onClick={() => setMode(other)} sx={{ justifySelf: "start" }}>
                    {other}
                </Button>
                {STORIES.filter(({ name }) => (only ? name === only : name !== "SidePanel")).map(({ name, show }) => (
                    <Card key={name} title={name}>
                        {show()}
                    </Card>
                ))}
            </Box>
            <Notices />
        </ThemeProvider>
    );
}

createRoot(document.getElementById("root")!).render(
    <StrictMode>
        <MemoryRouter>
            <QueryClientProvider client={blocksClient()}>
                <Blocks />
            </QueryClientProvider>
        </MemoryRouter>
    </StrictMode>,
);
