/**
 * Verifies signatures on the board itself: its engine runs the rule of trust/ed25519-strict.ts, its own verifier stands
 * below. One case a line on the console, `KEY MESSAGE SIGNATURE` in hexadecimal, `-` for no bytes; one word back.
 */
import { fromHex } from "#base/bytes.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import type { Port } from "#device/port.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";

/** Serves until the board is switched off. Says `verify ready` first. */
export function serveVerifications(port: Port): void {
  let pending = "";
  port.onEvent((event) => {
    if (event.kind !== "console-data") return;
    const lines = (pending + (fromUtf8(event.bytes) ?? "")).split("\n");
    pending = lines.pop() as string;
    for (const line of lines) port.console.write(utf8(`verify ${judge(port, line) ? "accept" : "reject"}\n`));
  });
  port.console.write(utf8("verify ready\n"));
}

function judge(port: Port, line: string): boolean {
  const [key, message, signature] = line.split(" ").map((word) => (word === "-" ? new Uint8Array(0) : fromHex(word)));
  return (
    key !== undefined &&
    message !== undefined &&
    signature !== undefined &&
    verifyEd25519(port.crypto, message, signature, key)
  );
}
