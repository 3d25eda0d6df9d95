/**
 * The numbers and names that the C and the TypeScript share, as a C header: faults, reasons for a start, kinds of records, ends
 * of a trial, component kinds, names of stored values. The TypeScript is the one source; a test holds the header to it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FAULTS } from "#base/faults.ts";
import { PACKAGE_FOLDER } from "#base/host/package-folder.ts";
import { TRIAL_ENDS_BY_REASON } from "#wire/flash/boot-decision.ts";
import { JOURNAL_KIND, TRIAL_END } from "#wire/flash/journal.ts";
import { SETTING_KIND } from "#wire/flash/setting-record.ts";
import { OWN, PROVISIONED } from "#wire/flash/stored-names.ts";
import { COMPONENT } from "#wire/releases/release.ts";

export const NUMBERS_HEADER = "firmware/main/numbers.h";

/** `selfTest` or `out-of-memory` as C has it: SELF_TEST, OUT_OF_MEMORY. */
const upper = (name: string): string =>
  name
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replace(/-/g, "_")
    .toUpperCase();

const cEnum = (name: string, members: string): string => `enum ${name} {\n${members}};`;

function enumOf(name: string, prefix: string, numbers: Readonly<Record<string, number>>, extra = ""): string {
  const members = Object.entries(numbers).map(([key, number]) => `  ${prefix}${upper(key)} = ${number},\n`);
  return `${cEnum(name, members.join("") + extra)}\n`;
}

/** `key-set` as STORED_KEY_SET: names of values as texts. */
function storedNames(names: Readonly<Record<string, string>>): string {
  return Object.entries(names)
    .map(([key, name]) => `#define STORED_${upper(key)} "${name}"\n`)
    .join("");
}

/** The header's text. Reasons for a start are numbered in the order of their table and carry their names. */
export function numbersHeader(): string {
  const reasons = Object.keys(TRIAL_ENDS_BY_REASON);
  const numbered = Object.fromEntries(reasons.map((reason, number) => [reason, number]));
  const faults = Object.fromEntries(Object.entries(FAULTS).sort(([, a], [, b]) => a - b));
  // Fault names are upper case already.
  const faultLines = Object.entries(faults).map(([fault, number]) => `  FAULT_${fault} = ${number},\n`);
  return `/* Made from the TypeScript by \`npm run numbers\`; edit it there. */
#pragma once

/* src/base/faults.ts */
${cEnum("fault", faultLines.join(""))}

/* Why a unit starts: src/wire/flash/boot-decision.ts */
${enumOf("reset_reason", "RESET_", numbered, `  RESET_REASONS = ${reasons.length},\n`)}#define RESET_REASON_NAMES ${reasons.map((reason) => `"${reason}"`).join(", ")}

/* src/wire/flash/journal.ts */
${enumOf("journal_kind", "RECORD_", JOURNAL_KIND)}${enumOf("trial_end", "END_", TRIAL_END)}
/* What a trial's end is called that such a start ends, by reason: src/wire/flash/boot-decision.ts */
#define TRIAL_ENDS_BY_REASON ${Object.values(TRIAL_ENDS_BY_REASON)
    .map((end) => `END_${upper(end)}`)
    .join(", ")}

/* src/wire/releases/release.ts */
${enumOf("component_kind", "COMPONENT_", COMPONENT)}
/* What the unit remembers: src/wire/flash/setting-record.ts and stored-names.ts */
${enumOf("setting_kind", "SETTING_", SETTING_KIND)}${storedNames({ ...PROVISIONED, ...OWN })}`;
}

/** Writes the header where the C includes it. */
export function writeNumbersHeader(): void {
  writeFileSync(join(PACKAGE_FOLDER, NUMBERS_HEADER), numbersHeader());
}
