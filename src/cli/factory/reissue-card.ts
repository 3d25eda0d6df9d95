/**
 * Reissues the card of a unit that this line made: prints a new card, and writes the files with which its owner
 * activates it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "#base/bytes.ts";
import { makerKeys } from "#cli/maker-keys.ts";
import { writeMinted } from "#cli/readings.ts";
import { CliTrouble } from "#cli/trouble.ts";
import type { FlashConfig } from "#factory/config.ts";
import { type Printed, printSheets } from "#factory/print.ts";
import { openRegistry } from "#factory/registry.ts";
import { reissueCard } from "#factory/reissue-card.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { readGrant } from "#wire/grants/grant.ts";
import { readDelivery } from "#wire/grants/revocation.ts";

interface NewCard extends Printed {
  /** File with the new grant, in hexadecimal. */
  readonly grant: string;
  /** File with the delivery that ends the old one, in hexadecimal. */
  readonly revocation: string;
}

/** Throws CliTrouble when no such unit was made here. The registry has the new grant once everything is written. */
export async function issueNewCard(config: FlashConfig, id: string, epoch: number): Promise<NewCard> {
  const keys = makerKeys(config);
  const path = join(config.output, "registry.db");
  const registry = existsSync(path) ? openRegistry(path) : undefined;
  try {
    const unit = registry?.find(id);
    if (registry === undefined || unit === undefined) {
      throw new CliTrouble(`${path} knows no unit ${id}; see latchkey factory list, or name the right --config`);
    }
    const made = reissueCard(nodePrimitives, config, keys, unit, { nowS: Math.floor(Date.now() / 1000), epoch });
    const printed = await printSheets({ ...config, product: unit.product }, made);
    const grant = join(printed.folder, "reissued.grant");
    const revocation = join(printed.folder, "reissued.revocation");
    const [asGrant, asDelivery] = [readGrant(made.grant), readDelivery(made.revocation)];
    for (const read of [asGrant, asDelivery]) {
      if (!read.ok)
        throw new CliTrouble(`no unit would take the new grant of ${id} (${read.fault}); nothing is reissued`);
    }
    writeMinted(grant, toHex(made.grant));
    writeMinted(revocation, toHex(made.revocation));
    registry.regrant(id, made.grantCti);
    return { ...printed, grant, revocation };
  } finally {
    registry?.close();
  }
}
