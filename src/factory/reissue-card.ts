/**
 * Reissues the card of a unit that this line made: signs a grant for a new card and revokes the old card's grant
 * (PROTOCOL 4.14).
 */
import { fromHex } from "#base/bytes.ts";
import { reissue } from "#trust/grants/reissue.ts";
import type { Primitives } from "#trust/primitives.ts";
import { CARD_SECRET_BYTES } from "#wire/grants/card.ts";
import { CTI_BYTES } from "#wire/grants/grant.ts";
import { encodeDelivery } from "#wire/grants/revocation.ts";
import type { FlashConfig } from "./config.ts";
import { issuerOf, type MakerKeys, ownerClaims } from "./identity.ts";
import type { UnitRow } from "./registry.ts";

/** A floor that no key's floor is below: the statement changes none. */
const FLOOR_AS_IT_IS = 0;

interface ReissuedCard {
  readonly id: Uint8Array;
  /** 16 bytes, for the new card alone. */
  readonly secret: Uint8Array;
  readonly grantCti: Uint8Array;
  readonly grant: Uint8Array;
  /** Revokes the old grant and all links beneath it: a delivery that the cloud forwards or a phone brings. */
  readonly revocation: Uint8Array;
}

/**
 * @param unit As the registry has it, with the cti of the grant that is over.
 * @param nowS Unix seconds: when the grant is issued, and the number of the issuer's statement.
 * @param epoch The issuer's epoch as it stands; a grant below its floor counts nowhere.
 */
export function reissueCard(
  crypto: Primitives,
  config: Pick<FlashConfig, "ownerGrantYears">,
  keys: Pick<MakerKeys, "issuer" | "issuerKid">,
  unit: Pick<UnitRow, "id" | "cards" | "grantCti">,
  { nowS, epoch }: { readonly nowS: number; readonly epoch: number },
): ReissuedCard {
  const id = fromHex(unit.id) as Uint8Array;
  const secret = crypto.random(CARD_SECRET_BYTES);
  const grantCti = crypto.random(CTI_BYTES);
  const claims = ownerClaims(crypto, { ...config, cards: unit.cards }, { id, secret, grantCti, nowS, epoch });
  const { grant, revocation } = reissue(issuerOf(crypto, keys), claims, unit.grantCti, {
    sequence: nowS,
    floor: FLOOR_AS_IT_IS,
  });
  return { id, secret, grantCti, grant, revocation: encodeDelivery([{ statement: revocation }]) };
}
