/** The contents of a unit's device label and of its sealed card. */
import { toHex } from "#base/bytes.ts";
import { cardGroups, cardLink, cardText, labelLink } from "#wire/grants/card.ts";
import type { FlashConfig } from "./config.ts";
import { CARD_SIZE, type Sheet } from "./labels.ts";

/** The label on the unit: its ID, no secret. @param note A line below, such as what it must not be taken for. */
export function labelSheet(config: FlashConfig, id: Uint8Array, note?: string): Sheet {
  const digits = toHex(id).toUpperCase();
  const groups = digits.match(/.{8}/g) ?? [];
  return {
    ...config.labels,
    link: [{ mode: "alphanumeric", data: labelLink(config.maker, id) }],
    lines: [config.product, ...groups, ...(note === undefined ? [] : [note])],
  };
}

/** The card in its sealed envelope: whoever has it is the owner. */
export function cardSheet(
  config: Pick<FlashConfig, "maker" | "product"> & { readonly labels: Pick<FlashConfig["labels"], "dpi"> },
  id: Uint8Array,
  secret: Uint8Array,
): Sheet {
  const groups = cardGroups(cardText(secret)).split(/[ -]/);
  const half = Math.ceil(groups.length / 2);
  return {
    ...CARD_SIZE,
    dpi: config.labels.dpi,
    link: cardLink(config.maker, id, secret),
    lines: [
      `${config.product}: owner's card`,
      groups.slice(0, half).join(" "),
      groups.slice(half).join(" "),
      "Who holds this card owns the device.",
    ],
  };
}
