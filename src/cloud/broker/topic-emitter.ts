/**
 * Delivers packets to the subscribers of their topics: the emitter interface that aedes requires, specialized for our
 * topics. Nearly all filters belong to one device and have no wildcards, so they are looked up instead of searched. The
 * few filters with wildcards are the same for all devices of a fleet.
 */
type Done = () => void;
type Listener = (packet: { readonly topic: string }, done: Done) => void;

interface TopicEmitter {
  on(filter: string, listener: Listener, done?: Done): void;
  removeListener(filter: string, listener: Listener, done?: Done): void;
  /** Calls `done` once every listener has called its own. */
  emit(packet: { readonly topic: string }, done?: Done): void;
  close(done?: Done): void;
}

/** Whether a topic fits a filter (MQTT 3.1.1 section 4.7.1). Both in levels. */
function fits(filter: readonly string[], topic: readonly string[]): boolean {
  for (let level = 0; level < filter.length; level++) {
    if (filter[level] === "#") return true;
    if (level >= topic.length || (filter[level] !== "+" && filter[level] !== topic[level])) return false;
  }
  return filter.length === topic.length;
}

export function createTopicEmitter(): TopicEmitter {
  const exact = new Map<string, Set<Listener>>();
  const wild = new Map<string, { readonly levels: readonly string[]; readonly listeners: Set<Listener> }>();
  const listenersOf = (filter: string): Set<Listener> | undefined =>
    /[+#]/.test(filter) ? wild.get(filter)?.listeners : exact.get(filter);
  return {
    on(filter, listener, done) {
      const known = listenersOf(filter);
      if (known !== undefined) known.add(listener);
      else if (/[+#]/.test(filter)) wild.set(filter, { levels: filter.split("/"), listeners: new Set([listener]) });
      else exact.set(filter, new Set([listener]));
      if (done !== undefined) setImmediate(done);
    },
    removeListener(filter, listener, done) {
      const known = listenersOf(filter);
      known?.delete(listener);
      if (known?.size === 0) {
        exact.delete(filter);
        wild.delete(filter);
      }
      if (done !== undefined) setImmediate(done);
    },
    emit(packet, done) {
      const found = [...(exact.get(packet.topic) ?? [])];
      const levels = packet.topic.split("/");
      for (const each of wild.values()) if (fits(each.levels, levels)) found.push(...each.listeners);
      let left = found.length;
      if (left === 0) {
        if (done !== undefined) setImmediate(done);
        return;
      }
      const one = () => {
        if (--left === 0) done?.();
      };
      for (const listener of found) listener(packet, one);
    },
    close(done) {
      exact.clear();
      wild.clear();
      if (done !== undefined) setImmediate(done);
    },
  };
}
