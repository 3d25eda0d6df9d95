/** One onboarding in the guest: a phone broadcasts, the unit hears, joins and answers. */
import type { SentProtocol } from "#phone/message.ts";
import type { Network } from "./networks.ts";
import type { World } from "./world.ts";

/** What a phone may take at most; the senders stop by themselves before that. */
const SENDING_MS = 110_000;
/** From the decoded message to an address. */
const JOINING_MS = 60_000;
const LOOK_MS = 300;

export interface TrialResult {
  readonly network: string;
  readonly protocol: SentProtocol;
  readonly lossPercent: number;
  readonly seed: number;
  /** Seconds from the first datagram until the unit knew the credentials; absent when it never did. */
  readonly decodedS?: number;
  /** Seconds from the first datagram to the proved hello; absent where it never came, as behind isolation. */
  readonly provedS?: number;
  /** The unit had an address on the network in the end. */
  readonly isJoined: boolean;
  /** The unit took for credentials what does not lead to an address. */
  readonly isWrong: boolean;
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** When the unit took a message for complete, in Unix seconds; 0 before. */
function completedAt(log: string): number {
  return Number(/^(\d+\.\d+) onboarding: \S+ complete, joining/m.exec(log)?.[1] ?? 0);
}

/** Runs one on the network that is open, behind a medium that loses as many frames. */
export async function runTrial(
  world: World,
  network: Network,
  { protocol, lossPercent, seed }: Pick<TrialResult, "protocol" | "lossPercent" | "seed">,
  captureAs?: string,
): Promise<TrialResult> {
  await world.lose(lossPercent, seed);
  await world.unitOn();
  if (captureAs !== undefined) await world.capture(captureAs);
  await world.send({ protocol, network, timeoutMs: SENDING_MS });
  let sent = world.sent();
  while (sent === undefined && completedAt(world.unitLog()) === 0) {
    await sleep(LOOK_MS);
    sent = world.sent();
  }
  if (captureAs !== undefined) await world.captured();
  let isJoined = false;
  for (
    const endMs = Date.now() + JOINING_MS;
    completedAt(world.unitLog()) > 0 && Date.now() < endMs;
    await sleep(LOOK_MS)
  ) {
    isJoined ||= world.isJoined();
    sent = world.sent();
    if (isJoined && (network.isIsolated || sent !== undefined)) break;
  }
  await world.stopSending();
  const startMs = world.sending()?.startMs ?? Number.NaN;
  const completedS = completedAt(world.unitLog());
  await world.unitOff();
  return {
    ...{ network: network.name, protocol, lossPercent, seed, isJoined },
    ...(completedS === 0 ? {} : { decodedS: completedS - startMs / 1000 }),
    ...(sent?.provedMs === undefined ? {} : { provedS: sent.provedMs / 1000 }),
    isWrong: completedS > 0 && !isJoined,
  };
}
