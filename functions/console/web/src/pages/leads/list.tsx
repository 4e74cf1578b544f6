// The list of leads: views, filters, columns, many at once, as a file.
import { UsersRound } from "lucide-react";
import { LEAD } from "../../entities/lead";
import { ListPage } from "../../ui/list-page";

export function LeadList() {
    return <ListPage entity={LEAD} empty={{ icon: UsersRound, title: "leads.none", hint: "leads.noneHint" }} bulk={["owner", "tag"]} />;
}
