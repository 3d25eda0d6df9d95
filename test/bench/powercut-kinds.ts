/** What powercut.ts and the processes that it forks tell each other. */
import type { Tally } from "../powercut/campaign.ts";

export const KINDS = ["single", "double"] as const;

export interface CampaignAsk {
  readonly geometry: number;
  readonly kind: (typeof KINDS)[number];
  readonly quick: boolean;
}

export interface CampaignAnswer {
  readonly tally: Tally;
  readonly timeS: number;
}
