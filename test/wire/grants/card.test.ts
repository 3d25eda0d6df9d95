import QRCode, { type QRCodeSegment } from "qrcode";
import { expect, test } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { seeded } from "#cli/fuzz/run.ts";
import { base32Symbols, base32Text } from "#codec/base32.ts";
import {
  cardGroups,
  cardLink,
  cardText,
  labelLink,
  linkText,
  readCardLink,
  readCardText,
  readLabelLink,
} from "#wire/grants/card.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const secret = fromHex("000102030405060708090a0b0c0d0e0f") as Uint8Array;
const id = fromHex("0123456789abcdef01234567") as Uint8Array;
const text = cardText(secret);

/** Secrets that leave no symbol value out of any place. */
const texts = Array.from({ length: 33 }, (_, k) => cardText(secret.map((_, i) => (i * 37 + k * 8 + k * i) & 255)));

test("a card has 31 characters and comes back", () => {
  expect(text).toMatch(/^1[0-9A-Z]{30}$/);
  expect(text).toHaveLength(31);
  expect(readCardText(text)).toEqual({ ok: true, value: secret });
  expect(cardGroups(text)).toMatch(/^.{6}(-.{5}){5}$/);
  expect(readCardText(cardGroups(text))).toEqual({ ok: true, value: secret });
});

test("typing is forgiven: case, O for 0, I and L for 1, gaps", () => {
  const typed = ` ${text.toLowerCase().replaceAll("0", "o").replace("1", "l").replaceAll("1", "I")} `;
  expect(typed).toMatch(/o/);
  expect(readCardText(typed.replace(/(.{4})/g, "$1- "))).toEqual({ ok: true, value: secret });
});

test("every wrong character shows, in every place", () => {
  for (const right of texts) {
    for (let place = 0; place < 31; place++) {
      for (const wrong of ALPHABET) {
        if (wrong === right[place]) continue;
        expect(readCardText(right.slice(0, place) + wrong + right.slice(place + 1)).ok).toBe(false);
      }
    }
  }
});

test("every swap of neighbours shows: all pairs of symbols in all places", () => {
  // The code is linear, so a swap of a and b at a place shows for all cards if the difference a ^ b there does.
  for (let place = 0; place < 30; place++) {
    for (let difference = 1; difference < 32; difference++) {
      const right = base32Symbols(text);
      const wrong = right.ok ? [...right.value] : [];
      wrong[place] = (wrong[place] as number) ^ difference;
      wrong[place + 1] = (wrong[place + 1] as number) ^ difference;
      expect(readCardText(base32Text(wrong))).toEqual({ ok: false, fault: "CARD_CHECK" });
    }
  }
  for (const right of texts) {
    for (let place = 0; place < 30; place++) {
      const swapped = right.slice(0, place) + right[place + 1] + right[place] + right.slice(place + 2);
      if (swapped !== right) expect(readCardText(swapped).ok).toBe(false);
    }
  }
});

test("two to four wrong characters show as well, wherever they are", () => {
  const below = seeded(31);
  for (let run = 0; run < 20_000; run++) {
    const right = base32Symbols(texts[run % texts.length] as string);
    const wrong = right.ok ? [...right.value] : [];
    const places = new Set(Array.from({ length: 2 + (run % 3) }, () => below(31)));
    for (const place of places) wrong[place] = (wrong[place] as number) ^ (1 + below(31));
    expect(readCardText(base32Text(wrong)).ok).toBe(false);
  }
});

test.each([
  ["", "CARD_LENGTH"],
  [text.slice(1), "CARD_LENGTH"],
  [`${text}0`, "CARD_LENGTH"],
  [text.replace(/.$/, "U"), "BASE32_CHARACTER"],
  [text.replace(/.$/, "é"), "BASE32_CHARACTER"],
])("%s is refused: %s", (typed, fault) => {
  expect(readCardText(typed)).toEqual({ ok: false, fault });
});

test("links carry ID and secret, fit their QR symbols, and are read back in any case", () => {
  const segments = cardLink("lamps.example", id, secret);
  expect(linkText(segments)).toBe(`HTTPS://GO.LAMPS.EXAMPLE/T#0123456789ABCDEF01234567.${text}`);
  expect(QRCode.create(segments as QRCodeSegment[], { errorCorrectionLevel: "M" }).version).toBeLessThanOrEqual(4);
  expect(QRCode.create(text, { errorCorrectionLevel: "M" }).version).toBe(2);
  expect(readCardLink(linkText(segments).toLowerCase())).toEqual({ ok: true, value: { id, secret } });
  const label = labelLink("lamps.example", id);
  expect(label).toBe("HTTPS://GO.LAMPS.EXAMPLE/D/0123456789ABCDEF01234567");
  expect(label).not.toContain(text);
  expect(readLabelLink(label)).toEqual({ ok: true, value: id });
  for (const wrong of [label, "", `HTTPS://GO.X/T#${toHex(id)}`, `HTTP://GO.X/T#${toHex(id)}.${text}`]) {
    expect(readCardLink(wrong)).toEqual({ ok: false, fault: "CARD_LINK" });
  }
  expect(readLabelLink(linkText(segments))).toEqual({ ok: false, fault: "CARD_LINK" });
  expect(readCardLink(`HTTPS://GO.X/T#${toHex(id)}.${text.slice(0, 30)}${text[30] === "0" ? "2" : "0"}`)).toEqual({
    ok: false,
    fault: "CARD_CHECK",
  });
});
