// Where a part of the lead's page will be: as it will stand, so that nothing jumps when it comes.
import { type MessageKey, useT } from "../../providers/i18n";
import { Card, Lines } from "../../ui/parts";

export const TABS = ["overview", "scores", "events", "decisions", "deals"] as const;
export type TabName = (typeof TABS)[number];

/** `title`: of the card that comes first; its content begins where it will. */
const ROOM: Record<TabName, { title?: MessageKey; lines: number }> = {
    overview: { title: "lead.why", lines: 9 },
    scores: { title: "score.overTime", lines: 9 },
    events: { title: "events.title", lines: 9 },
    decisions: { lines: 6 },
    deals: { title: "lead.tab.deals", lines: 3 },
};

export function Coming({ tab }: { tab: TabName }) {
    const t = useT();
    const { title, lines } = ROOM[tab];
    return (
        <Card title={title && t(title)}>
            <Lines count={lines} height={26} />
        </Card>
    );
}
