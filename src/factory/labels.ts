/**
 * The device label and the sealed card: drawn once as SVG, made into PNG for printers and one PDF at true size.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import { PDFDocument } from "pdf-lib";
import QRCode from "qrcode";
import type { QrSegment } from "#wire/grants/card.ts";

const require = createRequire(import.meta.url);
const MM_PER_INCH = 25.4;
const POINTS_PER_MM = 72 / MM_PER_INCH;
/** ISO/IEC 18004: four modules of quiet zone around a QR code. */
const QUIET_MODULES = 4;

export interface Sheet {
  readonly widthMm: number;
  readonly heightMm: number;
  readonly dpi: number;
  /** The link in the QR code. */
  readonly link: readonly QrSegment[];
  /** Lines beside the code, the first one larger. */
  readonly lines: readonly string[];
}

/** Sizes of a bank card (ISO/IEC 7810 ID-1), which the sealed card has. */
export const CARD_SIZE = { widthMm: 85.6, heightMm: 54 } as const;

const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

export function qrOf(link: readonly QrSegment[]): QRCode.QRCode {
  return QRCode.create(link as QRCode.QRCodeSegment[], { errorCorrectionLevel: "M" });
}

function drawSvg(sheet: Sheet): string {
  const { modules } = qrOf(sheet.link);
  const sideMm = Math.min(sheet.heightMm - 2, sheet.widthMm * 0.5);
  const moduleMm = sideMm / (modules.size + 2 * QUIET_MODULES);
  let path = "";
  for (let row = 0; row < modules.size; row++) {
    for (let column = 0; column < modules.size; column++) {
      if (modules.get(row, column)) path += `M${column + QUIET_MODULES} ${row + QUIET_MODULES}h1v1h-1z`;
    }
  }
  const topMm = (sheet.heightMm - sideMm) / 2;
  const leftMm = sideMm + 2;
  const lineMm = Math.min(5, (sheet.heightMm - 4) / (sheet.lines.length + 1));
  const longest = Math.max(...sheet.lines.map((line) => line.length));
  const fontMm = Math.min(lineMm * 0.75, (sheet.widthMm - leftMm - 1) / (longest * 0.61));
  const text = sheet.lines
    .map((line, i) => {
      const y = (sheet.heightMm - lineMm * (sheet.lines.length - 1)) / 2 + lineMm * i + fontMm / 3;
      return `<text x="${leftMm}" y="${y}" font-family="DejaVu Sans Mono" font-size="${fontMm}">${escapeXml(line)}</text>`;
    })
    .join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${sheet.widthMm}mm" height="${sheet.heightMm}mm" viewBox="0 0 ${sheet.widthMm} ${sheet.heightMm}"><rect width="100%" height="100%" fill="#fff"/><g transform="translate(1 ${topMm}) scale(${moduleMm})" shape-rendering="crispEdges"><path d="${path}"/></g>${text}</svg>`;
}

let isReady: Promise<void> | undefined;

/** Loads the renderer from its package; it asks the network for nothing. */
function ready(): Promise<void> {
  isReady ??= initWasm(readFileSync(require.resolve("@resvg/resvg-wasm/index_bg.wasm")));
  return isReady;
}

/** The sheet as PNG at its resolution. */
export async function drawPng(sheet: Sheet): Promise<Uint8Array> {
  await ready();
  const font = readFileSync(require.resolve("dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf"));
  const resvg = new Resvg(drawSvg(sheet), {
    fitTo: { mode: "width", value: Math.round((sheet.widthMm / MM_PER_INCH) * sheet.dpi) },
    font: { fontBuffers: [font], defaultFontFamily: "DejaVu Sans Mono", monospaceFamily: "DejaVu Sans Mono" },
  });
  return resvg.render().asPng();
}

/** One PDF with every sheet on a page of its true size. */
export async function drawPdf(
  sheets: readonly { readonly sheet: Sheet; readonly png: Uint8Array }[],
): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  for (const { sheet, png } of sheets) {
    const width = sheet.widthMm * POINTS_PER_MM;
    const height = sheet.heightMm * POINTS_PER_MM;
    document.addPage([width, height]).drawImage(await document.embedPng(png), { x: 0, y: 0, width, height });
  }
  return document.save();
}
