// What the values of records are called: names of people, pipelines and stages, numbers and days as the person reads them.
import { useMemo } from "react";
import { type Format, useFormat } from "../i18n/format";
import { useT, useTranslate } from "../providers/i18n";
import { type Pipeline, type Stage, usePipelines, useTeam, useZone } from "../ui/known";
import { useLabel, useStageName } from "../ui/labels";
import { useMissing } from "../pages/leads/decision";

export interface Words {
    t: ReturnType<typeof useT>;
    translate: ReturnType<typeof useTranslate>;
    format: Format;
    label: ReturnType<typeof useLabel>;
    stageName: ReturnType<typeof useStageName>;
    missing: ReturnType<typeof useMissing>;
    nameOf: (member: string | null | undefined) => string | null;
    pipeline: (id: string | null | undefined) => Pipeline | undefined;
    stage: (id: string | null | undefined) => Stage | undefined;
    zone: string | undefined;
}

export function useWords(): Words {
    const t = useT();
    const translate = useTranslate();
    const format = useFormat();
    const label = useLabel();
    const stageName = useStageName();
    const missing = useMissing();
    const zone = useZone();
    const { nameOf } = useTeam();
    const { pipeline, stage } = usePipelines();
    return useMemo(() => ({ t, translate, format, label, stageName, missing, nameOf, pipeline, stage, zone }), [t, translate, format, label, stageName, missing, nameOf, pipeline, stage, zone]);
}
