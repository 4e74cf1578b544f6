// The console: its pages, and who may see them.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { BrowserRouter, Outlet, Route, Routes } from "react-router-dom";
import { ApiError } from "./api/problem";
import { Dashboard } from "./pages/dashboard";
import { LeadList } from "./pages/leads/list";
import { LeadPage } from "./pages/leads/page";
import { SignIn } from "./pages/sign-in";
import { Allowed, SignedIn } from "./providers/auth";
import { part } from "./shell/part";
import { Shell } from "./shell/shell";
import { Lost } from "./shell/states";
import { Themed } from "./theme/mode";

const ForgotPassword = part(async () => ({ default: (await import("./pages/account")).ForgotPassword }));
const ResetPassword = part(async () => ({ default: (await import("./pages/account")).ResetPassword }));
const AcceptInvite = part(async () => ({ default: (await import("./pages/account")).AcceptInvite }));
const Board = part(() => import("./pages/board/page"));
const DealList = part(() => import("./pages/deals/list"));
const TaskList = part(() => import("./pages/tasks/page"));
const TeamList = part(() => import("./pages/team/page"));

const queryClient = new QueryClient({
    defaultOptions: {
        queries: {
            staleTime: 15_000,
            // What the API refused it will refuse again; a fault or a lost connection may pass.
            retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
        },
        // Without a connection a change fails at once and says so. To wait for one would look as if it were done, and be lost with the tab.
        mutations: { networkMode: "always" },
    },
});

/** Pages that need the right to read an area. */
const of = (area: string) => (
    <Allowed area={area}>
        <Outlet />
    </Allowed>
);

export function Console() {
    return (
        <BrowserRouter basename="/console">
            <QueryClientProvider client={queryClient}>
                <Themed>
                    <Routes>
                        <Route path="/login" element={<SignIn />} />
                        <Route path="/forgot-password" element={<ForgotPassword />} />
                        <Route path="/reset-password" element={<ResetPassword />} />
                        <Route path="/accept-invite" element={<AcceptInvite />} />
                        <Route
                            element={
                                <SignedIn>
                                    <Shell>
                                        <Outlet />
                                    </Shell>
                                </SignedIn>
                            }
                        >
                            <Route path="/" element={<Dashboard />} />
                            <Route element={of("leads")}>
                                <Route path="/leads" element={<LeadList />} />
                                <Route path="/leads/:id/*" element={<LeadPage />} />
                            </Route>
                            <Route element={of("deals")}>
                                <Route path="/deals" element={<DealList />} />
                                <Route path="/board" element={<Board />} />
                                <Route path="/board/:pipelineId" element={<Board />} />
                            </Route>
                            <Route element={of("tasks")}>
                                <Route path="/tasks" element={<TaskList />} />
                            </Route>
                            <Route element={of("team")}>
                                <Route path="/team" element={<TeamList />} />
                            </Route>
                            <Route path="*" element={<Lost />} />
                        </Route>
                    </Routes>
                </Themed>
            </QueryClientProvider>
        </BrowserRouter>
    );
}
