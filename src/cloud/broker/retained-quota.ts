/** Limits what the broker retains for one unit: its state, and a bounded number of its events. */

const TOPICS_MAX = 16;
const BYTES_MAX = 16_384;

interface RetainedQuota {
  /** Whether this message of a device may be retained as well; an empty payload frees its topic's place. */
  take(device: string, topic: string, payloadBytes: number): boolean;
}

export function createRetainedQuota(): RetainedQuota {
  const held = new Map<string, Map<string, number>>();
  return {
    take(device, topic, payloadBytes) {
      const own = held.get(device) ?? new Map<string, number>();
      if (payloadBytes === 0) {
        own.delete(topic);
        if (own.size === 0) held.delete(device);
        return true;
      }
      const bytes = topic.length + payloadBytes;
      let others = 0;
      for (const [each, size] of own) if (each !== topic) others += size;
      if (others + bytes > BYTES_MAX || (!own.has(topic) && own.size >= TOPICS_MAX)) return false;
      own.set(topic, bytes);
      held.set(device, own);
      return true;
    },
  };
}
