// Every kind of record, by its name.
import { DEAL } from "./deal";
import { LEAD } from "./lead";
import { MEMBER } from "./member";
import { TASK } from "./task";

export const ENTITIES = { lead: LEAD, deal: DEAL, task: TASK, member: MEMBER } as const;
