/** The present code opens what commit 621686e wrote (test/vectors/stores), also when an upgrade is interrupted at any step. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "#base/bytes.ts";
import { utf8 } from "#base/utf8.ts";
import { makerKeys } from "#cli/maker-keys.ts";
import { latchkey } from "#cli/story/world.ts";
import type { RevocationStatus } from "#cloud/issuer/revocation-register.ts";
import { readPublicKeys, rotateKey } from "#cloud/releases/key-set-files.ts";
import type { Status } from "#cloud/status/status.ts";
import { readFlashConfig } from "#factory/config.ts";
import { openRegistry, type UnitRow } from "#factory/registry.ts";
import { recall, remember } from "#phone/memory.ts";
import { verifyEd25519 } from "#trust/ed25519-strict.ts";
import { readKeyFile } from "#trust/host/key-file.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { verifyKeyset } from "#trust/releases/verify-keyset.ts";
import { startCloudProcess, testClient } from "../cloud/broker/linked-unit.ts";
import { copyAfterKill, interrupted } from "./interrupted.ts";
import { copyOldStores, OLD_UNITS, type OldStores } from "./old-stores.ts";
import { whatTheStoreTells } from "./store-facts.ts";

const copies: OldStores[] = [];
function copy(): OldStores {
  const stores = copyOldStores();
  copies.push(stores);
  return stores;
}
afterAll(() => {
  for (const each of copies) each.remove();
});

const { onboarded, shelved } = OLD_UNITS;
/** More steps than any upgrade has: a loop that gets here goes on for ever. */
const STEPS_MAX = 500;

/** Does the work on a fresh copy, interrupted at one step after the other, and checks what each interruption left. */
async function atEachStep(
  work: (stores: OldStores) => Promise<unknown> | unknown,
  check: (stores: OldStores, step: number) => Promise<unknown> | unknown,
): Promise<number> {
  for (let step = 0; step < STEPS_MAX; step++) {
    const stores = copy();
    const wasInterrupted = await interrupted(step, () => work(stores));
    await check(stores, step);
    if (!wasInterrupted) return step;
  }
  throw new Error(`not done after ${STEPS_MAX} steps`);
}

describe("the cloud's SQLite store", () => {
  it("shows its units, releases, rollout and revocation to the operator", async () => {
    const stores = copy();
    const data = stores.path("cloud");
    const cloud = await startCloudProcess(["--data", data, "--keys", stores.path("keys"), "--name", "lamp-cloud"]);
    try {
      const operator = testClient(cloud, data);
      const status = await operator.get<Status>("/v1/status");
      expect(status.versions).toEqual(
        expect.arrayContaining([
          { product: "lamp", sequence: 2, devices: 1 },
          { product: "lamp", sequence: 0, devices: 1 },
        ]),
      );
      expect(status.releases).toEqual([{ product: "lamp", sequence: 2, withdrawn: false }]);
      expect(status.rollouts).toMatchObject([
        { rollout: { id: "lamp-2-1", state: "running", wave: 0 }, tally: { members: 1, confirmed: 1 } },
      ]);
      expect(await operator.get<readonly RevocationStatus[]>("/v1/revocations")).toMatchObject([
        { scope: { kind: "fleet", name: "workshop" }, statements: 1, devices: 2, taken: 1, missing: [shelved.id] },
      ]);
    } finally {
      cloud.child.kill("SIGTERM");
      await cloud.ended;
    }
  });

  it("tells the same after an upgrade was interrupted at any step", async () => {
    const facts = await whatTheStoreTells(copy().path("cloud/cloud.db"));
    expect(facts.devices.map(({ id }) => id)).toEqual([onboarded.id, shelved.id].sort());
    expect(facts.devices).toEqual(expect.arrayContaining([expect.objectContaining({ lab: true, sequence: 2 })]));
    expect(facts.events.length).toBeGreaterThan(3);
    let opened: OldStores | undefined;
    const steps = await atEachStep(
      (stores) => {
        opened = stores;
        return whatTheStoreTells(stores.path("cloud/cloud.db"));
      },
      async () => {
        // Another folder: the interrupted driver still holds its lock on the first.
        const after = mkdtempSync(join(tmpdir(), "latchkey-after-kill-"));
        copyAfterKill((opened as OldStores).path("cloud/cloud.db"), after);
        expect(await whatTheStoreTells(join(after, "cloud.db"))).toEqual(facts);
      },
    );
    expect(steps).toBeGreaterThan(3);
  });
});

describe("the line's registry", () => {
  const facts = ({ id, product, board, fleet, cards, release, publicKey, grantCti }: UnitRow) => ({
    ...{ id, product, board, fleet, cards, release },
    ...{ publicKey: toHex(publicKey), grantCti: toHex(grantCti) },
  });
  const read = (path: string) => {
    const registry = openRegistry(path);
    try {
      const found = registry.find(shelved.id);
      return { units: registry.list().map(facts), found: found && facts(found), count: registry.count() };
    } finally {
      registry.close();
    }
  };

  it("lists both units and finds each by its ID", () => {
    const { units, found, count } = read(copy().path("registry.db"));
    expect(count).toBe(2);
    expect(units.map(({ id }) => id)).toEqual([onboarded.id, shelved.id]);
    expect(found).toMatchObject({ product: "lamp", board: "sim", fleet: "workshop", cards: "all", release: "1" });
    expect(found?.publicKey.length).toBe(64);
  });

  it("lists them after an upgrade was interrupted at any step", async () => {
    const before = read(copy().path("registry.db"));
    await atEachStep(
      (stores) => read(stores.path("registry.db")),
      (stores) => expect(read(stores.path("registry.db"))).toEqual(before),
    );
  });
});

describe("the phone's memory", () => {
  const known = (stores: OldStores) => recall(stores.path("phone.json"), onboarded.id);

  it("knows the unit, its cloud and the owner's grant", () => {
    expect(known(copy())).toMatchObject({
      port: 8080,
      cloud: { host: "127.0.0.1", mqttPort: 18930, httpPort: 18931, broker: "lamp-cloud" },
      grant: expect.stringMatching(/^[0-9a-f]{200,}$/),
    });
  });

  it("keeps the unit when another is added, also when that is interrupted at any step", async () => {
    const before = known(copy());
    await atEachStep(
      (stores) => remember(stores.path("phone.json"), shelved.id, { host: "127.0.0.9", port: 8080, lastCounter: 1 }),
      (stores) => {
        expect(known(stores)).toEqual(before);
        remember(stores.path("phone.json"), shelved.id, { host: "127.0.0.9", port: 8080, lastCounter: 1 });
        expect(recall(stores.path("phone.json"), shelved.id)).toMatchObject({ host: "127.0.0.9" });
        expect(known(stores)).toEqual(before);
      },
    );
  });
});

describe("the maker's key folder", () => {
  const config = (stores: OldStores) => ({ ...readFlashConfig("flash.config.json"), keys: stores.path("keys") });

  it("gives a line its keys, and every key signs what its public half verifies", () => {
    const stores = copy();
    const keys = makerKeys(config(stores));
    const published = readPublicKeys(stores.path("keys"));
    expect([published.product, published.keyset.version]).toEqual(["lamp", 4]);
    expect(keys.roots.map(toHex)).toEqual(published.roots.map(toHex));
    const message = utf8("signed by an old key");
    const files = [
      ...(["root-1", "root-2", "root-3"] as const).map((name) => [name, "root", published.roots] as const),
      ["release", "release", published.keyset.releaseKeys] as const,
      ["release.key.old-3", "release", published.keyset.releaseKeys] as const,
      ["timestamp", "timestamp", published.keyset.timestampKeys] as const,
      ["issuer", "issuer", [keys.issuer.publicKey]] as const,
      ["time", "time", [keys.time.publicKey]] as const,
    ];
    for (const [name, role, publicKeys] of files) {
      const { seed, publicKey } = readKeyFile(stores.path(`keys/${name.includes(".") ? name : `${name}.key`}`), role);
      expect(publicKeys.map(toHex)).toContain(toHex(publicKey));
      expect(verifyEd25519(nodePrimitives, message, nodePrimitives.ed25519Sign(message, seed), publicKey)).toBe(true);
    }
  });

  it("leads from the roots that the shelved unit has to the newest key set", () => {
    const stores = copy();
    const oldRoots = [1, 2, 3].map((number) => {
      const name = number === 2 ? "keys/root-2.key.old-1" : `keys/root-${number}.key`;
      return readKeyFile(stores.path(name), "root").publicKey;
    });
    const trust = { roots: oldRoots, product: "lamp", versionFloor: 1 };
    const step = verifyKeyset(nodePrimitives, Uint8Array.from(readFileSync(stores.path("keys/keyset-2.cose"))), trust);
    if (!step.ok) throw new Error(step.fault);
    expect(step.value.roots?.map(toHex)).toEqual(readPublicKeys(stores.path("keys")).roots.map(toHex));
  });

  it("reads after a further rotation that was interrupted at any step, and rotates then", async () => {
    await atEachStep(
      (stores) => rotateKey(stores.path("keys"), { role: "timestamp", revoke: false }),
      (stores) => {
        expect(readPublicKeys(stores.path("keys")).keyset.version).toBeGreaterThanOrEqual(4);
        const { keyset } = rotateKey(stores.path("keys"), { role: "timestamp", revoke: false });
        const { publicKey } = readKeyFile(stores.path("keys/timestamp.key"), "timestamp");
        expect(keyset.timestampKeys.map(toHex)).toContain(toHex(publicKey));
      },
    );
  });
});

describe("files that travel", () => {
  it("shows the guest's chain and the published revocation", async () => {
    const stores = copy();
    const chain = await latchkey("inspect", stores.path("guest.chain"), "--json");
    expect([chain.code, chain.errors]).toEqual([0, ""]);
    expect(JSON.stringify(chain.json)).toContain("setLamp");
    const revocation = await latchkey("inspect", stores.path("fleet.revocation"), "--json");
    expect([revocation.code, revocation.errors]).toEqual([0, ""]);
    expect(JSON.stringify(revocation.json)).toContain("0011223344556677");
    expect(fromHex(readFileSync(stores.path("guest.chain"), "utf8").trim())?.length).toBeGreaterThan(300);
  });
});
