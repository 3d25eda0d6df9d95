import { expect, test } from "vitest";
import { readQr } from "#codec/host/qr-reader.ts";
import { CARD_SIZE, drawPdf, drawPng, qrOf } from "#factory/labels.ts";
import { cardLink, labelLink, linkText } from "#wire/grants/card.ts";

const ID = Uint8Array.from({ length: 12 }, (_, i) => 7 * i);

const label = {
  widthMm: 50,
  heightMm: 25,
  dpi: 300,
  link: [{ mode: "alphanumeric", data: labelLink("LAMP.EXAMPLE", ID) }] as const,
  lines: ["lamp", "0123 4567 89AB", "CDEF 0123 4567"],
};
const card = { ...label, ...CARD_SIZE, link: cardLink("LAMP.EXAMPLE", ID, new Uint8Array(16).fill(0xa5)) };

test("what was drawn is read back by a decoder of another make, at 203 and at 600 dots an inch", async () => {
  for (const sheet of [label, card]) {
    for (const dpi of [203, 600]) expect(await readQr(await drawPng({ ...sheet, dpi }))).toBe(linkText(sheet.link));
  }
});

test("a PNG that was cut off, or another picture, is not read", async () => {
  const png = await drawPng(label);
  expect(await readQr(png.slice(0, png.length >> 2))).toBeUndefined();
  expect(await readQr(png.slice(0, 8))).toBeUndefined();
});

test("the card's link with its device ID fits QR version 4 at level M", () => {
  expect(qrOf(card.link).version).toBeLessThanOrEqual(4);
});

test("the PDF has a page of true size for each sheet", async () => {
  const pdf = await drawPdf([
    { sheet: label, png: await drawPng(label) },
    { sheet: card, png: await drawPng(card) },
  ]);
  const { PDFDocument } = await import("pdf-lib");
  const pages = (await PDFDocument.load(pdf)).getPages().map((page) => page.getSize());
  expect(pages.map(({ width }) => Math.round((width / 72) * 25.4))).toEqual([50, 86]);
});
