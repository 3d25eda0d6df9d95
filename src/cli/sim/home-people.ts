/**
 * The people of the simulated home: an owner with a card, and a guest with a key. Checks what the product promises to
 * each.
 */
import { defineDevice, int } from "#app/index.ts";
import type { App } from "#device/app-interface.ts";
import type { Identity } from "#factory/identity.ts";
import { call } from "#phone/call.ts";
import { messageFor } from "#phone/message.ts";
import { onboard } from "#phone/onboard.ts";
import { revokeLinks } from "#phone/revoke.ts";
import { openSession } from "#phone/session.ts";
import { shareWith } from "#phone/share.ts";
import { airKey, holderSeed } from "#trust/grants/card-keys.ts";
import { scopeOf } from "#wire/grants/scope.ts";
import { type HomeWorld, NETWORK } from "./home-world.ts";

/** How often each call ran on the unit, by the call's own number. */
export type Ran = Map<number, number>;

/** The app of the simulated unit: notes what ran. */
export function homeApp(ran: Ran): App {
  return defineDevice({
    functions: {
      setLevel: {
        right: "call",
        args: { level: int(0, 1_000_000) },
        run: ({ level }) => void ran.set(level, (ran.get(level) ?? 0) + 1),
      },
    },
  });
}

/**
 * @param nowS The world's first moment, Unix seconds.
 * @param must Takes what doesn't hold.
 */
export function createHomePeople(
  world: HomeWorld,
  identity: Identity,
  nowS: number,
  ran: Ran,
  must: (holds: boolean, what: string) => void,
) {
  const { random, around } = world;
  const { crypto, trace } = around;
  const owner = { deviceId: identity.id, holderSeed: holderSeed(crypto, identity.secret, identity.id) };
  const guestSeed = crypto.random(32);
  let level = 0;
  let guestChain: Uint8Array | undefined;
  let isRevoked = false;

  const open = (who: { deviceId: Uint8Array; holderSeed: Uint8Array; chain?: Uint8Array }) =>
    openSession({ primitives: crypto, transport: world.transport(0.15), ...who });

  async function unbox(): Promise<void> {
    const protocol = random.below(2) === 0 ? "air" : "esptouch-v2";
    const message = messageFor(
      protocol,
      {
        ...{ ssid: NETWORK.ssid, passphrase: NETWORK.passphrase, bssid: new Uint8Array(6) },
        air: {
          key: airKey(crypto, identity.secret, identity.id),
          lastCounter: 0,
          nowS,
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
      guestKey: crypto.ed25519PublicKey(guestSeed),
      scope,
      caveats: [],
    });
    if (!shared.ok) return trace(`sharing: ${shared.fault}`);
    if (guestChain === undefined) guestChain = shared.value.chain;
    trace("owner shares a key");
    if (random.below(2) === 0) return;
    const revoked = await revokeLinks(crypto, session.value, owner.holderSeed, identity.id, [shared.value.cti]);
    if (revoked.ok && guestChain === shared.value.chain) isRevoked = true;
    trace(`owner revokes the guest's key: ${revoked.ok ? "done" : revoked.fault}`);
  }

  async function guestCalls(): Promise<void> {
    if (guestChain === undefined) return;
    const session = await open({ deviceId: identity.id, holderSeed: guestSeed, chain: guestChain });
    const answer = session.ok ? await call(session.value, "setLevel", { level: ++level }) : session;
    trace(`guest: ${answer.ok ? "done" : answer.fault}`);
    if (isRevoked) must(!answer.ok, "a revoked key is refused, whatever the power did since");
  }

  return { unbox, ownerCalls, share, guestCalls };
}
