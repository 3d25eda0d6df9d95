/**
 * Makes a unit's identity: its owner's grant, its card and its other settings. The card's secret is discarded after
 * use.
 */
import { utf8 } from "#base/utf8.ts";
import { type CborKey, encodeCbor } from "#codec/cbor.ts";
import { deviceIdOf } from "#trust/device-id.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { type GrantClaims, type IssuingSigner, issueGrant } from "#trust/grants/mint.ts";
import type { Primitives } from "#trust/primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { PROVISIONED } from "#wire/flash/stored-names.ts";
import { CARD_SECRET_BYTES } from "#wire/grants/card.ts";
import { CTI_BYTES } from "#wire/grants/grant.ts";
import { LEVEL } from "#wire/grants/scope.ts";
import { appKeyOf } from "./app-key.ts";
import { cloudTlsOf } from "./authorities.ts";
import type { FlashConfig } from "./config.ts";

const SECONDS_A_YEAR = 31_557_600;

/** The maker's keys as far as a unit's identity needs them. The roots' seeds never come near a line. */
export interface MakerKeys {
  readonly issuer: { readonly seed: Uint8Array; readonly publicKey: Uint8Array };
  /** One byte that names the issuer's key in grants. */
  readonly issuerKid: Uint8Array;
  readonly time: { readonly publicKey: Uint8Array };
  /** The three root keys. */
  readonly roots: readonly Uint8Array[];
  /** The key set as two of the roots signed it. */
  readonly keySet: Uint8Array;
}

export interface Identity {
  /** 12 bytes: the first of SHA-512 of the unit's public key. */
  readonly id: Uint8Array;
  /** 16 bytes, for the card alone. */
  readonly secret: Uint8Array;
  readonly grantCti: Uint8Array;
  /** What the station hands the unit, by name. Holds the air key, and the app's: never logged. */
  readonly values: ReadonlyMap<string, Uint8Array>;
}

/** Whose grant a card's holder has, when it was issued, and in which epoch of the issuer. */
interface Owning {
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
  readonly grantCti: Uint8Array;
  readonly nowS: number;
  readonly epoch: number;
}

/** The claims of an owner's grant: of the first one, and of one for a reissued card. */
export function ownerClaims(
  crypto: Primitives,
  config: Pick<FlashConfig, "cards" | "ownerGrantYears">,
  { id, secret, grantCti, nowS, epoch }: Owning,
): GrantClaims {
  const years = config.ownerGrantYears;
  return {
    audience: { kind: "device", id },
    issuedAtS: nowS,
    ...(years === undefined ? {} : { expiresAtS: nowS + Math.floor(years * SECONDS_A_YEAR) }),
    cti: grantCti,
    holder: crypto.ed25519PublicKey(holderSeed(crypto, secret, id)),
    scope: LEVEL[config.cards],
    epoch,
    caveats: [],
  };
}

/** The maker's issuer, as units know it by its number. */
export function issuerOf(crypto: Primitives, keys: Pick<MakerKeys, "issuer" | "issuerKid">): IssuingSigner {
  return { ...seedSigner(crypto, keys.issuer.seed), kid: keys.issuerKid };
}

/**
 * Makes the identity that belongs to a unit's key.
 * @param nowS Unix seconds of the issuing.
 */
export function makeIdentity(
  crypto: Primitives,
  config: FlashConfig,
  keys: MakerKeys,
  publicKey: Uint8Array,
  nowS: number,
): Identity {
  const id = deviceIdOf(crypto, publicKey);
  const secret = crypto.random(CARD_SECRET_BYTES);
  const grantCti = crypto.random(CTI_BYTES);
  const grant = issueGrant(
    issuerOf(crypto, keys),
    ownerClaims(crypto, config, { id, secret, grantCti, nowS, epoch: 0 }),
  );
  const { legacy: protocols, softAp, improv = false } = config.onboarding;
  const legacy = improv ? [...protocols, "improv"] : protocols;
  const appKey = appKeyOf(config);
  const values = new Map<string, Uint8Array>([
    [PROVISIONED.product, utf8(config.product)],
    [PROVISIONED.fleet, utf8(config.fleet)],
    [PROVISIONED.hardware, Uint8Array.of(config.hardwareRevision & 255, config.hardwareRevision >> 8)],
    [PROVISIONED.ownerGrant, grant],
    [PROVISIONED.airKey, airKey(crypto, secret, id)],
    [
      PROVISIONED.issuers,
      encodeCbor(new Map<CborKey, Uint8Array>([[keys.issuerKid[0] as number, keys.issuer.publicKey]])),
    ],
    [PROVISIONED.timeKey, keys.time.publicKey],
    [PROVISIONED.keySet, keys.keySet],
    [PROVISIONED.roots, encodeCbor(keys.roots)],
    [PROVISIONED.onboarding, encodeCbor(appKey === undefined ? [legacy, softAp] : [legacy, softAp, appKey])],
  ]);
  if (config.country !== undefined) values.set(PROVISIONED.country, utf8(config.country));
  if (config.cloud !== undefined) {
    const { host, mqttPort, httpPort, broker } = config.cloud;
    values.set(PROVISIONED.cloud, encodeCbor([host, mqttPort, httpPort, broker]));
    const tls = cloudTlsOf(config);
    if (tls !== undefined) values.set(PROVISIONED.cloudTls, tls);
  }
  return { id, secret, grantCti, values };
}
