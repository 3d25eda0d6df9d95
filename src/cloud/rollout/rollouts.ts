/**
 * Runs rollouts: applies what the pure core decides, and stores what was done and why. Durations are measured in
 * up time (up-clock.ts); `nowMs` is the time of day, for people and maintenance windows.
 */

import type { Device, Fleet } from "#cloud/fleet.ts";
import type { Releases } from "#cloud/releases/releases.ts";
import type { Store } from "#cloud/store/store.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { bucketOf } from "./bucket.ts";
import { type Decision, decide } from "./rollout-decision.ts";
import {
  type AttemptState,
  failuresOf,
  judge,
  LIMITS,
  type Limits,
  type Rollout,
  type RolloutState,
  silencesOf,
  stillForgiven,
  type Tally,
  WAVES,
  type Wave,
} from "./rollout-plan.ts";

export interface Rollouts {
  all(): readonly Rollout[];
  get(id: string): Rollout | undefined;
  /** Begins a rollout at its first wave. Refused, with a sentence, when the release is unknown or has one already. */
  create(plan: NewRollout, nowMs: number): Promise<Rollout | string>;
  /**
   * Halts, resumes or cancels. When this resolves the change is durable and no block of the release is sent any more.
   * @returns The rollout, or a sentence that says why not.
   */
  change(id: string, to: RolloutState, because: string, nowMs: number): Promise<Rollout | string>;
  /** Opens the next wave now, without waiting for the watch to end. */
  open(id: string, because: string, nowMs: number): Promise<Rollout | string>;
  /** Judges every running rollout once; returns the products whose devices may be due something else now. */
  tick(nowMs: number): Promise<ReadonlySet<string>>;
  tally(rollout: Rollout): Tally;
  /** Where a device is with a rollout; undefined for one that no open wave takes in. */
  standingOf(rollout: Rollout, device: Device): Standing | undefined;
  /** The running rollout of the newest release after this one's, which devices take instead. */
  overtakenBy(rollout: Rollout): Rollout | undefined;
  /** Why a running rollout does not move on by itself now; undefined when it does, or is not running. */
  waitsFor(rollout: Rollout): string | undefined;
  /** What a device should have now, and every check that was made. */
  decideFor(device: Device, nowMs: number): { taken: Decision | undefined; all: readonly Decision[] };
  /** Whether a release may be given out: not withdrawn, and if it was ever rolled out, a rollout of it runs. */
  isLive(product: string, sequence: number): boolean;
}

interface Standing {
  readonly state: AttemptState | "waiting" | "superseded";
  readonly fault: string;
  /** Began, and not heard for `silenceMs` since. */
  readonly isSilent: boolean;
}

interface NewRollout {
  readonly product: string;
  readonly sequence: number;
  readonly waves?: readonly Wave[];
  readonly limits?: Partial<Limits>;
}

export async function loadRollouts(
  store: Store,
  queue: WriteQueue,
  fleet: Fleet,
  releases: Releases,
  upMs: () => number,
): Promise<Rollouts> {
  const rollouts = new Map<string, Rollout>();
  for (const row of await store.db.selectFrom("rollouts").selectAll().orderBy("created_ms").execute()) {
    rollouts.set(row.id, {
      id: row.id,
      product: row.product,
      sequence: row.sequence,
      state: row.state as RolloutState,
      wave: row.wave,
      waveSinceMs: row.wave_since_ms,
      waveSinceUpMs: row.wave_since_up_ms,
      waves: JSON.parse(row.waves) as Wave[],
      limits: JSON.parse(row.limits) as Limits,
      forgiven: { failed: row.forgiven_failed, silent: row.forgiven_silent },
      because: row.because,
    });
  }
  /** Buckets are hashes; each is computed once a rollout and device. */
  const buckets = new Map<string, Map<string, number>>();
  const bucket = (rollout: Rollout, device: Device): number => {
    const own = buckets.get(rollout.id) ?? new Map<string, number>();
    buckets.set(rollout.id, own);
    const number = own.get(device.id) ?? bucketOf(rollout.id, device.id);
    own.set(device.id, number);
    return number;
  };

  /** Takes the new state at once, so that no later block or offer slips by, then makes it durable. */
  const put = async (rollout: Rollout, what: string, nowMs: number): Promise<Rollout> => {
    rollouts.set(rollout.id, rollout);
    queue.also(async (tx) => {
      await tx
        .updateTable("rollouts")
        .set({
          state: rollout.state,
          wave: rollout.wave,
          wave_since_ms: rollout.waveSinceMs,
          wave_since_up_ms: rollout.waveSinceUpMs,
          forgiven_failed: rollout.forgiven.failed,
          forgiven_silent: rollout.forgiven.silent,
          because: rollout.because,
        })
        .where("id", "=", rollout.id)
        .execute();
    });
    queue.event({ at_ms: nowMs, subject: rollout.id, what, because: rollout.because });
    await queue.commit();
    return rollout;
  };

  /** Written with whatever is written next: what a crash forgets of it is counted again. */
  const forgiveLess = (rollout: Rollout, tally: Tally): Rollout => {
    const forgiven = stillForgiven(rollout, tally);
    if (forgiven === rollout.forgiven) return rollout;
    const changed = { ...rollout, forgiven };
    rollouts.set(rollout.id, changed);
    queue.also(async (tx) => {
      const set = { forgiven_failed: forgiven.failed, forgiven_silent: forgiven.silent };
      await tx.updateTable("rollouts").set(set).where("id", "=", rollout.id).execute();
    });
    return changed;
  };

  const self: Rollouts = {
    all: () => [...rollouts.values()],
    get: (id) => rollouts.get(id),
    async create(plan, nowMs) {
      const { product, sequence } = plan;
      const release = releases.get(product, sequence);
      if (release === undefined) return `there is no release ${sequence} of ${product}; publish it first`;
      if (release.withdrawn) return `release ${sequence} of ${product} was withdrawn; publish a newer one`;
      const own = [...rollouts.values()].filter((r) => r.product === product && r.sequence === sequence);
      const standing = own.find((r) => r.state !== "cancelled");
      if (standing !== undefined) return `${standing.id} rolls out that release already (${standing.state})`;
      const rollout: Rollout = {
        id: `${product}-${sequence}-${own.length + 1}`,
        product,
        sequence,
        state: "running",
        wave: 0,
        waveSinceMs: nowMs,
        waveSinceUpMs: upMs(),
        waves: plan.waves ?? WAVES,
        limits: { ...LIMITS, ...plan.limits },
        forgiven: { failed: 0, silent: 0 },
        because: "created",
      };
      rollouts.set(rollout.id, rollout);
      queue.also(async (tx) => {
        await tx
          .insertInto("rollouts")
          .values({
            id: rollout.id,
            product,
            sequence,
            state: rollout.state,
            wave: 0,
            wave_since_ms: nowMs,
            wave_since_up_ms: rollout.waveSinceUpMs,
            waves: JSON.stringify(rollout.waves),
            limits: JSON.stringify(rollout.limits),
            forgiven_failed: 0,
            forgiven_silent: 0,
            because: rollout.because,
            created_ms: nowMs,
          })
          .execute();
      });
      queue.event({ at_ms: nowMs, subject: rollout.id, what: "created", because: "the operator asked for it" });
      await queue.commit();
      return rollout;
    },
    async change(id, to, because, nowMs) {
      const rollout = rollouts.get(id);
      if (rollout === undefined) return `there is no rollout ${id}; see: latchkey rollout status`;
      if (rollout.state === "cancelled" && to !== "cancelled") return `${id} is cancelled; create a new one`;
      if (to !== "running") return put({ ...rollout, state: to, because }, to, nowMs);
      const tally = self.tally(rollout);
      const forgiven = { failed: failuresOf(tally), silent: silencesOf(tally) };
      return put(
        { ...rollout, state: to, because, waveSinceMs: nowMs, waveSinceUpMs: upMs(), forgiven },
        "resumed",
        nowMs,
      );
    },
    async open(id, because, nowMs) {
      const rollout = rollouts.get(id);
      if (rollout === undefined) return `there is no rollout ${id}; see: latchkey rollout status`;
      if (rollout.state !== "running") return `${id} is ${rollout.state}; resume it first`;
      if (rollout.wave + 1 >= rollout.waves.length) return `${id} is at its last wave`;
      return put(
        { ...rollout, wave: rollout.wave + 1, waveSinceMs: nowMs, waveSinceUpMs: upMs(), because },
        "opened",
        nowMs,
      );
    },
    async tick(nowMs) {
      const changed = new Set<string>();
      for (const { id } of rollouts.values()) {
        // An empty wave opens the next at once: go on until the verdict is to wait.
        for (;;) {
          const known = rollouts.get(id);
          if (known === undefined || known.state !== "running") break;
          const tally = self.tally(known);
          const rollout = forgiveLess(known, tally);
          const verdict = judge(rollout, tally, upMs());
          if (verdict.do === "wait") break;
          changed.add(rollout.product);
          if (verdict.do === "halt") await self.change(id, "halted", verdict.because, nowMs);
          else await self.open(id, verdict.because, nowMs);
        }
      }
      return changed;
    },
    tally(rollout) {
      const release = releases.get(rollout.product, rollout.sequence);
      const counts = {
        eligible: 0,
        members: 0,
        offered: 0,
        fetching: 0,
        trial: 0,
        "rolled-back": 0,
        confirmed: 0,
        rejected: 0,
        refused: 0,
        silent: 0,
        away: 0,
        superseded: 0,
      };
      for (const device of fleet.all()) {
        if (device.product !== rollout.product || release?.hardware.includes(device.hardware) !== true) continue;
        counts.eligible++;
        const standing = self.standingOf(rollout, device);
        if (standing === undefined) continue;
        counts.members++;
        if (standing.state === "waiting") continue;
        counts[standing.state]++;
        if (standing.isSilent) counts[standing.state === "rolled-back" ? "away" : "silent"]++;
      }
      const { "rolled-back": rolledBack, ...others } = counts;
      return { ...others, rolledBack };
    },
    standingOf(rollout, device) {
      if (device.product !== rollout.product) return undefined;
      const attempt = device.history.get(rollout.sequence);
      const share = rollout.waves[rollout.wave]?.share ?? 0;
      const isMember = device.lab || bucket(rollout, device) < share || device.target === rollout.sequence;
      if (!isMember && attempt === undefined) return undefined;
      const { state, fault } = attempt ?? { state: "waiting" as const, fault: "" };
      const isSettled = state === "confirmed" || state === "rejected" || state === "refused";
      if (!isSettled && device.sequence > rollout.sequence) return { state: "superseded", fault: "", isSilent: false };
      const hasBegun = state === "fetching" || state === "trial" || state === "rolled-back";
      const isSilent = hasBegun && device.heardUpMs + rollout.limits.silenceMs <= upMs();
      return { state, fault, isSilent };
    },
    overtakenBy({ product, sequence, state }) {
      if (state !== "running") return undefined;
      const newer = self.all().filter((each) => each.product === product && each.sequence > sequence);
      return newer.filter((each) => each.state === "running").sort((a, b) => b.sequence - a.sequence)[0];
    },
    waitsFor(rollout) {
      if (rollout.state !== "running") return undefined;
      const verdict = judge(rollout, self.tally(rollout), upMs());
      return verdict.do === "wait" ? verdict.because : undefined;
    },
    decideFor(device, nowMs) {
      return decide(device, releases.of(device.product), self.all(), nowMs);
    },
    isLive(product, sequence) {
      const release = releases.get(product, sequence);
      if (release === undefined || release.withdrawn) return false;
      let wasRolledOut = false;
      for (const rollout of rollouts.values()) {
        if (rollout.product !== product || rollout.sequence !== sequence) continue;
        if (rollout.state === "running") return true;
        wasRolledOut = true;
      }
      return !wasRolledOut;
    },
  };
  return self;
}
