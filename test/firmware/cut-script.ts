/**
 * What runs on a booted unit whose power is cut at random: it counts a floor up in its settings and installs its own
 * image into the other slot, over and over, and tells at every start what it finds. Bundled onto the board.
 */
import { equal } from "#base/bytes.ts";
import { fromUtf8, utf8 } from "#base/utf8.ts";
import { slotsOf } from "#device/ota/slots.ts";
import type { Port } from "#device/port.ts";
import { openSettings, performOp } from "#device/settings.ts";
import { type JournalRecord, readJournal, writeJournal } from "#wire/flash/journal.ts";
import { encodeSlotHead, imageAddress, readSlotHead, type SlotRegion } from "#wire/flash/slot.ts";
import { COMPONENT } from "#wire/releases/release.ts";

type Regions = Readonly<Record<string, { readonly start: number; readonly bytes: number }>>;

const IMAGES = new Uint8Array(16).fill(0x11);
const WIFI = utf8("network and passphrase");
const JS = 1 << COMPONENT.js;

export function runUnderCuts(port: Port, regions: Regions, imageBytes: number): void {
  const { flash } = port;
  const read = (address: number, byteLength: number) => flash.read(address, byteLength);
  const settings = openSettings(flash, regions.settings as { start: number; bytes: number });
  const region = { ...(regions.journal as { start: number; bytes: number }), ...flash };
  const slots = slotsOf(flash, regions).get(COMPONENT.js) as readonly [SlotRegion, SlotRegion];
  const say = (text: string) => port.console.write(utf8(`${text}\n`));
  let journal = readJournal(region, read);
  function note(record: JournalRecord): void {
    const change = writeJournal(region, read, journal, record);
    for (const op of change.ops) if (!performOp(flash, op)) say("trouble: the journal won't hold a record");
    journal = change.journal;
  }
  const known = settings.get("copy");
  if (known === undefined) {
    settings.put("copy", settings.get("key") as Uint8Array);
    settings.put("wifi", WIFI);
    settings.put("floor", utf8("0"));
  }
  const floor = () => Number(fromUtf8(settings.get("floor") ?? utf8("none")));
  const { confirmed, job } = journal.state;
  const identity =
    equal(settings.get("key") ?? WIFI, known ?? WIFI) && equal(settings.get("wifi") ?? WIFI.slice(1), WIFI);
  say(
    `found ${known === undefined ? "new" : identity ? "whole" : "LOST"} floor ${floor()} sequence ${confirmed.sequence}`,
  );

  /** One step of the work, so that events come between; the next step is asked for with the timer. */
  function step(): void {
    settings.put("floor", utf8(String(floor() + 1)));
    say(`floor ${floor()}`);
    const state = journal.state;
    const from = slots[(state.confirmed.slots >> COMPONENT.js) & 1] as SlotRegion;
    const target = 1 - ((state.confirmed.slots >> COMPONENT.js) & 1);
    const to = slots[target] as SlotRegion;
    if (state.job?.phase === "started") {
      const { sequence, epoch, slots: running } = state.job;
      note({ kind: "confirmed", sequence, epoch, slots: running });
    } else if (state.job === undefined) {
      const slotBits = (state.confirmed.slots & ~JS) | (target << COMPONENT.js);
      const sequence = state.confirmed.sequence + 1;
      note({ kind: "begin", images: IMAGES, components: JS, sequence, epoch: 0, slots: slotBits });
      flash.eraseSector(to.start);
    } else if (state.job.phase === "fetching") {
      const sectors = state.job.progress[COMPONENT.js]?.sectors ?? 0;
      const at = sectors * flash.sectorBytes;
      if (at >= imageBytes) {
        if (!flash.write(to.start, encodeSlotHead(to, readSlotHead(from, read) as Uint8Array)))
          flash.eraseSector(to.start);
        else note({ kind: "verified" });
      } else {
        const bytes = flash.read(imageAddress(from) + at, Math.min(flash.sectorBytes, imageBytes - at));
        flash.eraseSector(imageAddress(to) + at);
        flash.write(imageAddress(to) + at, bytes);
        note({ kind: "sectorDone", component: COMPONENT.js, sectors: sectors + 1, block: sectors + 1 });
      }
    } else {
      // Verified, or back from a trial that the power cut short: try it (again).
      note({ kind: "trial", crashes: state.job.crashes, misses: state.job.misses });
      port.system.restart("update");
    }
    port.clock.wakeAt(0);
  }
  port.onEvent((event) => {
    if (event.kind === "timer") step();
  });
  if (job?.phase === "fetching") say(`resumes at sector ${job.progress[COMPONENT.js]?.sectors}`);
  port.clock.wakeAt(0);
}
