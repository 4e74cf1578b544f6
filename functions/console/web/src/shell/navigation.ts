import { CheckSquare, Columns3, House, Users, Contact, type LucideIcon } from "lucide-react";
import type { MessageKey } from "../providers/i18n";

/** The day's work; what it comes to; how it is set up. */
export const GROUPS = ["work", "evaluation", "settings"] as const;
export type Group = (typeof GROUPS)[number];

export interface Place {
    to: string;
    label: MessageKey;
    icon: LucideIcon;
    /** Whose scope `…:read` one needs. */
    area: string;
    group: Group;
    /** Opens it after `g`. */
    key?: string;
}

export const PLACES: Place[] = [
    { to: "/", label: "nav.dashboard", icon: House, area: "leads", group: "work", key: "h" },
    { to: "/leads", label: "nav.leads", icon: Contact, area: "leads", group: "work", key: "l" },
    { to: "/board", label: "nav.board", icon: Columns3, area: "deals", group: "work", key: "b" },
    { to: "/tasks", label: "nav.tasks", icon: CheckSquare, area: "tasks", group: "work", key: "t" },
    { to: "/team", label: "nav.team", icon: Users, area: "team", group: "settings", key: "m" },
];
