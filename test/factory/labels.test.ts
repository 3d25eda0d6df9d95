import { expect, test } from "vitest";
import { CARD_SIZE, drawPdf, drawPng, qrVersion, readQr } from "#factory/labels.ts";

const label = {
  widthMm: 50,
  heightMm: 25,
  dpi: 300,
  link: "HTTPS://GO.LAMP.EXAMPLE/D/0123456789ABCDEF01234567",
  lines: ["lamp", "0123 4567 89AB", "CDEF 0123 4567"],
};
const card = { ...label, ...CARD_SIZE, link: `HTTPS://GO.LAMP.EXAMPLE/T#0123456789ABCDEF01234567.${"8".repeat(31)}` };

test("what was drawn is read back by a decoder of another make, at 203 and at 600 dots an inch", async () => {
  for (const sheet of [label, card]) {
    for (const dpi of [203, 600]) expect(await readQr(await drawPng({ ...sheet, dpi }))).toBe(sheet.link);
  }
});

test("a PNG that was cut off, or another picture, is not read", async () => {
  const png = await drawPng(label);
  expect(await readQr(png.slice(0, png.length >> 2))).toBeUndefined();
  expect(await readQr(png.slice(0, 8))).toBeUndefined();
});

test("the card's link with its device ID fits QR version 4 at level M", () => {
  expect(qrVersion(card.link)).toBeLessThanOrEqual(4);
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
