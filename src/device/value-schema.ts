/** Checks values of the app's against the schemas that its maker declared. */
import type { ValueSchema } from "#wire/describe.ts";

/** Whether a value is of a schema's type and within its limits. */
export function fits(schema: ValueSchema, value: unknown): boolean {
  const { type, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, maxLength = max } = schema;
  switch (type) {
    case "bool":
      return typeof value === "boolean";
    case "int":
      return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
    case "number":
      return Number.isFinite(value) && (value as number) >= min && (value as number) <= max;
    case "text":
      return typeof value === "string" && value.length <= maxLength;
    case "choice":
      return schema.choices?.includes(value as string) === true;
    case "bytes":
      return value instanceof Uint8Array && value.length <= maxLength;
  }
}
