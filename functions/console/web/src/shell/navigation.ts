import { CheckSquare, Columns3, House, Users, Contact, type LucideIcon } from "lucide-react";
import type { MessageKey } from "../providers/i18n";

export interface Place {
    to: string;
    label: MessageKey;
    icon: LucideIcon;
    /** Whose scope `…:read` one needs. */
    area: string;
}

export const PLACES: Place[] = [
    { to: "/", label: "nav.dashboard", icon: House, area: "leads" },
    { to: "/leads", label: "nav.leads", icon: Contact, area: "leads" },
    { to: "/board", label: "nav.board", icon: Columns3, area: "deals" },
    { to: "/tasks", label: "nav.tasks", icon: CheckSquare, area: "tasks" },
    { to: "/team", label: "nav.team", icon: Users, area: "team" },
];
