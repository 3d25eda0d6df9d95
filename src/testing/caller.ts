/** Who calls a device under test. */
import type { Cbor } from "#codec/cbor.ts";
import type { KeptValue } from "#wire/sessions/history.ts";

/** A call was refused. */
export class Refused extends Error {
  override name = "Refused";
  readonly fault: string;
  constructor(what: string, fault: string) {
    super(`${what} was refused (${fault})`);
    this.fault = fault;
  }
}

/** Somebody who holds a key. */
export interface Caller {
  /** Runs a function, reads a variable or a setting. @throws Refused */
  call(name: string, args?: Readonly<Record<string, Cbor>>): Promise<Cbor>;
  /** Changes a setting. @throws Refused */
  set(name: string, value: Cbor): Promise<Cbor>;
  /** The values that the unit keeps of a variable with `history`, oldest first; null where it could not be read. @throws Refused */
  history(name: string): Promise<readonly KeptValue[]>;
  /** Events that the key may subscribe to, of the last 16. */
  events(): Promise<readonly { readonly name: string; readonly value: Cbor }[]>;
}
