// When the session ends by itself, the person signs in again and comes back to the page they were on. The sign-in page says why.
import { useLogout } from "ra-core";
import { useEffect } from "react";
import { session } from "../api/client";

export function useSessionWatch() {
    const logout = useLogout();
    useEffect(() => {
        session.onEnd = () => void logout({}, "/login", true);
        return () => {
            session.onEnd = () => {};
        };
    }, [logout]);
}
