// The console: its pages, and who may see them.
import { QueryClient } from "@tanstack/react-query";
import { CoreAdminContext, CoreAdminUI, CustomRoutes, Resource } from "ra-core";
import { BrowserRouter, Route } from "react-router-dom";
import { ApiError } from "./api/problem";
import { Dashboard } from "./pages/dashboard";
import { LeadList } from "./pages/leads/list";
import { LeadPage } from "./pages/leads/page";
import { SignIn } from "./pages/sign-in";
import { authProvider } from "./providers/auth";
import { dataProvider } from "./providers/data";
import { i18nProvider } from "./providers/i18n";
import { store } from "./providers/store";
import { part } from "./shell/part";
import { Shell } from "./shell/shell";
import { Denied, Lost, Starting } from "./shell/states";
import { Themed } from "./theme/mode";

const Board = part(() => import("./pages/board/page"));
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

export function Console() {
    return (
        <BrowserRouter basename="/console">
            <CoreAdminContext authProvider={authProvider} dataProvider={dataProvider} i18nProvider={i18nProvider} queryClient={queryClient} store={store}>
                <Themed>
                    <CoreAdminUI title="Lotse" layout={Shell} dashboard={Dashboard} loginPage={SignIn} catchAll={Lost} accessDenied={Denied} authenticationError={Denied} loading={Starting} requireAuth disableTelemetry>
                        <Resource name="leads" list={LeadList} edit={LeadPage} />
                        <Resource name="tasks" list={TaskList} />
                        <Resource name="team" list={TeamList} />
                        <CustomRoutes>
                            <Route path="/board" element={<Board />} />
                            <Route path="/board/:pipelineId" element={<Board />} />
                        </CustomRoutes>
                    </CoreAdminUI>
                </Themed>
            </CoreAdminContext>
        </BrowserRouter>
    );
}
