import { expect, it } from "vitest";
import schema from "../../../../health/openapi.json";
import { opsOf, parametersOf, readFilters, writeFilters } from "../ui/list-state";
import { en } from "../i18n/en";
import { ENTITIES } from ".";
import { type Entity, shownFields, type Versioned } from "./entity";
import { LEAD } from "./lead";

const all = Object.values(ENTITIES) as unknown as Entity<Versioned>[];
const read = (key: string) => key.split(".").reduce<unknown>((tree, part) => (tree as Record<string, unknown> | undefined)?.[part], en);

interface Parameter {
    name: string;
    schema: unknown;
}
const operation = (entity: Entity<Versioned>) => (schema.paths as unknown as Record<string, { get: { parameters: Parameter[] } }>)[`/api/v1/${entity.resource}`]!.get;
const parameters = (entity: Entity<Versioned>) => operation(entity).parameters.map(({ name }) => name);

it.each(all)("$kind: its fields are named once, and in the person's language", ({ fields, filters, orders, sorts }) => {
    expect(new Set(fields.map(({ key }) => key)).size).toBe(fields.length);
    expect(new Set(filters.map(({ name }) => name)).size).toBe(filters.length);
    for (const { label } of [...fields, ...filters]) expect(read(label), label).toBeTypeOf("string");
    for (const { field, order } of orders) {
        expect(sorts).toContain(field);
        expect(read(`list.order.${field}.${order}`), field).toBeTypeOf("string");
    }
});

it.each(all)("$kind: it asks the API for nothing that the API does not know", (entity) => {
    const known = parameters(entity);
    for (const { name, plain, field, kind } of entity.filters) {
        // The pool is a list of its own.
        if (name === "pool") continue;
        for (const parameter of Object.values(plain ?? {})) expect(known, `${entity.kind}.${name}`).toContain(parameter);
        if (field) for (const op of opsOf({ ...entity.filters.find((one) => one.name === name)!, plain: undefined })) expect(known, kind).toContain(`filter[${field}][${op}]`);
    }
});

it.each(all)("$kind: what it shows at first, its views and its way back exist", (entity) => {
    const keys = entity.fields.map(({ key }) => key);
    for (const key of [...entity.columns, ...entity.facts, ...(entity.atRight ?? [])]) expect(keys).toContain(key);
    for (const view of entity.views) {
        const filters = view.filters({ member: "0190a000-0000-7000-8000-000000000001", hotFrom: 40 })!;
        const dropped: string[] = [];
        expect(readFilters(entity, writeFilters(filters), dropped)).toEqual(filters);
        expect(dropped).toEqual([]);
        expect(Object.keys(parametersOf(entity, filters, { me: "m" }))).toHaveLength(Object.keys(filters).length);
    }
    expect(entity.stale).toContain(entity.resource);
});

it("the pool shows what is missing and no pipeline, whatever was chosen", () => {
    const keys = (filters: object) => shownFields(LEAD.fields, ["pipeline", "tier"], filters as never).map(({ key }) => key);
    expect(keys({})).toEqual(["name", "pipeline", "tier"]);
    expect(keys({ pool: { is: true } })).toEqual(["name", "tier", "missing"]);
});
