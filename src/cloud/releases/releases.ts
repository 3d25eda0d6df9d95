/** The releases that were published, and the streams that devices fetch for them. */
import { toHex } from "#base/bytes.ts";
import type { Store } from "#cloud/store/store.ts";
import type { WriteQueue } from "#cloud/store/write-queue.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { nameOf, ReleaseTrouble } from "#trust/host/release-file.ts";
import { openRelease } from "#trust/releases/verify-release.ts";
import { leavesOf } from "#wire/releases/blocks.ts";
import type { Keyset } from "#wire/releases/keyset.ts";
import { decodeRelease, type Release, releaseIdOf, type Transfer } from "#wire/releases/release.ts";
import { decodeRoleEnvelope } from "#wire/releases/role-envelope.ts";
import type { BlockSource } from "./block-service.ts";

export interface PublishedRelease {
  readonly sequence: number;
  readonly product: string;
  readonly hardware: readonly number[];
  readonly withdrawn: boolean;
  readonly publishedMs: number;
  readonly release: Release;
  readonly signed: Uint8Array;
  /** 16 bytes; what timestamps name. */
  readonly id: Uint8Array;
}

export interface Releases {
  all(): readonly PublishedRelease[];
  of(product: string): readonly PublishedRelease[];
  get(product: string, sequence: number): PublishedRelease | undefined;
  /** The releases that a stream belongs to. */
  carrying(transferName: string): readonly PublishedRelease[];
  transfer(transferName: string): BlockSource | undefined;
  /**
   * Checks a signed release with its streams, and keeps nothing of it.
   * @throws ReleaseTrouble when the signature, a stream, the sequence or the consent policy is not right.
   */
  check(signed: Uint8Array, streams: readonly Uint8Array[], keyset: Keyset, policy: Policy): void;
  /**
   * Takes a signed release with its streams; the same one again is no change.
   * @throws ReleaseTrouble as `check` does.
   */
  publish(
    signed: Uint8Array,
    streams: readonly Uint8Array[],
    keyset: Keyset,
    policy: Policy,
    nowMs: number,
  ): Promise<PublishedRelease>;
  /** Withdraws a release for good. The withdrawal is durable when this resolves. */
  withdraw(product: string, sequence: number, because: string, nowMs: number): Promise<PublishedRelease | string>;
}

/** What the maker's product allows its owners: a card of level `noFlash` can neither agree to an install nor put it off. */
interface Policy {
  readonly cards: "noFlash" | "all";
}

const RELEASE_BYTES_MAX = 1_024;

function published(signed: Uint8Array, withdrawn: boolean, publishedMs: number): PublishedRelease | undefined {
  const envelope = decodeRoleEnvelope("release", signed, RELEASE_BYTES_MAX);
  const release = envelope.ok ? decodeRelease(envelope.value.payload) : envelope;
  if (!release.ok) return undefined;
  const { sequence, product, hardware } = release.value;
  const id = releaseIdOf(nodePrimitives.sha256, signed);
  return { sequence, product, hardware, withdrawn, publishedMs, release: release.value, signed, id };
}

export async function loadReleases(store: Store, queue: WriteQueue): Promise<Releases> {
  const releases = new Map<string, PublishedRelease>();
  const byTransfer = new Map<string, PublishedRelease[]>();
  const byProduct = new Map<string, readonly PublishedRelease[]>();
  const transfers = new Map<string, BlockSource>();
  const put = (release: PublishedRelease) => {
    releases.set(`${release.product} ${release.sequence}`, release);
    const same = [...releases.values()].filter(({ product }) => product === release.product);
    byProduct.set(release.product, same);
    byTransfer.clear();
    for (const each of releases.values()) {
      for (const { root } of each.release.components.flatMap((component) => component.transfers)) {
        const name = toHex(root);
        byTransfer.set(name, [...(byTransfer.get(name) ?? []), each]);
      }
    }
  };
  const putStream = (name: string, bytes: Uint8Array) =>
    transfers.set(name, { bytes, leaves: leavesOf(nodePrimitives.sha256, bytes), responses: [] });

  for (const row of await store.db.selectFrom("releases").selectAll().orderBy("sequence").execute()) {
    const release = published(Uint8Array.from(row.envelope), row.withdrawn === 1, row.published_ms);
    if (release !== undefined) put(release);
  }
  for (const row of await store.db.selectFrom("images").selectAll().execute()) {
    putStream(row.name, Uint8Array.from(row.bytes));
  }

  /** @returns What of it is new. @throws ReleaseTrouble */
  function checked(
    signed: Uint8Array,
    streams: readonly Uint8Array[],
    keyset: Keyset,
    policy: Policy,
  ): {
    readonly product: string;
    readonly sequence: number;
    readonly known: PublishedRelease | undefined;
    readonly named: ReadonlyMap<string, Uint8Array>;
    readonly wanted: readonly Transfer[];
  } {
    const opened = openRelease(nodePrimitives, signed, keyset);
    if (!opened.ok) throw new ReleaseTrouble(`the release is not signed by a release key in force (${opened.fault})`);
    const { product, sequence, consent, components } = opened.value;
    if (product !== keyset.product)
      throw new ReleaseTrouble(`the release is for ${product}, the keys for ${keyset.product}`);
    if (consent === "agree" && policy.cards === "noFlash") {
      throw new ReleaseTrouble(
        `release ${sequence} waits for the owner to agree, but cards of ${product} are noFlash and can't; build it with --consent auto`,
      );
    }
    const known = self.get(product, sequence);
    if (known !== undefined) {
      if (Buffer.compare(known.signed, signed) === 0) return { product, sequence, known, named: new Map(), wanted: [] };
      throw new ReleaseTrouble(
        `${product} has another release ${sequence} already; build this one with a higher sequence`,
      );
    }
    const named = new Map(streams.map((bytes) => [toHex(nameOf(bytes)), bytes]));
    const wanted = components.flatMap((component) => component.transfers);
    for (const { root, streamBytes } of wanted) {
      const bytes = named.get(toHex(root)) ?? transfers.get(toHex(root))?.bytes;
      if (bytes?.length !== streamBytes) throw new ReleaseTrouble("a stream of the release is missing; build it again");
    }
    return { product, sequence, known: undefined, named, wanted };
  }

  const self: Releases = {
    all: () => [...releases.values()],
    of: (product) => byProduct.get(product) ?? [],
    get: (product, sequence) => releases.get(`${product} ${sequence}`),
    carrying: (name) => byTransfer.get(name) ?? [],
    transfer: (name) => transfers.get(name),
    check: (signed, streams, keyset, policy) => void checked(signed, streams, keyset, policy),
    async publish(signed, streams, keyset, policy, nowMs) {
      const { product, sequence, known, named, wanted } = checked(signed, streams, keyset, policy);
      if (known !== undefined) return known;
      const release = published(signed, false, nowMs);
      if (release === undefined) throw new ReleaseTrouble("the release can't be read; build it again");
      const fresh = wanted.map(({ root }) => toHex(root)).filter((name) => !transfers.has(name));
      queue.also(async (tx) => {
        for (const name of new Set(fresh)) {
          const bytes = Buffer.from(named.get(name) as Uint8Array);
          await tx
            .insertInto("images")
            .values({ name, bytes })
            .onConflict((c) => c.column("name").doNothing())
            .execute();
        }
        const row = { product, sequence, envelope: Buffer.from(signed), withdrawn: 0, published_ms: nowMs };
        await tx.insertInto("releases").values(row).execute();
      });
      queue.event({
        at_ms: nowMs,
        subject: `${product} ${sequence}`,
        what: "published",
        because: "the operator asked for it",
      });
      await queue.commit();
      for (const name of fresh) putStream(name, named.get(name) as Uint8Array);
      put(release);
      return release;
    },
    async withdraw(product, sequence, because, nowMs) {
      const known = self.get(product, sequence);
      if (known === undefined) return `there is no release ${sequence} of ${product}`;
      // In memory first: no block goes out between the decision and the disk.
      const withdrawn = { ...known, withdrawn: true };
      put(withdrawn);
      queue.also(async (tx) => {
        await tx
          .updateTable("releases")
          .set({ withdrawn: 1 })
          .where("product", "=", product)
          .where("sequence", "=", sequence)
          .execute();
      });
      queue.event({ at_ms: nowMs, subject: `${product} ${sequence}`, what: "withdrawn", because });
      await queue.commit();
      return withdrawn;
    },
  };
  return self;
}
