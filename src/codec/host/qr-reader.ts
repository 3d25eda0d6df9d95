/** Reads QR codes from pictures: for a phone's camera, and for the factory line, which checks what it printed. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

let isReady: Promise<unknown> | undefined;

/** Loads the decoder from its package; it would ask the network for it otherwise. */
function ready(): Promise<unknown> {
  isReady ??= (async () => {
    const wasm = readFileSync(createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm"));
    await prepareZXingModule({ overrides: { wasmBinary: wasm.buffer as ArrayBuffer }, fireImmediately: true });
  })();
  return isReady;
}

/** What the first QR code (ISO/IEC 18004) in a picture says, or undefined when there is none. */
export async function readQr(picture: Uint8Array): Promise<string | undefined> {
  const [first] = await readQrs(picture);
  return first;
}

/** What each QR code in a picture (PNG, JPEG, BMP or GIF) says. */
export async function readQrs(picture: Uint8Array): Promise<readonly string[]> {
  await ready();
  const found = await readBarcodes(new Uint8Array(picture), { formats: ["QRCode"], tryHarder: true });
  return found.map(({ text }) => text).filter((text) => text !== "");
}
