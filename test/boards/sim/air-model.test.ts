/** The simulated air behaves as the captures of a real one do, and lets nothing but headers through. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, test } from "vitest";
import { type DatagramHeader, openDatagrams } from "#boards/sim/host/air/datagrams.ts";
import { overhear, transmissionOf } from "#boards/sim/host/air/framing.ts";
import { createLoss } from "#boards/sim/host/air/loss.ts";
import { type AirOptions, BEACON_US, BROADCAST, createAir } from "#boards/sim/host/air/model.ts";
import { createRandomSource } from "#boards/sim/host/air/random-source.ts";
import type { Frame } from "#wire/air/frame.ts";

const BSSID = Uint8Array.of(0xa0, 0xb1, 0xc2, 0xd3, 0xe4, 0xf5);
const PHONE = Uint8Array.of(2, 0, 0, 0, 0, 1);

function hear(options: Partial<AirOptions>, packets: number, paceUs: number, da = BROADCAST, seed = 1): Frame[] {
  const world = { bssid: BSSID, channel: 6, cipher: "ccmp" as const, firstBeaconUs: 40_000, ...options };
  const air = createAir(world, createRandomSource(seed));
  const frames: Frame[] = [];
  for (let i = 0; i < packets; i++) {
    air.advance(i * paceUs, (frame) => void frames.push(frame));
    air.send(i * paceUs, { sa: PHONE, da, byteLength: 100 + i });
  }
  air.advance(packets * paceUs + 2 * BEACON_US, (frame) => void frames.push(frame));
  return frames;
}

const mine = (frames: readonly Frame[]) => frames.filter(({ sa, ds }) => sa[1] === 0 && ds === "from");

test("broadcast comes in bursts right after beacons, in order, none twice", () => {
  const frames = mine(hear({}, 200, 10_000));
  expect(frames.map(({ bodyBytes }) => bodyBytes)).toEqual(Array.from({ length: 200 }, (_, i) => 152 + i));
  const intoInterval = frames.map(({ us }) => (us - 40_000) % BEACON_US);
  expect(Math.max(...intoInterval)).toBeLessThan(15_000);
  // The captures show bursts of about ten frames at this pace.
  const bursts = new Map<number, number>();
  for (const { us } of frames) {
    const beacon = Math.floor((us - 40_000) / BEACON_US);
    bursts.set(beacon, (bursts.get(beacon) ?? 0) + 1);
  }
  expect([...bursts.values()].slice(1, -1).every((size) => size >= 9 && size <= 12)).toBe(true);
});

test("sequence numbers go up by one for each frame of a transmitter, in time order, whoever's frame it relays", () => {
  const frames = hear({ busy: 3 }, 400, 5_000).filter(({ bssid }) => bssid[0] === 0xa0);
  expect(frames.length).toBeGreaterThan(405);
  for (let i = 1; i < frames.length; i++) {
    const [before, after] = [frames[i - 1] as Frame, frames[i] as Frame];
    expect(after.seq).toBe((before.seq + 1) % 4096);
    expect(after.us).toBeGreaterThan(before.us);
  }
});

test("with QoS stations' frames are two bytes longer on the air, and each traffic identifier counts for itself", () => {
  for (const qos of [false, true]) {
    const frames = hear({ hearsToDs: true, chatter: 80, qos, busy: 0.01 }, 400, 5_000);
    const up = frames.filter(({ ds }) => ds === "to");
    const tids = new Map<number | undefined, Frame[]>();
    for (const frame of up) tids.set(frame.tid, [...(tids.get(frame.tid) ?? []), frame]);
    expect([...tids.keys()].sort()).toEqual(qos ? [0, 6] : [undefined]);
    for (const each of tids.values()) {
      expect(each.length).toBeGreaterThan(50);
      for (let i = 1; i < each.length; i++) {
        expect(each[i]?.seq).toBe(((each[i - 1]?.seq ?? 0) + 1) % 4096);
        expect(each[i]?.us).toBeGreaterThanOrEqual(each[i - 1]?.us ?? 0);
      }
    }
    // The phone's own datagrams, whose lengths we know, say the same body either way.
    const sizes = up.map(({ bodyBytes }) => bodyBytes);
    for (let i = 0; i < 400; i++) expect(sizes).toContain(152 + i);
  }
  const header = { us: 0, channel: 1, bssid: BSSID, sa: PHONE, da: BSSID, seq: 1, retry: false, ds: "to" as const };
  expect(transmissionOf(header, 100).frameBytes).toBe(124);
  expect(transmissionOf({ ...header, tid: 6 }, 100).frameBytes).toBe(126);
  expect(overhear(transmissionOf({ ...header, tid: 6 }, 100))).toEqual({ ...header, tid: 6, bodyBytes: 100 });
});

test("what is relayed to single stations counts apart with QoS, and uses up the general numbers without", () => {
  for (const qos of [false, true]) {
    const frames = hear({ relayed: 60, qos, busy: 0.01 }, 300, 5_000).filter(
      ({ ds, bssid }) => ds === "from" && bssid[0] === 0xa0,
    );
    const group = frames.filter(({ da }) => da[0] === 0xff);
    const single = frames.filter(({ da }) => da[0] !== 0xff);
    expect(single.length).toBeGreaterThan(50);
    const jumps = group.filter(({ seq }, i) => i > 0 && seq !== ((group[i - 1]?.seq ?? 0) + 1) % 4096).length;
    expect(jumps > 10).toBe(!qos);
    expect(single.every(({ tid }) => (tid === 0) === qos)).toBe(true);
    if (qos) continue;
    frames.slice(1).forEach(({ seq, us }, i) => {
      expect(seq).toBe(((frames[i]?.seq ?? 0) + 1) % 4096);
      expect(us).toBeGreaterThan(frames[i]?.us ?? 0);
    });
  }
});

test("a neighbour's network is heard on the same channel, by its own numbers, and other stations send on ours", () => {
  const frames = hear({}, 2_000, 5_000);
  const neighbour = frames.filter(({ bssid }) => bssid[0] === 0x30);
  const others = frames.filter(({ bssid, sa }) => bssid[0] === 0xa0 && sa[0] === 0x5c);
  expect(neighbour.length / 10).toBeGreaterThan(4);
  expect(neighbour.length / 10).toBeLessThan(8);
  expect(others.length / 10).toBeGreaterThan(6);
  expect(others.length / 10).toBeLessThan(10);
  expect(new Set(others.map(({ sa }) => sa[5])).size).toBe(2);
  neighbour.slice(1).forEach(({ seq }, i) => void expect(seq).toBe(((neighbour[i]?.seq ?? 0) + 1) % 4096));
});

test("the same seed gives the same air, another one another", () => {
  const world = { busy: 4, hearsToDs: true, retryRate: 0.3, qos: true, chatter: 20, relayed: 20 };
  expect(hear(world, 500, 5_000)).toEqual(hear(world, 500, 5_000));
  expect(hear(world, 500, 5_000, BROADCAST, 2)).not.toEqual(hear(world, 500, 5_000));
});

test("the queue holds 128; what comes on top is dropped", () => {
  const frames = mine(hear({ dtim: 10, busy: 0.001 }, 300, 1_000));
  expect(frames.length).toBeLessThanOrEqual(256);
  expect(frames.filter(({ us }) => us < 40_000 + BEACON_US * 5).length).toBeLessThanOrEqual(128);
});

test("the phone's own frames are heard on their way up, repeats marked, and unicast stays there", () => {
  const frames = hear({ hearsToDs: true, retryRate: 0.5 }, 100, 5_000, BSSID);
  expect(mine(frames)).toEqual([]);
  const up = frames.filter(({ ds }) => ds === "to");
  expect(up.filter(({ retry }) => !retry)).toHaveLength(100);
  expect(up.filter(({ retry }) => retry).length).toBeGreaterThan(50);
  for (const copy of up.filter(({ retry }) => retry)) {
    expect(up.some(({ retry, seq, bodyBytes }) => !retry && seq === copy.seq && bodyBytes === copy.bodyBytes)).toBe(
      true,
    );
  }
});

test("where no station sleeps, broadcast is relayed at once; where the access point isolates stations, never", () => {
  const sentUs = (frame: Frame) => (frame.bodyBytes - 152) * 5_000;
  const frames = mine(hear({ dtim: 0, busy: 0.01 }, 100, 5_000));
  expect(frames).toHaveLength(100);
  expect(Math.max(...frames.map((frame) => frame.us - sentUs(frame)))).toBeLessThan(2_000);
  expect(mine(hear({ isIsolating: true }, 100, 5_000))).toEqual([]);
});

test.each([
  ["open", 36],
  ["wep", 44],
  ["ccmp", 52],
  ["tkip", 56],
  ["mixed", 56],
  ["gcmp", 60],
] as const)("%s adds %i bytes", (cipher, overhead) => {
  expect(mine(hear({ cipher }, 1, 1000))[0]?.bodyBytes).toBe(100 + overhead);
});

test("a lost frame has used its number up: what is heard around it shows the gap", () => {
  const misses = createLoss({ rate: 0.4 }, createRandomSource(3));
  const heard = hear({ busy: 0.01 }, 300, 5_000).filter(() => !misses());
  const gaps = mine(heard).map(({ seq, bodyBytes }, i, all) => ({
    numbers: (seq - (all[i - 1]?.seq ?? seq) + 4096) % 4096,
    frames: bodyBytes - (all[i - 1]?.bodyBytes ?? bodyBytes),
  }));
  expect(gaps.some(({ frames }) => frames > 1)).toBe(true);
  for (const { numbers, frames } of gaps) expect(numbers).toBeGreaterThanOrEqual(frames);
});

test.each([undefined, 8])("loss is lost at its rate, in bursts of %s", (burstFrames) => {
  const misses = createLoss(
    { rate: 0.3, ...(burstFrames === undefined ? {} : { burstFrames }) },
    createRandomSource(2),
  );
  const lost = Array.from({ length: 40_000 }, () => misses());
  const rate = lost.filter(Boolean).length / lost.length;
  expect(Math.abs(rate - 0.3)).toBeLessThan(0.03);
  const starts = lost.filter((isLost, i) => isLost && lost[i - 1] !== true).length;
  const meanBurst = (rate * lost.length) / starts;
  expect(Math.abs(meanBurst - (burstFrames ?? 1 / 0.7))).toBeLessThan(0.6);
});

test("the socket's end passes on where from, to which port and how long: two datagrams of one length look the same", async () => {
  const probe = createSocket("udp4").bind(0, "127.92.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  const headers: DatagramHeader[] = [];
  const air = await openDatagrams("127.92.0.1", [port], (header) => headers.push(header));
  const phone = createSocket("udp4");
  for (const fill of [0, 255]) phone.send(new Uint8Array(77).fill(fill), port, "127.92.0.1");
  while (headers.length < 2) await new Promise((done) => setTimeout(done, 5));
  phone.close();
  air.close();
  expect(headers[0]).toEqual(headers[1]);
  expect(Object.keys(headers[0] ?? {}).sort()).toEqual(["byteLength", "fromAddress", "fromPort", "port"]);
});
