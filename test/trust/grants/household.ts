/** A maker, a unit, its owner, a guest and an installer: the fixed cast of the tests of trust. */
import { utf8 } from "#base/utf8.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import type { Ask } from "#trust/grants/caveats.ts";
import { chainOf, type GrantClaims, type IssuingSigner, issueChild, issueGrant } from "#trust/grants/mint.ts";
import { OWN_KID } from "#trust/grants/open-chain.ts";
import type { Trust } from "#trust/grants/verify-grant.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { type Signer, seedSigner } from "#trust/signer.ts";
import type { Caveat } from "#wire/grants/caveat.ts";
import type { Claims } from "#wire/grants/grant.ts";
import { LEVEL } from "#wire/grants/scope.ts";

export const primitives = nodePrimitives;
export const NOW = 1_800_000_000;
export const YEAR_S = 31_557_600;

export function person(name: string): Signer {
  return seedSigner(primitives, primitives.sha256(utf8(name)));
}

export function ctiOf(name: string): Uint8Array {
  return primitives.sha256(utf8(name)).slice(0, 8);
}

export const issuer: IssuingSigner = { ...person("issuer"), kid: Uint8Array.of(1) };
export const owner = person("owner");
export const guest = person("guest");
export const installer = person("installer");
export const unitKey = person("unit");
export const unitId = deviceIdOf(primitives, unitKey.publicKey);

export const trust: Trust = {
  primitives,
  id: unitId,
  product: "lamp",
  fleet: "acme",
  issuers: [
    { kid: issuer.kid, publicKey: issuer.publicKey },
    { kid: OWN_KID, publicKey: unitKey.publicKey },
  ],
  revocations: [],
  time: { grade: "trusted", earliestS: NOW, latestS: NOW + 1 },
  claimed: true,
  fleetCalls: false,
};

export const call: Ask = { right: "call", name: "setLamp", args: new Map([["on", true]]), arrival: "lan" };

export function ownerClaims(change: Partial<GrantClaims> = {}): GrantClaims {
  return {
    audience: { kind: "device", id: unitId },
    issuedAtS: NOW - 1000,
    cti: ctiOf("owner-grant"),
    holder: owner.publicKey,
    scope: LEVEL.noFlash,
    epoch: 0,
    caveats: [],
    ...change,
  };
}

export function childClaims(name: string, holder: Signer, change: Partial<Claims> = {}): Claims {
  return {
    cti: ctiOf(name),
    holder: holder.publicKey,
    scope: [{ name: "*", rights: 7 }],
    epoch: 0,
    caveats: [],
    ...change,
  };
}

export const ownerGrant = issueGrant(issuer, ownerClaims());
export const ownerChain = chainOf(ownerGrant);

export function grantChain(change: Partial<GrantClaims> = {}): Uint8Array {
  return chainOf(issueGrant(issuer, ownerClaims(change)));
}

/** The owner's chain with a guest's link beneath it. */
export function guestChain(change: Partial<Claims> = {}): Uint8Array {
  return issueChild(primitives, ownerChain, owner, childClaims("guest", guest, change));
}

export function guestWith(...caveats: readonly Caveat[]): Uint8Array {
  return guestChain({ caveats });
}
