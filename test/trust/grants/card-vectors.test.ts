/** Runs test/vectors/cards.json: what a card's secret becomes, and typed texts that are no card. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { cardLink, cardText, linkText, readCardText } from "#wire/grants/card.ts";
import { primitives } from "./household.ts";

interface Card {
  readonly input: { secret: string; id: string; maker: string };
  readonly expect: { text: string; link: string; holderSeed: string; holderKey: string; airKey: string };
}
interface Typed {
  readonly input: { typed: string };
  readonly expect: { secret?: string; fault?: string };
}
const file: { cards: Card[]; typed: Typed[] } = JSON.parse(readFileSync("test/vectors/cards.json", "utf8"));
const bytes = (hex: string) => fromHex(hex) as Uint8Array;

test.each(file.cards)("the card of $input.secret", ({ input, expect: expected }) => {
  const [secret, id] = [bytes(input.secret), bytes(input.id)];
  const seed = holderSeed(primitives, secret, id);
  expect({
    text: cardText(secret),
    link: linkText(cardLink(input.maker, id, secret)),
    holderSeed: toHex(seed),
    holderKey: toHex(primitives.ed25519PublicKey(seed)),
    airKey: toHex(airKey(primitives, secret, id)),
  }).toEqual(expected);
});

test.each(file.typed)("$input.typed", ({ input, expect: expected }) => {
  const read = readCardText(input.typed);
  expect(read.ok ? { secret: toHex(read.value) } : { fault: read.fault }).toEqual(expected);
});
