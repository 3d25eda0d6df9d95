/**
 * Explains, for each stored entry, what a unit assumes when the entry in flash cannot be read, and when it cannot be
 * written. Always the side that permits less. This is for people and tests: no unit carries these texts. The machine
 * that owns an entry looks at `Facts.unreadable` where mere absence would permit more.
 */
import type { EntryName } from "./facts.ts";

interface Meaning {
  readonly unreadable: string;
  /** For all: the step ends at the write, nothing that follows it happens, and the machine is told `store-failed`. */
  readonly unwritable: string;
}

const STATION = "the station is told, and the unit stays bare";

export const MEANINGS: Readonly<Record<EntryName, Meaning>> = {
  product: {
    unreadable: "no grant for a product counts, and no update is taken",
    unwritable: STATION,
  },
  fleet: {
    unreadable: "no grant for a fleet counts, and there is no link",
    unwritable: STATION,
  },
  hardware: {
    unreadable: "no update is taken",
    unwritable: STATION,
  },
  ownerGrant: {
    unreadable: "nobody is the owner until the maker reissues the card",
    unwritable: "the new grant does not count: no session opens under it",
  },
  airKey: {
    unreadable: "no Air broadcast is heard",
    unwritable: "the owner is told; the old key stays",
  },
  issuers: {
    unreadable: "no issuer's grant counts",
    unwritable: STATION,
  },
  timeKey: {
    unreadable: "no signed time counts",
    unwritable: STATION,
  },
  keySet: {
    unreadable: "it does not verify: no update is taken",
    unwritable: "the key set before it stays in use",
  },
  roots: {
    unreadable: "no key set verifies: no update is taken",
    unwritable: "the roots before stay pinned, and the key set names the new ones at the next start",
  },
  cloud: {
    unreadable: "there is no link",
    unwritable: STATION,
  },
  cloudTls: {
    unreadable: "there is no link, rather than one in the clear",
    unwritable: STATION,
  },
  onboarding: {
    unreadable: "Air alone is heard",
    unwritable: STATION,
  },
  country: {
    unreadable: "the radio keeps the rules that it has of itself, as without a country",
    unwritable: STATION,
  },
  key: {
    unreadable: "the unit answers nobody; it makes no second key once it is provisioned",
    unwritable: "the station is told; there is no identity",
  },
  provisioned: {
    unreadable: "the unit counts as provisioned and takes nothing more from a station",
    unwritable: "the station is told; the unit is still bare",
  },
  wifi: {
    unreadable: "the unit had a network: a card-holder alone may name another one",
    unwritable: "the unit uses the network now and forgets it with the power",
  },
  airCounter: {
    unreadable: "no Air broadcast is new enough until the button clears the counter",
    unwritable: "the broadcast is not used: it could be replayed",
  },
  claimed: {
    unreadable: "it counts by being there: the unit is claimed",
    unwritable: "the session does not open",
  },
  fleetCalls: {
    unreadable: "the owner did not agree",
    unwritable: "the owner is told; the consent is as before",
  },
  revocations: {
    unreadable: "anything may be revoked: the stored owner's grant alone opens sessions",
    unwritable: "whoever brought them is told; nothing says that they were taken",
  },
  usage: {
    unreadable: "every link that counts its uses is used up",
    unwritable: "the use is refused",
  },
  timeFloor: {
    unreadable: "any delegated key that ends may have ended, until the time is trusted",
    unwritable: "the statement is not taken",
  },
  resoldAt: {
    unreadable: "issuers' grants for this unit from before the stored owner's are over",
    unwritable: "the record of the resale stands for it",
  },
  resale: {
    unreadable: "the resale did not begin",
    unwritable: "the unit is not passed on",
  },
  keySetBefore: {
    unreadable: "it does not verify: only what the key set in use signed runs",
    unwritable: "the new key set is not taken",
  },
  update: {
    unreadable: "the release in hand is given up",
    unwritable: "the release is not begun; it is tried again later",
  },
  cloudMoved: {
    unreadable: "there is no link, rather than one to the cloud that the owner left",
    unwritable: "the owner is told; the unit stays with the cloud that it has",
  },
  appFailure: {
    unreadable: "the cloud cannot read it either, and ignores it",
    unwritable: "the maker hears of it on the console alone",
  },
  signerTimes: {
    unreadable: "any delegated key that ends may have ended, until the time is trusted or its signer tells it",
    unwritable: "nothing is answered that rests on it: the refusal of an expired key, or the thanks for a word",
  },
  zone: {
    unreadable: "the zone is unknown: local hours refuse",
    unwritable: "the owner is told; the old zone stays",
  },
  place: {
    unreadable: "the place is unknown: geofences refuse",
    unwritable: "whoever said it is told; the old place stays",
  },
  appSettings: {
    unreadable: "each setting is as the maker gave it",
    unwritable: "whoever changed it is told; the old value stays",
  },
  appState: {
    unreadable: "the app begins with the state that the maker gave it",
    unwritable: "the app goes on with the new state, and has the old one after the next start",
  },
  diagnostics: {
    unreadable: "the maker sees nothing of a crash",
    unwritable: "the maker sees what was allowed before, and the owner hears that nothing changed",
  },
  appCrash: {
    unreadable: "whoever asks is given bytes that they cannot read",
    unwritable: "the crash before it stays the last one",
  },
  appStarts: {
    unreadable: "no start of the app failed so far",
    unwritable: "this start is not counted",
  },
};
