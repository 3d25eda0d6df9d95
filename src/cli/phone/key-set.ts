/** Delivers the maker's key sets to a unit that missed them: `latchkey phone key-set`. */
import { decodeCbor } from "#codec/cbor.ts";
import { askCloud } from "#phone/unit-cloud.ts";
import { readBytes } from "#trust/host/files.ts";
import { decodeSignedKeyset } from "#wire/releases/keyset.ts";
import { openUnitSession, type PhoneOptions, PhoneTrouble, print } from "./unit.ts";

interface SignedSet {
  readonly version: number;
  readonly signed: Uint8Array;
}

/** A file holds one signed key set, or several in a list, as a cloud hands them out. */
function setsOf(path: string): readonly SignedSet[] {
  const bytes = readBytes(path);
  const list = decodeCbor(bytes);
  const parts: readonly unknown[] = list.ok && Array.isArray(list.value) ? list.value : [bytes];
  return parts.map((part) => {
    const read = part instanceof Uint8Array ? decodeSignedKeyset(part) : undefined;
    if (!read?.ok)
      throw new PhoneTrouble(`${path} holds no key set; name keyset.cose or keyset-NUMBER.cose of the maker`);
    return { version: read.value.keyset.version, signed: (part as Uint8Array).slice() };
  });
}

/** Brings them oldest first, and reads back from the unit which one it then uses. */
export async function bringKeySets(paths: readonly string[], options: PhoneOptions): Promise<void> {
  const sets = paths.flatMap(setsOf).sort((a, b) => a.version - b.version);
  const newest = (sets.at(-1) as SignedSet).version;
  const session = await openUnitSession(options);
  const inUse = async () => {
    const told = await askCloud(session);
    if (!told.ok) throw new PhoneTrouble(`the unit doesn't say which key set it uses (${told.fault})`, told.fault);
    if (told.value.keySet === undefined)
      throw new PhoneTrouble("the unit was given no keys for updates; it takes no key set");
    return told.value.keySet;
  };
  try {
    const before = await inUse();
    for (const { signed, version } of sets) {
      if (version <= before) continue;
      const answer = await session.request({ op: "key-set", signed });
      if (!answer.ok) throw new PhoneTrouble(`the unit takes no key set from you now (${answer.fault})`, answer.fault);
    }
    const after = await inUse();
    if (after < newest) {
      throw new PhoneTrouble(
        `the unit uses key set ${after} and does not accept ${newest}: a set that changed the roots after ${after} is missing, or they are another product's; get all files keyset-NUMBER.cose from the maker and name them too`,
      );
    }
    const line =
      before === after
        ? `the unit uses key set ${after} already`
        : `the unit uses key set ${after} now, before ${before}`;
    print(options, { before, keySet: after }, line);
  } finally {
    await session.close();
  }
}
