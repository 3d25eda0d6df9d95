/**
 * Retained messages: the persistence interface that aedes requires, with topics looked up level by level. The
 * implementation that comes with aedes compares every retained topic of the fleet with each filter that a device
 * subscribes to.
 */
import { Readable } from "node:stream";

interface Retained {
  readonly topic: string;
  readonly payload: string | Uint8Array;
}

interface Level {
  readonly below: Map<string, Level>;
  packet: Retained | undefined;
}

export interface RetainedTopics {
  /** Keeps a copy of the packet as its topic's; an empty payload forgets the topic (MQTT 3.1.1 section 3.3.1.3). */
  storeRetained(packet: Retained): Promise<void>;
  /** The packets that fit the filters (MQTT 3.1.1 section 4.7), one filter after the other. */
  createRetainedStreamCombi(filters: readonly string[]): Readable;
}

const newLevel = (): Level => ({ below: new Map(), packet: undefined });

function* all(level: Level): Generator<Retained> {
  if (level.packet !== undefined) yield level.packet;
  for (const below of level.below.values()) yield* all(below);
}

function* fitting(level: Level, filter: readonly string[], at = 0): Generator<Retained> {
  const name = filter[at];
  if (name === undefined) {
    if (level.packet !== undefined) yield level.packet;
  } else if (name === "#" && at > 0) {
    yield* all(level);
  } else if (name === "+" || name === "#") {
    for (const [own, below] of level.below) {
      // A wildcard in front means no topic of the server's own (section 4.7.2).
      if (at === 0 && own.startsWith("$")) continue;
      yield* name === "#" ? all(below) : fitting(below, filter, at + 1);
    }
  } else {
    const below = level.below.get(name);
    if (below !== undefined) yield* fitting(below, filter, at + 1);
  }
}

export function createRetainedTopics(): RetainedTopics {
  const root = newLevel();
  const forget = (level: Level, topic: readonly string[], at = 0): void => {
    const name = topic[at];
    if (name === undefined) {
      level.packet = undefined;
      return;
    }
    const below = level.below.get(name);
    if (below === undefined) return;
    forget(below, topic, at + 1);
    if (below.packet === undefined && below.below.size === 0) level.below.delete(name);
  };
  return {
    async storeRetained(packet) {
      const topic = packet.topic.split("/");
      if (packet.payload.length === 0) return forget(root, topic);
      let level = root;
      for (const name of topic) {
        const below = level.below.get(name) ?? newLevel();
        level.below.set(name, below);
        level = below;
      }
      level.packet = { ...packet };
    },
    createRetainedStreamCombi(filters) {
      function* found() {
        for (const filter of filters) yield* fitting(root, filter.split("/"));
      }
      return Readable.from(found());
    },
  };
}
