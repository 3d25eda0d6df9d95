/** What the owner lets the maker see of a crash, by its number; nothing where that cannot be read. */
import { DIAGNOSTICS_FIRST } from "#wire/sessions/unit-log.ts";
import type { Facts } from "./store/facts.ts";

export const diagnosticsOf = ({ diagnostics, unreadable }: Facts): number =>
  unreadable.has("diagnostics") ? 0 : (diagnostics ?? DIAGNOSTICS_FIRST);
