// What can be done from everywhere, by its name in the command menu, some by a key.
import { CircleHelp, HandCoins, Languages, LogOut, Moon, Sun, SunMoon, SquareCheck, UserPlus, type LucideIcon } from "lucide-react";
import { useNavigate } from "react-router-dom";
import { useSignOut } from "../providers/auth";
import { LANGUAGES, useLanguage, useT } from "../providers/i18n";
import { type Mode, MODES, useMode } from "../theme/mode";
import type { Action } from "../ui/actions";
import { type Key, useKeys } from "../ui/keys";
import { useMay } from "../ui/known";
import { PLACES } from "./navigation";
import { startAdding } from "./quick-add-state";

const MODE_ICON: Record<Mode, LucideIcon> = { system: SunMoon, light: Sun, dark: Moon };

/** Asks for the list of keys; whoever shows it listens. */
export const HELP_EVENT = "lotse:keys";
const help = () => window.dispatchEvent(new Event(HELP_EVENT));

export function useAppCommands(): Action[] {
    const t = useT();
    const may = useMay();
    const signOut = useSignOut();
    const [mode, setMode] = useMode();
    const [language, setLanguage] = useLanguage();
    return [
        may("leads", "write") && { key: "new-lead", label: t("add.lead"), icon: UserPlus, run: () => startAdding("lead") },
        may("deals", "write") && { key: "new-deal", label: t("add.deal"), icon: HandCoins, run: () => startAdding("deal") },
        may("tasks", "write") && { key: "new-task", label: t("add.task"), icon: SquareCheck, run: () => startAdding("task") },
        ...MODES.filter((each) => each !== mode).map((each) => ({ key: `mode-${each}`, label: t("find.mode", { mode: t(`mode.${each}`) }), icon: MODE_ICON[each], run: () => setMode(each) })),
        ...LANGUAGES.filter((each) => each !== language).map((each) => ({ key: `language-${each}`, label: t(`language.${each}`), icon: Languages, run: () => setLanguage(each) })),
        { key: "keys", label: t("keys.title"), icon: CircleHelp, run: help },
        { key: "sign-out", label: t("account.signOut"), icon: LogOut, run: () => void signOut() },
    ].filter((action): action is Action => action !== false);
}

/** The keys that work on every page. */
export function useAppKeys(): void {
    const go = useNavigate();
    const may = useMay();
    const writes = (["leads", "deals", "tasks"] as const).some((area) => may(area, "write"));
    useKeys([
        writes && { keys: "c", label: "add.title", run: () => startAdding("choose") },
        { keys: "?", label: "keys.title", run: help },
        ...PLACES.filter((place) => place.key && may(place.area, "read")).map(({ key, label, to }): Key => ({ keys: `g ${key}`, label, run: () => void go(to) })),
    ]);
}
