/**
 * The interface that a board implements for `latchkey verify ed25519 --board NAME`: boards/NAME/host/verifier.ts
 * exports `startVerifier`.
 */
import { toHex } from "#base/bytes.ts";

export interface SignatureCase {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

export interface BoardVerifier {
  /** The board's own verdict. One case at a time. */
  verify(signatureCase: SignatureCase): Promise<boolean>;
  close(): Promise<void>;
}

/** @param script The board's program, made of verifierEntry by the bundler. */
export type StartVerifier = (script: Uint8Array) => Promise<BoardVerifier>;

/** The entry of the program that runs on a board, with imports relative to the repository's root. */
export function verifierEntry(board: string): string {
  return `import { port } from "./boards/${board}/port.ts";
import { serveVerifications } from "./boards/verifier/lines.ts";
serveVerifications(port);`;
}

/** The console's line for a case (see lines.ts). */
export function verifierLine({ publicKey, message, signature }: SignatureCase): string {
  return `${[publicKey, message, signature].map((each) => toHex(each) || "-").join(" ")}\n`;
}
