// A table that is read and not worked in: few rows, no sorting. It scrolls sideways in its own frame where the page is narrow.
import { Box } from "@mui/material";
import type { ReactNode } from "react";

export interface SimpleColumn<Row> {
    key: string;
    label: ReactNode;
    cell: (row: Row) => ReactNode;
    /** Figures stand at the right. */
    figure?: boolean;
    quiet?: boolean;
    strong?: boolean;
    /** Long text breaks; at least so wide, in pixels. */
    wrap?: number;
}

interface Props<Row> {
    /** What it is about, for those who do not see what stands above it. */
    label: string;
    columns: SimpleColumn<Row>[];
    rows: readonly Row[];
    keyOf: (row: Row, at: number) => string;
    /** In the place of the columns' names. */
    head?: ReactNode;
}

export function SimpleTable<Row>({ label, columns, rows, keyOf, head }: Props<Row>) {
    const align = (column: SimpleColumn<Row>) => (column.figure ? "right" : "left");
    return (
        <Box sx={{ overflowX: "auto" }} tabIndex={0} role="group" aria-label={label}>
            <Box component="table" sx={{ width: "100%", borderCollapse: "collapse", fontSize: "m", "& th, & td": { px: 1.25, py: 0.75, verticalAlign: "top", borderTop: 1, borderColor: "divider", "&:first-of-type": { pl: 2 }, "&:last-of-type": { pr: 2 } }, "& thead th": { borderTop: 0 } }}>
                <thead>
                    {head ?? (
                        <tr>
                            {columns.map((column) => (
                                <Box key={column.key} component="th" scope="col" sx={{ textAlign: align(column), color: "text.secondary", fontWeight: 500, fontSize: "s", whiteSpace: "nowrap" }}>
                                    {column.label}
                                </Box>
                            ))}
                        </tr>
                    )}
                </thead>
                <tbody>
                    {rows.map((row, at) => (
                        <tr key={keyOf(row, at)}>
                            {columns.map((column) => (
                                <Box key={column.key} component="td" sx={{ textAlign: align(column), color: column.quiet ? "text.secondary" : undefined, fontWeight: column.strong ? 600 : undefined, minWidth: column.wrap, whiteSpace: column.wrap === undefined ? "nowrap" : "normal", overflowWrap: column.wrap === undefined ? undefined : "anywhere" }}>
                                    {column.cell(row)}
                                </Box>
                            ))}
                        </tr>
                    ))}
                </tbody>
            </Box>
        </Box>
    );
}
