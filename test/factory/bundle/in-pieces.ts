import { inOrder, SEPARATOR, statementsOf } from "#factory/bundle/pieces.ts";

/** A script in pieces as it stands, names whole. */
export function inPieces(script: string): string {
  return inOrder(statementsOf(script)).join(SEPARATOR);
}
