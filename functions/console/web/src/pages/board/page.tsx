// The boards: which one, and what is on it.
import { Box, Button, Tab, Tabs } from "@mui/material";
import { KanbanSquare, Plus, Table2 } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router-dom";
import { useT } from "../../providers/i18n";
import { useMay, usePipelines } from "../../ui/known";
import { Card, Empty, Failed, PageHead } from "../../ui/parts";
import { NewDeal } from "./dialogs";
import { Pipeline } from "./pipeline";
import { useDeal } from "./queries";
import { Waiting } from "./waiting";

export default function BoardPage() {
    const t = useT();
    const go = useNavigate();
    const may = useMay();
    const { pipelineId } = useParams();
    const [creating, setCreating] = useState(false);
    const { pipelines, error, refetch } = usePipelines();
    const [params] = useSearchParams();
    const deal = useDeal(params.get("deal"));
    const live = pipelines?.filter((pipeline) => !pipeline.archived_at || pipeline.id === pipelineId) ?? [];
    const chosen = pipelineId ?? live[0]?.id;
    const archived = live.find((pipeline) => pipeline.id === chosen)?.archived_at;
    // What a board is narrowed to holds for the next one too; which deal is open does not.
    const kept = new URLSearchParams([...params].filter(([name]) => name !== "deal")).toString();
    return (
        <>
            <PageHead title={t("nav.board")} tab={deal.data?.name ?? live.find((pipeline) => pipeline.id === chosen)?.name}>
                {chosen && (
                    <Button variant="outlined" component={Link} to={`/deals?filter=${encodeURIComponent(JSON.stringify({ status: "open", pipeline_id: chosen }))}`} startIcon={<Table2 size={15} aria-hidden="true" />}>
                        {t("list.layout.table")}
                    </Button>
                )}
                {live.length > 0 && !archived && may("deals", "write") && (
                    <Button variant="contained" startIcon={<Plus size={15} aria-hidden="true" />} onClick={() => setCreating(true)}>
                        {t("deal.new")}
                    </Button>
                )}
            </PageHead>
            {creating && <NewDeal pipeline={chosen} onClose={() => setCreating(false)} onCreated={(deal) => go(`/board/${deal.pipeline_id}?deal=${deal.id}`)} />}
            {error ? (
                <Card>
                    <Failed error={error} retry={() => void refetch()} />
                </Card>
            ) : pipelines && live.length === 0 ? (
                <Card>
                    <Empty icon={KanbanSquare} title={t("board.noPipelines")} hint={t("board.noPipelinesHint")} />
                </Card>
            ) : (
                <>
                    {/* Until they are known their room is kept. */}
                    {!pipelines && <Box sx={{ height: 39, mb: 1.5 }} />}
                    {live.length > 0 && (
                        <Tabs value={live.some((each) => each.id === chosen) ? chosen : false} onChange={(_, id: string) => go(`/board/${id}${kept && `?${kept}`}`)} variant="scrollable" scrollButtons={false} aria-label={t("board.pipelines")} sx={{ borderBottom: 1, borderColor: "divider", mb: 1.5 }}>
                            {live.map((pipeline) => (
                                <Tab key={pipeline.id} value={pipeline.id} label={pipeline.name} />
                            ))}
                        </Tabs>
                    )}
                    {chosen ? <Pipeline key={chosen} id={chosen} /> : <Waiting />}
                </>
            )}
        </>
    );
}
