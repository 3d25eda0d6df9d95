/** A part of an idle fleet, in a process of its own so that the server is what is measured. Forked by fleet-idle.ts. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Keyset } from "#wire/releases/keyset.ts";
import { type DrivenLink, drive, drivenUnits, inTurns } from "./fleet-driver.ts";
import { cloudPassword } from "./fleet-servers.ts";

export type ToIdle =
  | {
      readonly kind: "connect";
      readonly product: string;
      readonly keyset: Keyset;
      readonly url: string;
      readonly port: number;
      readonly first: number;
      readonly count: number;
    }
  /** For that many seconds, so many pings in each, spread over all devices. */
  | { readonly kind: "ping"; readonly seconds: number; readonly perS: number };

export type FromIdle =
  | { readonly kind: "connected" }
  /** Milliseconds of every round trip, by the second in which it began; and how many links are still open. */
  | { readonly kind: "pinged"; readonly windows: readonly (readonly number[])[]; readonly open: number }
  | { readonly kind: "failed"; readonly why: string };

/** Links that are being set up at the same time. */
const AT_ONCE = 32;
/** An address has some 28,000 ports for one server: each takes this many devices. */
const DEVICES_AN_ADDRESS = 16_000;

const links: DrivenLink[] = [];

async function connectAll({ product, keyset, url, port, first, count }: ToIdle & { kind: "connect" }) {
  const units = drivenUnits(count, product, keyset, first).map((unit, at) => ({ unit, number: first + at }));
  await inTurns(units, AT_ONCE, async ({ unit, number }) => {
    const address = `127.0.0.${2 + Math.floor(number / DEVICES_AN_ADDRESS)}`;
    links.push(await drive(unit, port, await cloudPassword(url, unit), () => undefined, address));
  });
}

async function pingAll(seconds: number, perS: number): Promise<FromIdle> {
  const windows: number[][] = Array.from({ length: seconds }, () => []);
  const total = Math.ceil(seconds * perS);
  const startedMs = performance.now();
  const pings: Promise<void>[] = [];
  for (let sent = 0; sent < total; sent++) {
    const dueMs = startedMs + (sent * 1_000) / perS;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    const link = links[Math.floor((sent * links.length) / total)] as DrivenLink;
    const window = windows[Math.min(seconds - 1, Math.floor(sent / perS))] as number[];
    const heard = (ms: number) => void window.push(ms);
    // One that was lost shows in how many links are open.
    pings.push(link.ping().then(heard, () => undefined));
  }
  await Promise.all(pings);
  return { kind: "pinged", windows, open: links.filter(({ isOpen }) => isOpen).length };
}

process.on("message", (ask: ToIdle) => {
  const answer: Promise<FromIdle> =
    ask.kind === "connect" ? connectAll(ask).then(() => ({ kind: "connected" })) : pingAll(ask.seconds, ask.perS);
  answer
    .catch((error: Error): FromIdle => ({ kind: "failed", why: error.message }))
    .then((message) => process.send?.(message));
});
process.on("disconnect", () => process.exit(0));
