// A stage as a column. Won and lost deals stand behind a narrow rail, which opens as a place to drop on while a deal is carried.
import { Droppable } from "@hello-pangea/dnd";
import { Box, ButtonBase, IconButton, Tooltip } from "@mui/material";
import { ChevronsLeft, ChevronsRight, Plus } from "lucide-react";
import { useFormat } from "../../i18n/format";
import { useT } from "../../providers/i18n";
import { useStageName } from "../../ui/labels";
import { Hidden, Muted } from "../../ui/parts";
import { stageIcon } from "../../ui/stage-icons";
import { type CardProps, DealCard } from "./card";
import { COLUMN, RAIL, RAIL_OPEN } from "./fit";
import type { Column } from "./order";
import { SHOWN_PER_COLUMN } from "./queries";
import type { Task } from "../tasks/changes";

export const isRail = ({ stage }: Column) => stage.is_won || stage.is_lost;

interface Props extends Pick<CardProps, "pipeline" | "writable" | "stages" | "onOpen" | "onMove"> {
    column: Column;
    /** The column with the deals that the search leaves out. */
    whole: Column;
    narrowed: boolean;
    currency: string;
    next: (deal: string) => Task | null | undefined;
    /** All columns have room beside each other. */
    fitting: boolean;
    /** A deal is in the air. */
    carrying: boolean;
    /** For a rail: its deals are shown. */
    unfolded: boolean;
    onUnfold: (open: boolean) => void;
    onAdd?: () => void;
}

export function Stage(props: Props) {
    const { column, fitting, carrying, unfolded, currency } = props;
    const t = useT();
    const format = useFormat();
    const { stage } = column;
    const name = useStageName()(stage.name);
    const folded = isRail(column) && !unfolded;
    const width = folded ? { flex: `0 0 ${carrying ? RAIL_OPEN : RAIL}px` } : fitting ? { flex: "1 1 0", minWidth: COLUMN } : { width: { xs: "80vw", sm: 256 }, flexShrink: 0 };
    return (
        <Box component="section" aria-label={t("board.column", { stage: name, smart_count: column.count, value: format.money(column.value_minor, currency) })} data-stage={stage.id} data-stage-name={stage.name} data-folded={folded || undefined} sx={{ ...width, display: "flex", flexDirection: "column", minHeight: 0, scrollSnapAlign: "center", bgcolor: "subtle", borderRadius: 1.25, borderTop: `3px solid ${stage.color}` }}>
            {folded ? <RailHead {...props} name={name} /> : <Head {...props} name={name} />}
            <Deals {...props} folded={folded} />
        </Box>
    );
}

function Head({ column, whole, narrowed, currency, name, onAdd, onUnfold }: Props & { name: string }) {
    const t = useT();
    const format = useFormat();
    const { stage } = column;
    const Icon = stageIcon(stage.icon);
    return (
        <Box component="header" sx={{ px: 1.25, pt: 0.75, pb: 0.75 }}>
            <Box sx={{ display: "flex", alignItems: "center", gap: 0.75, minHeight: 26 }}>
                <Icon size={15} aria-hidden="true" style={{ flexShrink: 0 }} />
                <Box component="h2" sx={{ m: 0, minWidth: 0, fontSize: "m", fontWeight: 620, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
                    {name}
                </Box>
                <Muted sx={{ fontSize: "s", whiteSpace: "nowrap" }}>{narrowed ? t("board.shownOf", { shown: format.number(column.count), count: format.number(whole.count) }) : format.number(column.count)}</Muted>
                <Box sx={{ ml: "auto", flexShrink: 0 }}>
                    {onAdd && (
                        <Tooltip title={t("board.add", { stage: name })}>
                            <IconButton aria-label={t("board.add", { stage: name })} onClick={onAdd} sx={{ minWidth: 26, minHeight: 26, p: 0.25 }}>
                                <Plus size={15} />
                            </IconButton>
                        </Tooltip>
                    )}
                    {isRail(column) && (
                        <IconButton aria-label={t("board.fold", { stage: name })} aria-expanded={true} onClick={() => onUnfold(false)} sx={{ minWidth: 26, minHeight: 26, p: 0.25 }}>
                            <ChevronsRight size={15} />
                        </IconButton>
                    )}
                </Box>
            </Box>
            <Box sx={{ display: "flex", flexWrap: "wrap", columnGap: 0.75, fontSize: "m", fontWeight: 550 }}>
                {format.money(column.value_minor, currency)}
                {column.other_currencies.map((sum) => (
                    <Muted key={sum.currency} sx={{ fontWeight: 400 }}>
                        + {format.money(sum.value_minor, sum.currency)}
                    </Muted>
                ))}
                <Muted sx={{ ml: "auto", fontSize: "s", fontWeight: 400 }}>{t("board.probability", { percent: format.percent(stage.probability) })}</Muted>
            </Box>
        </Box>
    );
}

function RailHead({ column, carrying, name, onUnfold }: Props & { name: string }) {
    const t = useT();
    const format = useFormat();
    const Icon = stageIcon(column.stage.icon);
    return (
        <ButtonBase aria-expanded={false} onClick={() => onUnfold(true)} sx={{ flexDirection: "column", gap: 0.75, pt: 1, pb: 1, borderRadius: 1, color: "text.secondary", fontSize: "m", "&:hover": { color: "text.primary" } }}>
            <Icon size={15} aria-hidden="true" />
            <span>{format.number(column.count)}</span>
            <Box sx={{ fontWeight: 620, writingMode: carrying ? undefined : "vertical-rl", overflowWrap: "anywhere" }}>{name}</Box>
            {/* What is seen begins the name, for whoever says aloud what to press. */}
            <Hidden>{t("board.unfold")}</Hidden>
            {!carrying && <ChevronsLeft size={14} aria-hidden="true" />}
        </ButtonBase>
    );
}

function Deals({ column, whole, narrowed, pipeline, writable, next, stages, fitting, carrying, folded, onOpen, onMove }: Props & { folded: boolean }) {
    const t = useT();
    const hidden = whole.count - whole.deals.length;
    const nothing = hidden > 0 ? t("board.noMatchAmong", { shown: SHOWN_PER_COLUMN }) : t("board.noMatch");
    const hint = { display: "block", textAlign: "center", fontSize: "s", px: 0.5, py: 3 } as const;
    return (
        <Droppable droppableId={column.stage.id} isDropDisabled={!writable}>
            {(drop, { isDraggingOver }) => (
                <Box ref={drop.innerRef} {...drop.droppableProps} sx={{ flex: 1, minHeight: 96, px: folded ? 0.25 : 0.75, pb: 0.75, borderRadius: 1.25, transition: "background-color 120ms", bgcolor: isDraggingOver ? "note.soft" : "transparent", ...(fitting ? { overflowY: "auto", overflowX: "hidden", scrollbarWidth: "thin" } : {}) }}>
                    {folded ? carrying && !isDraggingOver && <Muted sx={hint}>{t("board.emptyStage")}</Muted> : column.deals.map((deal, at) => <DealCard key={deal.id} deal={deal} pipeline={pipeline} at={at} writable={writable} next={next(deal.id)} stages={stages} onOpen={onOpen} onMove={onMove} />)}
                    {drop.placeholder}
                    {!folded && column.deals.length === 0 && !isDraggingOver && <Muted sx={hint}>{narrowed && whole.count > 0 ? nothing : writable ? t("board.emptyStage") : t("board.nothing")}</Muted>}
                    {!folded && hidden > 0 && <Muted sx={{ ...hint, py: 1 }}>{narrowed ? t("board.notSearched", { smart_count: hidden }) : t("board.hidden", { smart_count: hidden, shown: SHOWN_PER_COLUMN })}</Muted>}
                </Box>
            )}
        </Droppable>
    );
}
