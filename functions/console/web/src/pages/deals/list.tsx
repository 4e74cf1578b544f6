// Deals as a table: what the boards show, of all pipelines at once.
import { Button } from "@mui/material";
import { Handshake, KanbanSquare } from "lucide-react";
import { Link } from "react-router-dom";
import { DEAL } from "../../entities/deal";
import { useT } from "../../providers/i18n";
import { useList } from "../../ui/list";
import { ListPage } from "../../ui/list-page";

export default function DealList() {
    return <ListPage entity={DEAL} empty={{ icon: Handshake, title: "deal.none", hint: "deal.noneHint" }} head={<ToBoard />} bulk={["owner"]} />;
}

/** The board of the pipeline that the table is narrowed to. */
function ToBoard() {
    const t = useT();
    const { filters } = useList();
    const only = filters.pipeline_id?.in?.length === 1 ? filters.pipeline_id.in[0] : undefined;
    return (
        <Button variant="outlined" component={Link} to={only ? `/board/${only}` : "/board"} startIcon={<KanbanSquare size={15} aria-hidden="true" />}>
            {t("nav.board")}
        </Button>
    );
}
