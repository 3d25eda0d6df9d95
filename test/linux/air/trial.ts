/** One onboarding in the guest: a phone broadcasts, the unit hears, joins and answers. */
import type { SentProtocol } from "#phone/message.ts";
import { NETWORKS, type Network } from "./networks.ts";
import type { World } from "./world.ts";

const SEEDS_A_NETWORK = 1000;

/** A unit that hears nobody scans again every 10 s: phones begin at any time of that, evenly. */
const PHASES_S = 12;
/** @returns Seconds from when a unit first listens to when the phone begins. */
export const phaseS = (seed: number): number => Math.round(1000 * PHASES_S * ((seed * 0.6180339887) % 1)) / 1000;

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

/** Runs one on the network that is open, behind a medium that loses as many frames. */
export async function runTrial(
  world: World,
  network: Network,
  { protocol, lossPercent, seed }: Pick<TrialResult, "protocol" | "lossPercent" | "seed">,
  captureAs?: string,
): Promise<TrialResult> {
  // Other losses on each network.
  await world.lose(lossPercent, seed + SEEDS_A_NETWORK * NETWORKS.indexOf(network));
  const sent = await world.onboard({ protocol, network, afterS: phaseS(seed), captureAs });
  const { start, result, completedS, isJoined } = sent;
  await world.unitOff();
  return {
    ...{ network: network.name, protocol, lossPercent, seed, isJoined },
    ...(completedS === undefined || start === undefined ? {} : { decodedS: completedS - start.startMs / 1000 }),
    ...(result?.provedMs === undefined ? {} : { provedS: result.provedMs / 1000 }),
    isWrong: completedS !== undefined && !isJoined,
  };
}
