// Who may be given a lead, a deal or a task: offered are those who may own it, those first whose it would be, each with how much they carry.
import { useMemo } from "react";
import type { Schemas } from "../api/client";
import { useFormat } from "../i18n/format";
import { useT } from "../providers/i18n";
import { useTeam } from "./known";

export type Member = Pick<Schemas["MemberView"], "id" | "name" | "active" | "role" | "load" | "capacity" | "pipeline_ids">;

/** Who is not active, or only reads, owns nothing. */
export const mayOwn = ({ active, role }: Pick<Member, "active" | "role">) => active && role !== "viewer";

export interface Owner {
    member: Member;
    /** Gets this pipeline's deals from the machine too; everybody where no pipeline is asked for. */
    serves: boolean;
    full: boolean;
}

/** In the order of offering: who serves the pipeline, of these who has room, of these the name. `current` is offered whoever it is. */
export function owners(members: readonly Member[], pipeline: string | null | undefined, current: string | null | undefined, collate: (left: string, right: string) => number): Owner[] {
    return members
        .filter((member) => mayOwn(member) || member.id === current)
        .map((member) => ({ member, serves: !pipeline || member.pipeline_ids.includes(pipeline), full: member.load >= member.capacity }))
        .sort((left, right) => Number(right.serves) - Number(left.serves) || Number(left.full) - Number(right.full) || collate(left.member.name, right.member.name));
}

export interface OwnerOption {
    value: string;
    name: string;
    note: string;
}

/** The same as options of a field. */
export function useOwners({ pipeline, current }: { pipeline?: string | null; current?: string | null } = {}): OwnerOption[] {
    const t = useT();
    const format = useFormat();
    const { members } = useTeam();
    return useMemo(
        () =>
            owners(members, pipeline, current, format.collate).map(({ member, serves, full }) => {
                const load = t(full ? "owner.full" : "owner.load", { load: format.number(member.load), capacity: format.number(member.capacity) });
                return { value: member.id, name: member.name, note: serves ? load : `${load} · ${t("owner.elsewhere")}` };
            }),
        [members, pipeline, current, t, format],
    );
}
