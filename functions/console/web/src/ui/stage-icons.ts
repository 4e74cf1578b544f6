// The marks that a stage may have, by the names the API keeps.
import { Calendar, Check, CircleDot, FileText, Flag, Handshake, Inbox, Mail, Phone, Search, Star, Trophy, Users, X, type LucideIcon } from "lucide-react";

export const STAGE_ICONS: Record<string, LucideIcon> = { inbox: Inbox, check: Check, calendar: Calendar, "file-text": FileText, handshake: Handshake, trophy: Trophy, x: X, phone: Phone, mail: Mail, search: Search, star: Star, users: Users, flag: Flag };

/** A circle for what the console does not know. */
export const stageIcon = (name: string): LucideIcon => STAGE_ICONS[name] ?? CircleDot;
