// A list whose order matters, such as the stages of a pipeline or the steps of a sequence: dragged, or moved by keys and buttons.
import { DragDropContext, Draggable, Droppable, type DropResult, type ResponderProvided } from "@hello-pangea/dnd";
import { Box, IconButton } from "@mui/material";
import { ChevronDown, ChevronUp, GripVertical } from "lucide-react";
import type { ReactNode } from "react";
import { styleNonce } from "../nonce";
import { useT } from "../providers/i18n";

export interface SortableItem {
    id: string;
    name: string;
}

interface Props<T extends SortableItem> {
    label: string;
    items: readonly T[];
    /** The ids in their new order. */
    onSort: (ids: string[]) => void;
    disabled?: boolean;
    children?: (item: T) => ReactNode;
}

/** The list with one taken from its place and put to another. */
export function put<T>(items: readonly T[], from: number, to: number): T[] {
    const rest = items.filter((_, at) => at !== from);
    return [...rest.slice(0, to), items[from]!, ...rest.slice(to)];
}

export function SortableList<T extends SortableItem>({ label, items, onSort, disabled = false, children }: Props<T>) {
    const t = useT();
    const move = (from: number, to: number) => {
        if (to >= 0 && to < items.length && to !== from) onSort(put(items, from, to).map(({ id }) => id));
    };
    const drop = ({ source, destination }: DropResult, { announce }: ResponderProvided) => {
        announce(destination ? t("sort.dropped", { name: items[source.index]?.name, at: destination.index + 1 }) : t("board.back"));
        if (destination) move(source.index, destination.index);
    };
    return (
        <DragDropContext nonce={styleNonce()} dragHandleUsageInstructions={t("sort.instructions")} onDragEnd={drop}>
            <Droppable droppableId="list" isDropDisabled={disabled}>
                {(list) => (
                    <Box ref={list.innerRef} {...list.droppableProps} role="list" aria-label={label} sx={{ display: "grid" }}>
                        {items.map((item, at) => (
                            <Draggable key={item.id} draggableId={item.id} index={at} isDragDisabled={disabled}>
                                {(drag, { isDragging }) => (
                                    <Box ref={drag.innerRef} {...drag.draggableProps} role="listitem" data-item={item.id} sx={{ display: "flex", alignItems: "center", gap: 1, minHeight: 40, pl: 0.5, pr: 1, mb: 0.5, bgcolor: "background.paper", border: 1, borderColor: isDragging ? "primary.main" : "divider", borderRadius: 1 }}>
                                        <Box {...drag.dragHandleProps} aria-label={t("sort.grip", { name: item.name })} sx={{ display: "grid", placeItems: "center", width: 26, height: 32, color: "text.secondary", borderRadius: 0.5 }}>
                                            <GripVertical size={15} aria-hidden="true" />
                                        </Box>
                                        <Box sx={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>{children ? children(item) : item.name}</Box>
                                        <IconButton aria-label={t("sort.up", { name: item.name })} disabled={disabled || at === 0} onClick={() => move(at, at - 1)} sx={{ minWidth: 26, minHeight: 26, p: 0.25 }}>
                                            <ChevronUp size={15} />
                                        </IconButton>
                                        <IconButton aria-label={t("sort.down", { name: item.name })} disabled={disabled || at === items.length - 1} onClick={() => move(at, at + 1)} sx={{ minWidth: 26, minHeight: 26, p: 0.25 }}>
                                            <ChevronDown size={15} />
                                        </IconButton>
                                    </Box>
                                )}
                            </Draggable>
                        ))}
                        {list.placeholder}
                    </Box>
                )}
            </Droppable>
        </DragDropContext>
    );
}
