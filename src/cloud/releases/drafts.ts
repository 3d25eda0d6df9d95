/** Signed releases that a build server uploaded and nobody has published yet: no unit is offered one, and no rollout names one. */
import type { Store } from "#cloud/store/store.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { decodeReleaseFile, encodeReleaseFile, type ReleaseFile, ReleaseTrouble } from "#trust/host/release-file.ts";

interface Draft {
  readonly product: string;
  readonly sequence: number;
  readonly uploadedMs: number;
}

export interface Drafts {
  list(): Promise<readonly Draft[]>;
  /**
   * Keeps a release that passed the checks of publishing; durable when this resolves.
   * @returns Whether the same one was a draft before. @throws ReleaseTrouble when another draft has this number.
   */
  put(file: ReleaseFile, nowMs: number): Promise<boolean>;
  find(product: string, sequence: number): Promise<ReleaseFile | undefined>;
  /** @param what What became of it, for the journal. */
  remove(product: string, sequence: number, what: "published" | "discarded", nowMs: number): Promise<void>;
}

/** A forgotten build server fills no disk. */
const DRAFTS_MAX = 32;

export function openDrafts(store: Store, queue: WriteQueue): Drafts {
  const rowOf = (product: string, sequence: number) =>
    store.db
      .selectFrom("drafts")
      .selectAll()
      .where("product", "=", product)
      .where("sequence", "=", sequence)
      .executeTakeFirst();
  const list = async () => {
    const rows = await store.db.selectFrom("drafts").select(["product", "sequence", "uploaded_ms"]).execute();
    return rows.map(({ product, sequence, uploaded_ms }) => ({ product, sequence, uploadedMs: uploaded_ms }));
  };
  return {
    list,
    async put(file, nowMs) {
      const { product, sequence } = file.release;
      const bytes = Buffer.from(encodeReleaseFile(file));
      const before = await rowOf(product, sequence);
      if (before !== undefined && Buffer.compare(Buffer.from(before.file), bytes) === 0) return true;
      if (before !== undefined) {
        throw new ReleaseTrouble(
          `${product} has another draft ${sequence}; discard that with: latchkey release discard-draft ${product} ${sequence}`,
        );
      }
      if ((await list()).length >= DRAFTS_MAX) {
        throw new ReleaseTrouble(`there are ${DRAFTS_MAX} drafts already; publish or discard some of them`);
      }
      queue.also(async (tx) => {
        const row = { product, sequence, file: bytes, uploaded_ms: nowMs };
        await tx
          .insertInto("drafts")
          .values(row)
          .onConflict((conflict) => conflict.columns(["product", "sequence"]).doNothing())
          .execute();
      });
      queue.event({ at_ms: nowMs, subject: `${product} ${sequence}`, what: "draft uploaded", because: "" });
      await queue.commit();
      return false;
    },
    async find(product, sequence) {
      const row = await rowOf(product, sequence);
      return row && decodeReleaseFile(Uint8Array.from(row.file), "the draft");
    },
    async remove(product, sequence, what, nowMs) {
      queue.also(async (tx) => {
        await tx.deleteFrom("drafts").where("product", "=", product).where("sequence", "=", sequence).execute();
      });
      queue.event({ at_ms: nowMs, subject: `${product} ${sequence}`, what: `draft ${what}`, because: "" });
      await queue.commit();
    },
  };
}
