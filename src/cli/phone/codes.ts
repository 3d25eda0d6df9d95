/** Reads one photo that shows both codes: the label on the unit and the owner's card (`--codes PICTURE`). */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { ValueError } from "#cli/values/value-error.ts";
import { readQrs } from "#codec/host/qr-reader.ts";
import { readBytes } from "#trust/host/files.ts";
import { readCardLink, readLabelLink } from "#wire/grants/card.ts";
import { PhoneTrouble } from "./unit.ts";

/** The two codes that one picture shows. @throws PhoneTrouble that says which one is missing, or shown twice. */
async function codesIn(path: string): Promise<{ readonly label: string; readonly card: string }> {
  if (!existsSync(path)) throw new ValueError(`--codes: there is no file ${path} (expected a photo of label and card)`);
  const texts = [...new Set(await readQrs(readBytes(path)))];
  const only = (what: string, isOne: (text: string) => boolean) => {
    const [found, ...more] = texts.filter(isOne);
    if (found === undefined) {
      throw new PhoneTrouble(
        `${path} shows no ${what} (${texts.length} codes in all); take the photo again, or name the two apart: --label PICTURE --card PICTURE`,
      );
    }
    if (more.length > 0) throw new PhoneTrouble(`${path} shows more than one ${what}; show only the two from one box`);
    return found;
  };
  return {
    label: only("device label", (text) => readLabelLink(text).ok),
    card: only("owner's card", (text) => readCardLink(text).ok),
  };
}

/** Fills in --label and --card from --codes before a verb runs, and says when the unit was not named at all. */
export async function fillCodes(command: Command, needsLabel: boolean): Promise<void> {
  const { codes, label, card } = command.opts() as { codes?: string; label?: string; card?: string };
  const { LATCHKEY_CARD } = process.env;
  // Programs that this one starts have no use for it.
  delete process.env.LATCHKEY_CARD;
  if (codes !== undefined) {
    if (label !== undefined || card !== undefined) {
      throw new ValueError("--codes names label and card; leave --label and --card out");
    }
    const found = await codesIn(codes);
    command.setOptionValue("label", found.label);
    command.setOptionValue("card", found.card);
    return;
  }
  if (card === undefined && LATCHKEY_CARD !== undefined) command.setOptionValue("card", LATCHKEY_CARD);
  if (needsLabel && label === undefined) {
    throw new ValueError("name the unit: --label PICTURE, or --codes PICTURE with label and card in one photo");
  }
}
