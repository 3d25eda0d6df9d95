/**
 * A home under one seed: a unit with its own machines, an air that loses, an owner's phone, a guest, and power that
 * fails inside flash operations. The same seed gives the same trace; what must hold is checked all along.
 */
import { createHash } from "node:crypto";
import { defineDevice } from "#app/define-device.ts";
import { int } from "#app/schema.ts";
import { toHex } from "#base/bytes.ts";
import { readBoard } from "#boards/sim/host/board.ts";
import { createHomeUnit } from "#boards/sim/host/home-unit.ts";
import { readFlashConfig } from "#factory/config.ts";
import { makeIdentity } from "#factory/identity.ts";
import { call } from "#phone/call.ts";
import { messageFor } from "#phone/message.ts";
import { onboard } from "#phone/onboard.ts";
import { openSession } from "#phone/session.ts";
import { shareWith, takeBack } from "#phone/share.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { OWN } from "#wire/flash/stored-names.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { createHomeWorld, NETWORK } from "./home-world.ts";

export interface HomeReport {
  readonly seed: number;
  /** SHA-256 over the trace, first 16 hexadecimal digits. */
  readonly digest: string;
  readonly lines: readonly string[];
  readonly virtualMs: number;
  readonly powerCuts: number;
  /** What doesn't hold; empty when all is well. */
  readonly broken: readonly string[];
}

const START_S = 1_795_000_000;
const ROUNDS = 24;

export async function simulateHome(seed: number): Promise<HomeReport> {
  const world = createHomeWorld(seed);
  const { chance, around } = world;
  const { crypto, trace } = around;
  const broken: string[] = [];
  const must = (holds: boolean, what: string) => {
    if (!holds) broken.push(`${world.nowMs().toFixed(0)} ms: ${what}`);
  };
  const ran = new Map<number, number>();
  const app = defineDevice({
    functions: {
      setLevel: {
        right: "call",
        args: { level: int(0, 1_000_000) },
        run: ({ level }) => void ran.set(level, (ran.get(level) ?? 0) + 1),
      },
    },
  });
  const unit = createHomeUnit(readBoard("sim"), app, around);
  world.settle(unit);

  const pair = () => {
    const seedBytes = crypto.random(32);
    return { seed: seedBytes, publicKey: crypto.ed25519PublicKey(seedBytes) };
  };
  const { cloud: _, ...config } = readFlashConfig("flash.config.json");
  const device = pair();
  const keys = {
    issuer: pair(),
    issuerKid: Uint8Array.of(1),
    time: pair(),
    roots: [pair().publicKey],
    keySet: new Uint8Array(0),
  };
  const identity = makeIdentity(crypto, config, keys, device.publicKey, START_S);
  unit.provision(new Map([...identity.values, [OWN.key, device.seed], [OWN.provisioned, Uint8Array.of(0x80)]]));
  const owner = { deviceId: identity.id, holderSeed: holderSeed(crypto, identity.secret, identity.id) };
  const guest = pair();
  let level = 0;
  let powerCuts = 0;
  let guestChain: Uint8Array | undefined;
  let isRevoked = false;

  const open = (who: { deviceId: Uint8Array; holderSeed: Uint8Array; chain?: Uint8Array }) =>
    openSession({ primitives: crypto, transport: world.transport(0.15), ...who });

  async function unbox(): Promise<void> {
    const protocol = chance.below(2) === 0 ? "air" : "esptouch-v2";
    const message = messageFor(
      protocol,
      {
        ...{ ssid: NETWORK.ssid, passphrase: NETWORK.passphrase, bssid: new Uint8Array(6) },
        air: {
          key: airKey(crypto, identity.secret, identity.id),
          lastCounter: 0,
          nowS: START_S,
        },
      },
      crypto,
    );
    if (!message.ok) throw new Error(message.fault);
    const datagrams = world.datagrams();
    const answer = await onboard(
      { ...message.value, host: "home", deviceId: identity.id, timeoutMs: 60_000 },
      datagrams,
      crypto,
    );
    datagrams.close();
    trace(`onboarding by ${protocol}: ${answer.ok ? "hello proved" : answer.fault}`);
    must(answer.ok, "a unit that hears half of all frames gets on Wi-Fi within a minute");
  }

  /** One call by its own number: acknowledged or not, it must never run twice. */
  async function ownerCalls(): Promise<void> {
    const session = await open(owner);
    if (!session.ok) return trace(`owner: ${session.fault}`);
    const mine = ++level;
    const answer = await call(session.value, "setLevel", { level: mine });
    trace(`owner sets ${mine}: ${answer.ok ? "done" : answer.fault}, ran ${ran.get(mine) ?? 0} times`);
    must((ran.get(mine) ?? 0) <= 1, `call ${mine} ran at most once`);
    if (answer.ok) must(ran.get(mine) === 1, `call ${mine}, which was acknowledged, ran`);
  }

  async function share(): Promise<void> {
    const session = await open(owner);
    if (!session.ok) return trace(`owner: ${session.fault}`);
    const scope = scopeOf({ setLevel: ["call"] });
    const shared = await shareWith(crypto, session.value, owner.holderSeed, {
      guestKey: guest.publicKey,
      scope,
      caveats: [],
    });
    if (!shared.ok) return trace(`sharing: ${shared.fault}`);
    if (guestChain === undefined) guestChain = shared.value.chain;
    trace("owner shares a key");
    if (chance.below(2) === 0) return;
    const revoked = await takeBack(crypto, session.value, owner.holderSeed, identity.id, [shared.value.cti], 1 + level);
    if (revoked.ok && guestChain === shared.value.chain) isRevoked = true;
    trace(`owner takes it back: ${revoked.ok ? "done" : revoked.fault}`);
  }

  async function guestCalls(): Promise<void> {
    if (guestChain === undefined) return;
    const session = await open({ deviceId: identity.id, holderSeed: guest.seed, chain: guestChain });
    const answer = session.ok ? await call(session.value, "setLevel", { level: ++level }) : session;
    trace(`guest: ${answer.ok ? "done" : answer.fault}`);
    if (isRevoked) must(!answer.ok, "a revoked key is refused, whatever the power did since");
  }

  async function powerFails(): Promise<void> {
    powerCuts++;
    unit.off();
    await world.wait(100 + chance.below(5000));
    unit.on();
    await world.wait(2000);
  }

  /** Power comes back, and fails again in one of the next flash operations. */
  async function powerFailsInside(): Promise<void> {
    unit.off();
    unit.on(chance.below(6));
    await world.wait(3000);
    for (const act of [ownerCalls, share]) await act();
    if (unit.isOn) return;
    powerCuts++;
    unit.on();
    await world.wait(2000);
  }

  async function live(): Promise<void> {
    unit.on();
    await world.wait(500);
    await unbox();
    await ownerCalls();
    const acts = [ownerCalls, ownerCalls, share, guestCalls, powerFails, powerFailsInside];
    for (let round = 0; round < ROUNDS; round++) {
      // Time goes by in jumps, past every time-out of a session and of a provisional join.
      await world.wait(chance.below(4) === 0 ? chance.below(1_500_000) : 15_000 + chance.below(20_000));
      await (acts[chance.below(acts.length)] as () => Promise<void>)();
      must(toHex(unit.remembers(OWN.key) ?? new Uint8Array(0)) === toHex(device.seed), "the unit keeps its identity");
    }
    unit.off();
    unit.on();
    await world.wait(30_000);
    await ownerCalls();
    await guestCalls();
  }

  await world.play(live());
  const digest = createHash("sha256").update(world.lines.join("\n")).digest("hex").slice(0, 16);
  return { seed, digest, lines: world.lines, virtualMs: world.nowMs(), powerCuts, broken };
}
