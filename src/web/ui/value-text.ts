/** A value as a person reads it. */
import type { Value, ValueSchema } from "./described.ts";
import { type Language, numberText, textsOf } from "./language.ts";
import { UI_TEXTS } from "./ui-texts.ts";

export function valueText(value: Value | undefined, schema: ValueSchema | undefined, language: Language): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "boolean") return textsOf(UI_TEXTS, language)(value ? "on" : "off");
  if (typeof value === "number") {
    const unit = schema?.unit === undefined ? "" : ` ${schema.unit}`;
    return `${numberText(value, language)}${unit}`;
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
