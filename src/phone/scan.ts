/** Reads the two codes in the box: the label on the unit and the card in the envelope. */
import { equal } from "#base/bytes.ts";
import { ok, type Result, refuse } from "#base/faults.ts";
import { readCardLink, readCardText, readLabelLink } from "#wire/grants/card.ts";

export interface Scanned {
  /** 12 bytes. */
  readonly deviceId: Uint8Array;
  /** 16 bytes, of the card. */
  readonly secret: Uint8Array;
}

/**
 * Puts what the two codes say together.
 * @param label Text of the label's QR code.
 * @param card  Text of the card's QR code, or the card's characters as typed.
 * @returns The pair; CARD_LINK when a code is none of ours, what readCardText refuses, SCAN_PAIR when the card is of
 *          another unit than the label.
 * @source PROTOCOL 3.3, 3.4
 */
export function pairCodes(label: string, card: string): Result<Scanned> {
  const deviceId = readLabelLink(label);
  if (!deviceId.ok) return deviceId;
  if (!/^https:/i.test(card.trim())) {
    const secret = readCardText(card);
    return secret.ok ? ok({ deviceId: deviceId.value, secret: secret.value }) : secret;
  }
  const scanned = readCardLink(card);
  if (!scanned.ok) return scanned;
  if (!equal(scanned.value.id, deviceId.value)) return refuse("SCAN_PAIR");
  return ok({ deviceId: deviceId.value, secret: scanned.value.secret });
}
