/** The keys that an owner gave with this phone: stores them, finds them by name, and shows their state. */
import { fromHex, toHex } from "#base/bytes.ts";
import { ValueError } from "#cli/values/value-error.ts";
import { changeMemory, type GivenKey, type Known } from "#phone/memory.ts";

/** What is remembered of a unit that this phone never met on a network. */
const NOWHERE: Known = { host: "", port: 0, lastCounter: 0 };

type KeyState = "active" | "revoked" | "expired";

/** Remembers what a unit said, or that a key was given. */
export function note(memory: string, id: string, change: (known: Known) => Known): void {
  changeMemory(memory, id, (known) => change(known ?? NOWHERE));
}

/** Remembers that keys are revoked, as the unit confirmed. */
export function noteRevoked(memory: string, id: string, isRevoked: (key: GivenKey) => boolean, nowS: number): void {
  note(memory, id, (known) => ({
    ...known,
    ...(known.keys && {
      keys: known.keys.map((key) =>
        key.revokedAtS === undefined && isRevoked(key) ? { ...key, revokedAtS: nowS } : key,
      ),
    }),
  }));
}

/**
 * The key that a person means: by its number, or by the name that the owner gave it.
 * @throws ValueError when this phone gave no such key, or several of that name.
 */
export function keyMeant(known: Known | undefined, word: string): GivenKey {
  const keys = known?.keys ?? [];
  const number = fromHex(word.toLowerCase());
  const found = keys.filter(({ cti, name }) => name === word || (number?.length === 8 && cti === toHex(number)));
  const [key, ...more] = found.length > 1 ? found.filter(({ revokedAtS }) => revokedAtS === undefined) : found;
  if (key !== undefined && more.length === 0) return key;
  if (found.length > 1) {
    const numbers = found.map(({ cti }) => cti).join(", ");
    throw new ValueError(`several keys are named "${word}": name one by its number (${numbers})`);
  }
  const given = keys.map(({ name, cti }) => `${name} ${cti}`).join(", ") || "none";
  throw new ValueError(
    `this phone gave no key "${word}" (it gave: ${given}). Look at: latchkey phone keys. For a key that another phone gave, add --unlisted`,
  );
}

/** How a key stands. @param floor The owner's floor now: it ends the keys of lower epochs. */
export function stateOf(key: GivenKey, isRevoked: boolean, floor: number | undefined, nowS: number): KeyState {
  if (isRevoked || key.revokedAtS !== undefined || key.epoch < (floor ?? 0)) return "revoked";
  return key.expiresAtS !== undefined && key.expiresAtS <= nowS ? "expired" : "active";
}
