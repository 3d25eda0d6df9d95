/** A queue of tasks ordered by virtual millisecond; tasks of the same millisecond keep their order. */
export function createAgenda() {
  const slots = new Map<number, (() => void)[]>();
  const times: number[] = [];
  const push = (time: number) => {
    let at = times.push(time) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((times[parent] as number) <= time) break;
      times[at] = times[parent] as number;
      at = parent;
    }
    times[at] = time;
  };
  const pop = (): number => {
    const first = times[0] as number;
    const last = times.pop() as number;
    if (times.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= times.length) break;
      const right = left + 1;
      const child = right < times.length && (times[right] as number) < (times[left] as number) ? right : left;
      if ((times[child] as number) >= last) break;
      times[at] = times[child] as number;
      at = child;
    }
    times[at] = last;
    return first;
  };
  return {
    add(atMs: number, work: () => void) {
      const time = Math.ceil(atMs);
      const slot = slots.get(time);
      if (slot !== undefined) return void slot.push(work);
      slots.set(time, [work]);
      push(time);
    },
    next(): { readonly atMs: number; readonly works: readonly (() => void)[] } | undefined {
      if (times.length === 0) return undefined;
      const atMs = pop();
      const works = slots.get(atMs) ?? [];
      slots.delete(atMs);
      return { atMs, works };
    },
  };
}
