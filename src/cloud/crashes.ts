/** The last failure of each unit's app, as its unit told it: one row a unit. */
import { withFaultNames } from "#base/faults.ts";
import type { CrashView } from "#cloud/http/interface.ts";
import type { Store } from "#cloud/store/store.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { decodeAppFailure } from "#wire/link/app-failure.ts";

/** A unit's text as one line, whatever the unit sent. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");

const eachLine = (text: string) => text.split("\n").map(oneLine).join("\n");

/** @param report What decodeAppFailure takes. It is on disk after the queue's next commit. */
export function keepCrash(queue: Pick<WriteQueue, "also">, device: string, atMs: number, report: Uint8Array): void {
  queue.also(async (tx) => {
    await tx
      .insertInto("crashes")
      .values({ device, at_ms: atMs, report })
      .onConflict((conflict) => conflict.column("device").doUpdateSet({ at_ms: atMs, report }))
      .execute();
  });
}

export async function crashOf(store: Store, device: string): Promise<CrashView | undefined> {
  const row = await store.db.selectFrom("crashes").selectAll().where("device", "=", device).executeTakeFirst();
  const failure = row && decodeAppFailure(new Uint8Array(row.report));
  if (failure?.ok !== true) return undefined;
  const { level, release, name, message, fault, stack, lines, missed } = failure.value;
  const [theirs, function_] = [oneLine(release), oneLine(name)];
  const texts = { message: oneLine(withFaultNames(message)), stack: eachLine(stack), lines: eachLine(lines) };
  return { atMs: Number(row?.at_ms), level, release: theirs, name: function_, fault, missed, ...texts };
}
