/**
 * Repeats a run of rollout.pml with the cloud's code: real store, real messages. Timers and clocks move only when the
 * model's do, so that each transaction is written exactly at the model's step `disk`.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { type Core, openCore } from "#cloud/core.ts";
import { createTimestampSigner } from "#cloud/issuer/timestamp-signer.ts";
import { newKeySet } from "#cloud/releases/key-set-files.ts";
import { bucketOf } from "#cloud/rollout/bucket.ts";
import { openStore } from "#cloud/store/store.ts";
import { decodeReleaseFile } from "#trust/host/release-file.ts";
import { DOWN } from "#wire/link/topics.ts";
import { decodeBlockResponse, encodeBlockRequest } from "#wire/releases/blocks.ts";
import { decodeRoleEnvelope } from "#wire/releases/role-envelope.ts";
import { decodeTimestamp, TIMESTAMP_BYTES_MAX } from "#wire/releases/timestamp.ts";
import { noise, testRelease } from "../../cloud/broker/linked-unit.ts";
import { makeUnits, ROLLOUT, stateOf, stateWords, type Unit } from "./rollout-words.ts";

const PRODUCT = "lamp";
/** How long a transaction gathers: until the model says `disk`. */
const GATHER_MS = 1_000_000_000;
const PASS_MS = 3_600_000;
export interface Layout {
  /** How many of the three units are lab devices. */
  readonly labUnits: number;
  readonly waves: number;
  /** Share of silent units at which the rollout halts. */
  readonly silenceRate: number;
}

const settle = async () => {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
};

async function startReplay({ labUnits, waves, silenceRate }: Layout) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-rollout-replay-"));
  const keys = newKeySet(join(folder, "keys"), PRODUCT);
  const units = makeUnits();
  let steadyMs = 1_000;
  let sent: string[] = [];
  let rooms = new Map<string, (isThere: boolean) => void>();
  let core = undefined as unknown as Core;
  let life = 0;

  /** What left the cloud, in the model's words. */
  const nameOf = (name: string, payload: Uint8Array): string | undefined => {
    if (name === DOWN.release) return payload.length > 0 ? "offer" : "nothing";
    if (name === DOWN.fresh) {
      const envelope = decodeRoleEnvelope("timestamp", payload, TIMESTAMP_BYTES_MAX + 256);
      const timestamp = envelope.ok ? decodeTimestamp(envelope.value.payload) : envelope;
      return timestamp.ok && timestamp.value.sequence === 1 ? "current" : "other";
    }
    if (name !== DOWN.block) return undefined;
    const response = decodeBlockResponse(payload);
    return response.ok && response.value.kind === "refused" ? "refusal" : "block";
  };
  const open = async () => {
    const own = life;
    core = await openCore({
      store: await openStore(join(folder, `cloud-${life}.db`), "kill"),
      timestampSigner: createTimestampSigner([join(folder, "keys")]),
      gatherMs: GATHER_MS,
      nowMs: () => 1_800_000_000_000 + steadyMs,
      steadyMs: () => steadyMs,
      randomFraction: () => 0.5,
      send(to, name, payload) {
        const word = nameOf(name, payload);
        // A process that died says nothing more.
        if (word === undefined || own !== life) return Promise.resolve(false);
        sent.push(`${word} ${units.findIndex(({ id }) => id === to.id)}`);
        const response = decodeBlockResponse(payload);
        if (word !== "block" || !response.ok || response.value.kind !== "block" || response.value.index > 0) {
          return Promise.resolve(true);
        }
        return new Promise<boolean>((resolve) => rooms.set(to.id, resolve));
      },
      onFatal(error) {
        throw error;
      },
    });
  };
  const disk = async () => {
    core.fleet.flushHeard();
    const written = core.queue.commit();
    await settle();
    vi.advanceTimersByTime(GATHER_MS);
    await written;
    await settle();
  };

  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await open();
  units.forEach((unit, number) => {
    core.fleet.enrol({ ...unit, product: PRODUCT, hardware: 1, lab: number < labUnits });
  });
  const file = decodeReleaseFile(testRelease(join(folder, "keys"), PRODUCT, 1, noise(9_000)), "test");
  const transfer = file.release.components[0]?.transfers[0]?.root as Uint8Array;
  const published = core.releases.publish(
    file.signed as Uint8Array,
    file.streams,
    keys.keyset,
    { cards: "noFlash" },
    1,
  );
  await disk();
  await published;
  const shares = units.map(({ id }) => bucketOf(ROLLOUT, id) + 1);
  const plan = Array.from({ length: waves }, (_, wave) => ({
    name: `wave ${wave}`,
    share: wave === 0 ? 0 : wave === waves - 1 ? 10_000 : (shares[wave] as number),
  }));
  const limits = {
    ...{ failures: 2, failureRate: 0.5, silenceRate, sample: 1 },
    ...{ silenceMs: PASS_MS, soakMs: PASS_MS },
  };
  const created = core.rollouts.create({ product: PRODUCT, sequence: 1, waves: plan, limits }, 1);
  await disk();
  await created;

  const ignore = () => undefined;
  const offerAgain = () => core.deviceMessages.offerAgain(new Set([PRODUCT]));
  const leave = (unit: Unit) => {
    rooms.get(unit.id)?.(false);
    rooms.delete(unit.id);
    core.deviceMessages.offline(unit);
  };
  const change = (to: "halted" | "running") =>
    core.rollouts.change(ROLLOUT, to, "the model", 1).then(offerAgain).catch(ignore);

  /** One step, by the words that the model printed for it. */
  const perform = async (verb: string, number = 0, a = 0, b = 0): Promise<void> => {
    const unit = units[number] as Unit;
    steadyMs += 1;
    if (verb === "disk") return disk();
    if (verb === "crash") {
      vi.clearAllTimers();
      rooms = new Map();
      // What is on the disk now, log included, is what the next process finds.
      for (const end of ["", "-wal"]) {
        copyFileSync(join(folder, `cloud-${life}.db${end}`), join(folder, `cloud-${life + 1}.db${end}`));
      }
      life++;
      await core.store.close();
      return open();
    }
    if (verb === "pass") steadyMs += PASS_MS;
    else if (verb === "tick")
      void core.rollouts.tick(1).then((changed) => (changed.size > 0 ? offerAgain() : undefined), ignore);
    else if (verb === "halt") void change("halted");
    else if (verb === "resume") void change("running");
    else if (verb === "withdraw") void core.releases.withdraw(PRODUCT, 1, "the model", 1).then(offerAgain, ignore);
    else if (verb === "drop") leave(unit);
    else if (verb === "room") rooms.get(unit.id)?.(true);
    else if (verb === "ask") void core.deviceMessages.message(unit, "ask", new Uint8Array(16));
    else if (verb === "want") {
      const payload = encodeBlockRequest({ transfer, first: a, bitmap: a === 0 ? 3 : 1 });
      void core.deviceMessages.message(unit, "want", payload).catch(ignore);
    } else if (verb === "hello" || verb === "say") {
      if (verb === "hello") core.deviceMessages.online(unit);
      void core.deviceMessages.message(unit, "state", stateOf(a, b)).catch(ignore);
    } else throw new Error(`the model says "${verb}", which is no step`);
    await settle();
  };

  /** The cloud's state, in the model's words. */
  const show = (): string => {
    const { state, wave, forgiven } = core.rollouts.get(ROLLOUT) as NonNullable<ReturnType<Core["rollouts"]["get"]>>;
    const devices = units.map(({ id }) => core.fleet.get(id));
    const withdrawn = core.releases.get(PRODUCT, 1)?.withdrawn ? 1 : 0;
    const attempts = devices.map((device) => device?.attempts.get(1) ?? "none");
    return [
      state,
      wave,
      withdrawn,
      forgiven.failed,
      forgiven.silent,
      ...attempts,
      ...devices.map((d) => d?.sequence),
    ].join(" ");
  };

  return {
    perform,
    show,
    /** What left the cloud since the last call. */
    takeSent(): readonly string[] {
      const taken = sent;
      sent = [];
      return taken;
    },
    async close() {
      life++;
      vi.clearAllTimers();
      await core.store.close();
      vi.useRealTimers();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Replayed {
  /** Where code and model parted; undefined when they never did. */
  readonly parted: string | undefined;
  readonly steps: number;
  /** Each thing that left the code, with the number of the step. */
  readonly sent: readonly { readonly step: number; readonly what: string }[];
  /** How the code stands at the end, in the words of `show`. */
  readonly end: string;
}

/**
 * @param isCompared Whether the code must send and hold after each step what the model does. Of a mutant's run the
 *                   steps are performed all the same: the code refuses what the mutant does not.
 */
export async function replay(lines: readonly string[], layout: Layout, isCompared: boolean): Promise<Replayed> {
  const bed = await startReplay(layout);
  const all: { step: number; what: string }[] = [];
  let steps = 0;
  let wanted: string[] = [];
  let got: string[] = [];
  const parted = (why: string) =>
    `step ${steps} (${lines.filter((line) => line.startsWith("STEP"))[steps - 1]}): ${why}`;
  try {
    for (const line of lines) {
      const [word, verb = "", ...numbers] = line.split(" ");
      if (word === "STEP") {
        steps++;
        await bed.perform(verb, ...numbers.map(Number));
        const now = bed.takeSent();
        got.push(...now);
        all.push(...now.map((what) => ({ step: steps, what })));
      } else if (word === "SENT") wanted.push(line.slice(5));
      else if (word === "STATE") {
        if (isCompared && wanted.sort().join(", ") !== got.sort().join(", ")) {
          return {
            parted: parted(`the model sends [${wanted}], the code [${got}]`),
            steps,
            sent: all,
            end: bed.show(),
          };
        }
        if (isCompared && stateWords(line) !== bed.show()) {
          return {
            parted: parted(`the model is at ${stateWords(line)}, the code at ${bed.show()}`),
            steps,
            sent: all,
            end: bed.show(),
          };
        }
        [wanted, got] = [[], []];
      }
    }
    return { parted: undefined, steps, sent: all, end: bed.show() };
  } finally {
    await bed.close();
  }
}
