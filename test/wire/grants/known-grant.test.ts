/** A grant that was read before is taken from memory only at the head of a chain that would be read all the same. */
import { expect, test } from "vitest";
import { readChain, readGrant } from "#wire/grants/grant.ts";
import { guestChain, ownerChain, ownerGrant } from "../../trust/grants/household.ts";

/** [1, [grant, ...]]: two heads and the version lie before the grant. */
const HEAD_BYTES = 3;

const known = readGrant(ownerGrant);
if (!known.ok) throw new Error(known.fault);

test.each([
  ["the grant alone", ownerChain],
  ["a grant and a child", guestChain()],
])("whatever stands before it, of %s, is judged as if it were unknown", (_, chain) => {
  expect(readChain(chain, known.value)).toMatchObject({ ok: true, value: { 0: { claims: known.value.claims } } });
  const accepted: number[] = [];
  for (let at = 0; at < HEAD_BYTES; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const changed = chain.slice();
      changed[at] = byte;
      const [remembered, anew] = [readChain(changed, known.value), readChain(changed)];
      expect([at, byte, remembered.ok]).toEqual([at, byte, anew.ok]);
      if (remembered.ok) accepted.push(at);
    }
  }
  // The one byte that was there, at each place.
  expect(accepted).toEqual([0, 1, 2]);
});
