/** A choice of roles, each with what it may do. */
import type { JSX } from "preact";
import { SelectField } from "#web/ui/fields.tsx";
import { useTexts } from "#web/ui/language.ts";
import { STAFF_TEXTS } from "./staff-texts.ts";

const MEANINGS = [
  ["viewer", "isViewer"],
  ["support", "isSupport"],
  ["release", "isRelease"],
  ["admin", "isAdmin"],
] as const;

export function RoleField(props: { readonly role: string; onChoose(role: string): void }): JSX.Element {
  const text = useTexts(STAFF_TEXTS);
  return (
    <SelectField
      label={text("role")}
      value={props.role}
      onChoose={props.onChoose}
      choices={MEANINGS.map(([role, meaning]) => ({ value: role, title: `${role}: ${text(meaning)}` }))}
    />
  );
}
