/** Chapter 3: owner and guests use the unit, without a cloud and without an account. */
import { join } from "node:path";
import { fromHex, toHex } from "#base/bytes.ts";
import { scan } from "#cli/phone/unit.ts";
import type { MadeUnit } from "#factory/line.ts";
import { recall } from "#phone/memory.ts";
import { holderSeed } from "#trust/grants/card-keys.ts";
import { chainOf, issueChild } from "#trust/grants/mint.ts";
import { readText, writeWhole } from "#trust/host/files.ts";
import { createKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { seedSigner } from "#trust/signer.ts";
import { CTI_BYTES } from "#wire/grants/grant.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { latchkey, latchkeyOk, StoryError, type UnitWorld } from "./world.ts";

/** A moment long before any bundle was built: what ended then has ended for every unit. */
const LONG_AGO_S = 1_000_000_000;

export async function use(world: UnitWorld): Promise<void> {
  const { tell, unit, phoneMemory, config } = world;
  tell.chapter("3  Use: no cloud, no account");
  const file = (name: string) => join(unit.folder, name);
  const onUnit = (of: Pick<MadeUnit, "labelPng">) => ["--json", "--memory", phoneMemory, "--label", of.labelPng];
  const asOwner = [...onUnit(unit), "--card", unit.cardPng];

  // An emulator's own network carries no multicast.
  if (world.board.name === "sim") await find(world);
  await tell.step("owner switches the lamp on", () => latchkeyOk("phone", "call", "setLamp", "on=true", ...asOwner));
  const lamp = await tell.step(
    "owner asks how it is",
    () => latchkeyOk("phone", "call", "lamp", ...asOwner),
    ({ value }) => `lamp: ${value}`,
  );
  if (lamp.value !== true) throw new StoryError(`the lamp should be on, and says ${lamp.value}`);

  const guest = createKeyFile(file("guest.key"), "holder");
  const share = async (name: string, ...more: string[]) => {
    const chain = file(name);
    const told = await latchkeyOk(
      "phone",
      "share",
      "--to",
      toHex(guest.publicKey),
      "--function",
      "setLamp",
      "--out",
      chain,
      ...more,
      ...asOwner,
    );
    return { chain, cti: String(told.cti), bytes: Number(told.chainBytes) };
  };
  const asGuest = (chain: string) => [...onUnit(unit), "--key", file("guest.key"), "--chain", chain];
  const refused = (name: string, fault: string, words: readonly string[]) =>
    tell.step(
      name,
      async () => {
        const told = await latchkey(...words);
        if (told.code === 1 && told.errors.includes(fault)) return fault;
        throw new StoryError(`expected ${fault}, got ${told.code === 0 ? "yes" : told.errors}`);
      },
      (said) => `refused: ${said}`,
    );

  const weekend = await tell.step(
    "a guest's narrower key",
    () => share("guest.chain"),
    ({ bytes }) => `${bytes} bytes, setLamp alone`,
  );
  await tell.step("guest switches it off", () =>
    latchkeyOk("phone", "call", "setLamp", "on=false", ...asGuest(weekend.chain)),
  );
  await refused("guest reads another variable", "GRANT_RIGHT", [
    "phone",
    "call",
    "brightness",
    ...asGuest(weekend.chain),
  ]);
  await refused("guest asks for an install", "GRANT_FLASH", [
    "phone",
    "update",
    String(world.sequence + 1),
    ...asGuest(weekend.chain),
  ]);
  const expired = await expiredChain(world, file("expired.chain"), guest.publicKey);
  await refused("an expired key", "GRANT_EXPIRED", ["phone", "call", "setLamp", "on=true", ...asGuest(expired)]);
  const other = await share("other.chain", "--for", "ff".repeat(12));
  await refused("a key for another device", "GRANT_AUDIENCE", [
    "phone",
    "call",
    "setLamp",
    "on=true",
    ...asGuest(other.chain),
  ]);
  await tell.step("owner revokes the guest's key", () => latchkeyOk("phone", "revoke", weekend.cti, ...asOwner));
  await refused("the revoked key", "GRANT_REVOKED", ["phone", "call", "setLamp", "on=true", ...asGuest(weekend.chain)]);
  tell.note("guest's chain", `${readText(weekend.chain).trim().length / 2} bytes, ${config.cards} card above it`);
}

/** A key whose end has passed. `phone share` makes none, so it is minted here as an owner's phone did it long ago. */
async function expiredChain({ unit, phoneMemory }: UnitWorld, path: string, holder: Uint8Array): Promise<string> {
  const { deviceId, secret } = await scan({ label: unit.labelPng, card: unit.cardPng, memory: phoneMemory });
  const grant = fromHex(recall(phoneMemory, toHex(deviceId))?.grant ?? "");
  if (grant === undefined) throw new StoryError("the phone does not remember the owner's grant");
  const owner = seedSigner(nodePrimitives, holderSeed(nodePrimitives, secret, deviceId));
  const chain = issueChild(nodePrimitives, chainOf(grant), owner, {
    ...{ cti: nodePrimitives.random(CTI_BYTES), holder, scope: scopeOf({ setLamp: ["call"] }), epoch: 0, caveats: [] },
    expiresAtS: LONG_AGO_S,
  });
  writeWhole(path, `${toHex(chain)}\n`);
  return path;
}

async function find({ tell, unit }: UnitWorld): Promise<void> {
  await tell.step(
    "a phone finds it by mDNS",
    async () => {
      const { units } = (await latchkeyOk("phone", "find", "--json")) as {
        units?: { deviceId: string; host: string }[];
      };
      const found = units?.find(({ deviceId }) => deviceId === toHex(unit.id));
      if (found === undefined) throw new StoryError("the unit doesn't answer mDNS");
      return found;
    },
    ({ host }) => `it says that it is at ${host}`,
  );
}
