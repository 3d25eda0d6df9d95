/**
 * Measures the cost of TLS on an emulated board: one handshake with a server of OpenSSL's, on the image that ships
 * with TLS.
 */
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { toHex } from "#base/bytes.ts";
import { makeBareUnit } from "#boards/qemu-mps2/host/bare-unit.ts";
import { startEmulator } from "#boards/qemu-mps2/host/emulator.ts";
import { buildScript } from "#factory/bundle/bundle.ts";
import { imagePaths } from "#firmware/image.ts";
import { encodeRadioReport } from "#wire/lines/radio-line.ts";
import { certify } from "../tls/authority.ts";

const RUN_MS = 60_000;
const MAC = Uint8Array.of(2, 0, 0, 0, 0, 7);

/** Instructions, and bytes of the engine's arena at the most and while the session lasts. */
interface TlsFigures {
  readonly instructions: number;
  readonly peakBytes: number;
  readonly heldBytes: number;
}

/** An authority, and a server that it vouches for directly, as a maker of a few products has it. */
export async function measureTls(board: string): Promise<TlsFigures> {
  const authority = certify({ name: "Authority", isAuthority: true });
  const server = certify({ name: "cloud.test" }, authority);
  const listening = createServer({ key: server.keyPem, cert: server.certificatePem });
  listening.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  const script = await buildScript(`import { port } from "./boards/${board}/port.ts";
import { connectOnce } from "./test/bench/tls-script.ts";
connectOnce(port, ${port}, "cloud.test", "${toHex(authority.der)}");`);
  const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
  const flashPath = join(folder, "flash.bin");
  await makeBareUnit(board, flashPath, script.bytes, { tls: true });
  const emulator = await startEmulator({ board, flashPath, kernel: imagePaths(board).boot, isCounting: true });
  // The only thing that the radio is asked is to join.
  const joined = encodeRadioReport({ kind: "radio-joined", ipv4: "127.0.0.1", mac: MAC, bssid: MAC });
  emulator.radio.once("data", () => emulator.radio.write(joined));
  try {
    const text = await new Promise<string>((resolve, reject) => {
      let said = "";
      const timer = setTimeout(() => reject(new Error(`${board} made no connection: ${said}`)), RUN_MS);
      emulator.process.stdout?.on("data", (bytes) => {
        said += bytes;
        if (!/^bench (connected|closed .*)\r?$/m.test(said)) return;
        clearTimeout(timer);
        if (/^bench connected/m.test(said)) resolve(said);
        else reject(new Error(`${board} made no connection: ${said}`));
      });
    });
    const figure = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);
    return {
      instructions: figure(/^latchkey: tls handshake us (\d+)/m) * 125,
      peakBytes: figure(/^latchkey: tls peak (\d+)/m),
      heldBytes: figure(/^latchkey: tls holds (\d+)/m),
    };
  } finally {
    await emulator.cut();
    listening.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
