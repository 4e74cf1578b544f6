// When the session ends by itself, the person signs in again and comes back to the page they were on.
import { useLogout, useNotify } from "ra-core";
import { useEffect } from "react";
import { session } from "../api/client";

export function useSessionWatch() {
    const logout = useLogout();
    const notify = useNotify();
    useEffect(() => {
        session.onEnd = () => {
            notify("session.ended", { type: "warning", autoHideDuration: 8000 });
            void logout({}, "/login", true);
        };
        return () => {
            session.onEnd = () => {};
        };
    }, [logout, notify]);
}
