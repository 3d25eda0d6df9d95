/** Finds what types can't: ranges that hold nothing, and settings whose default does not fit them. */
import { fits } from "#device/value-schema.ts";
import { placeOfDefinition } from "#factory/bundle/definition-place.ts";
import type { Description, ValueSchema } from "#wire/describe.ts";

/** What is wrong with a schema, or undefined. */
function schemaFault({ type, min, max, step, maxLength, choices = [] }: ValueSchema): string | undefined {
  const range = `${type}(${min}, ${max})`;
  if ([min, max].some((end) => end !== undefined && !Number.isFinite(end))) return `${range} has no end`;
  if (min !== undefined && max !== undefined && min > max) return `${range} holds no value: its lower end comes first`;
  if (type === "int" && [min, max].some((end) => end !== undefined && !Number.isInteger(end))) {
    return `${range} ends between whole numbers`;
  }
  if (step !== undefined && !(step > 0)) return `a step of ${step} (expected a number above 0)`;
  if (maxLength !== undefined && !(Number.isInteger(maxLength) && maxLength > 0)) {
    return `${type}(${maxLength}) has no length (expected a whole number above 0)`;
  }
  return new Set(choices).size < choices.length ? `oneOf names a text twice: ${choices.join(", ")}` : undefined;
}

/** What is wrong with the values that an app describes: one line with the maker's file and, where it is found, the line. */
export function descriptionFault(app: string, description: Description): string | undefined {
  const { functions, variables, settings, events } = description;
  const schemas: (readonly [name: string, what: string, schema: ValueSchema | undefined])[] = [
    ...Object.entries(functions).flatMap(([name, { args, answer }]) => [
      ...Object.entries(args).map(([arg, schema]) => [name, `${name}, ${arg}`, schema] as const),
      [name, `${name}, its answer`, answer] as const,
    ]),
    ...Object.entries(variables).map(([name, { value }]) => [name, name, value] as const),
    ...Object.entries(settings).map(([name, { value }]) => [name, name, value] as const),
    ...Object.entries(events).map(([name, { payload }]) => [name, name, payload] as const),
  ];
  const at = (name: string) => placeOfDefinition(app, name) ?? app;
  for (const [name, what, schema] of schemas) {
    const fault = schema && schemaFault(schema);
    if (fault !== undefined) return `${at(name)}: ${what}: ${fault}`;
  }
  for (const [name, { value, default: first }] of Object.entries(settings)) {
    if (!fits(value, first)) return `${at(name)}: ${name}: its default ${JSON.stringify(first)} does not fit it`;
  }
  return undefined;
}
