// A lead, a deal or a task from wherever one is; about what is open there.
import { Box, Dialog, DialogTitle, ListItemIcon, MenuItem, MenuList } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { HandCoins, SquareCheck, UserPlus } from "lucide-react";
import { useMatch, useNavigate, useSearchParams } from "react-router-dom";
import type { Schemas } from "../api/client";
import type { NewDealProps } from "../pages/board/dialogs";
import { EditTask } from "../pages/tasks/edit";
import { useT } from "../providers/i18n";
import { part } from "./part";
import { useMay } from "../ui/known";
import { leadName } from "../ui/labels";
import { type Adding, startAdding, useAdding } from "./quick-add-state";

const NewLead = part(() => import("../pages/leads/new"));
const NewDeal = part<NewDealProps>(async () => ({ default: (await import("../pages/board/dialogs")).NewDeal }));

type Lead = Schemas["LeadView"];
type Deal = Schemas["DealView"];

/** What is open on the page, as far as it has been read. */
function useHere(): { lead?: Lead; deal?: Deal; pipeline?: string } {
    const client = useQueryClient();
    const lead = useMatch("/leads/:id/*")?.params.id;
    const pipeline = useMatch("/board/:pipelineId")?.params.pipelineId;
    const [params] = useSearchParams();
    const deal = pipeline ? params.get("deal") : null;
    return { lead: lead ? client.getQueryData<Lead>(["lead", lead]) : undefined, deal: deal ? client.getQueryData<Deal>(["deal", deal]) : undefined, pipeline };
}

export function QuickAdd() {
    const adding = useAdding();
    const close = () => startAdding(null);
    return (
        <>
            <Choice open={adding === "choose"} onClose={close} />
            {adding !== null && adding !== "choose" && <Form what={adding} onClose={close} />}
        </>
    );
}

function Choice({ open, onClose }: { open: boolean; onClose: () => void }) {
    const t = useT();
    const may = useMay();
    const choices = [
        { what: "lead", area: "leads", label: t("add.lead"), icon: UserPlus },
        { what: "deal", area: "deals", label: t("add.deal"), icon: HandCoins },
        { what: "task", area: "tasks", label: t("add.task"), icon: SquareCheck },
    ] as const;
    return (
        <Dialog open={open} onClose={onClose} maxWidth="xs" slotProps={{ paper: { "aria-label": t("add.title"), sx: { minWidth: 260 } } }}>
            <DialogTitle>{t("add.title")}</DialogTitle>
            <MenuList autoFocusItem={open} sx={{ pb: 1.5 }}>
                {choices.filter(({ area }) => may(area, "write")).map(({ what, label, icon: Icon }) => (
                    <MenuItem key={what} onClick={() => startAdding(what)} sx={{ px: 2.5 }}>
                        <ListItemIcon sx={{ minWidth: "24px !important" }}>
                            <Icon size={16} aria-hidden="true" />
                        </ListItemIcon>
                        {label}
                    </MenuItem>
                ))}
            </MenuList>
        </Dialog>
    );
}

function Form({ what, onClose }: { what: Exclude<Adding, "choose" | null>; onClose: () => void }) {
    const go = useNavigate();
    const { lead, deal, pipeline } = useHere();
    if (what === "lead") return <NewLead onClose={onClose} onCreated={(id: string) => void go(`/leads/${id}`)} />;
    if (what === "deal") return <NewDeal lead={lead} pipeline={lead?.pipeline_id ?? pipeline} onClose={onClose} onCreated={(made: Deal) => void go(`/board/${made.pipeline_id}?deal=${made.id}`)} />;
    const about = deal ? { deal } : lead ? { lead: { id: lead.id, name: leadName(lead) } } : undefined;
    return <EditTask task={null} about={about} onClose={onClose} />;
}

/** A key as it is printed on the keyboard. */
export function KeyCap({ children }: { children: string }) {
    return (
        <Box component="kbd" sx={{ fontFamily: "inherit", fontSize: "xs", px: 0.625, minWidth: 18, textAlign: "center", border: 1, borderColor: "divider", borderRadius: 0.5, color: "text.secondary" }}>
            {children}
        </Box>
    );
}
