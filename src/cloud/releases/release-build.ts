/** Builds a release from images: encodes each, whole and over earlier ones, and keeps what is worth sending. */
import { toHex } from "#base/bytes.ts";
import { nodePrimitives } from "#trust/host/node-primitives.ts";
import { componentName, nameOf, type ReleaseFile, ReleaseTrouble } from "#trust/host/release-file.ts";
import { signRelease } from "#trust/releases/sign-release.ts";
import { openRelease } from "#trust/releases/verify-release.ts";
import { BLOCK_BYTES, BLOCKS_MAX, IMAGE_BYTES_MAX, rootOfBytes } from "#wire/releases/blocks.ts";
import {
  type Component,
  type Consent,
  encodeRelease,
  isProduct,
  RELEASE_BYTES_MAX,
  type Transfer,
} from "#wire/releases/release.ts";
import { encodeStream } from "#wire/stream/stream-encoder.ts";

interface ReleasePlan {
  readonly product: string;
  readonly sequence: number;
  readonly hardware: readonly number[];
  readonly consent: Consent;
  readonly epoch: number;
  readonly notAfterS: number | undefined;
  /** Images by kind (COMPONENT). */
  readonly images: ReadonlyMap<number, Uint8Array>;
  /** Earlier releases whose images devices may still run: bases for deltas. */
  readonly bases: readonly Pick<ReleaseFile, "images">[];
}

/** Room that the envelope around the payload takes: headers, key name, signature. */
const ENVELOPE_BYTES = 96;

const NO_BASE = new Uint8Array(0);

/**
 * @returns The unsigned release. Each component has its whole stream, and deltas over the bases where they are smaller,
 *   smallest first, as many as fit in a signed release.
 * @throws ReleaseTrouble when an image is too long, or nothing was given.
 */
export function buildRelease(plan: ReleasePlan): ReleaseFile {
  if (plan.images.size === 0)
    throw new ReleaseTrouble("a release has an image at least; give --native, --js or --config");
  if (!isProduct(plan.product)) {
    throw new ReleaseTrouble(
      `"${plan.product}" cannot name a product (expected 1 to 32 lower-case letters, digits and hyphens); give another --product`,
    );
  }
  for (const [kind, { length }] of plan.images) {
    if (length === 0) throw new ReleaseTrouble(`the ${componentName(kind)} image is empty; build it again`);
  }
  const streams = new Map<string, Uint8Array>();
  const keep = (stream: Uint8Array, base: Uint8Array | undefined): Transfer => {
    const root = nameOf(stream);
    streams.set(toHex(root), stream);
    return { streamBytes: stream.length, root, base };
  };
  const whole: Component[] = [];
  const deltas: {
    readonly kind: number;
    readonly stream: Uint8Array;
    readonly base: Uint8Array;
    readonly saves: number;
  }[] = [];
  for (const [kind, image] of [...plan.images].sort(([a], [b]) => a - b)) {
    if (image.length > IMAGE_BYTES_MAX) {
      throw new ReleaseTrouble(
        `the ${componentName(kind)} image is ${image.length} bytes; a unit takes ${IMAGE_BYTES_MAX}`,
      );
    }
    const own = encodeStream(NO_BASE, image);
    if (own.length > BLOCKS_MAX * BLOCK_BYTES) {
      throw new ReleaseTrouble(
        `the ${componentName(kind)} image is ${own.length} bytes compressed; a unit takes ${BLOCKS_MAX * BLOCK_BYTES}`,
      );
    }
    const imageRoot = rootOfBytes(nodePrimitives.sha256, image);
    whole.push({ kind, imageBytes: image.length, imageRoot, transfers: [keep(own, undefined)] });
    const seen = new Set<string>([toHex(nameOf(image))]);
    for (const { images } of plan.bases) {
      const old = images.get(kind);
      if (old === undefined || seen.has(toHex(nameOf(old)))) continue;
      seen.add(toHex(nameOf(old)));
      const stream = encodeStream(old, image);
      if (stream.length < own.length)
        deltas.push({ kind, stream, base: nameOf(old), saves: own.length - stream.length });
    }
  }
  deltas.sort((a, b) => b.saves - a.saves);
  const { product, sequence, hardware, consent, epoch, notAfterS } = plan;
  const releaseOf = (components: readonly Component[]) => ({
    product,
    sequence,
    hardware,
    consent,
    epoch,
    notAfterS,
    components,
  });
  const wholeBytes = encodeRelease(releaseOf(whole)).length + ENVELOPE_BYTES;
  if (wholeBytes > RELEASE_BYTES_MAX) {
    throw new ReleaseTrouble(
      `the release takes ${wholeBytes} bytes once signed (a unit reads ${RELEASE_BYTES_MAX}); name fewer hardware revisions or images`,
    );
  }
  let components: readonly Component[] = whole;
  for (const { kind, stream, base } of deltas) {
    const transfer: Transfer = { streamBytes: stream.length, root: nameOf(stream), base };
    const wider = components.map((each) =>
      each.kind === kind ? { ...each, transfers: [transfer, ...each.transfers] } : each,
    );
    if (encodeRelease(releaseOf(wider)).length + ENVELOPE_BYTES > RELEASE_BYTES_MAX) continue;
    components = wider;
    keep(stream, base);
  }
  return { release: releaseOf(components), signed: undefined, streams: [...streams.values()], images: plan.images };
}

/**
 * Signs a release by the seed of a release key.
 * @throws ReleaseTrouble when a unit that knows the key would refuse what was signed.
 */
export function signReleaseFile(file: ReleaseFile, seed: Uint8Array): ReleaseFile {
  const signed = signRelease(nodePrimitives, seed, file.release);
  const releaseKeys = [nodePrimitives.ed25519PublicKey(seed)];
  const { product } = file.release;
  const opened = openRelease(nodePrimitives, signed, {
    version: 1,
    product,
    releaseKeys,
    timestampKeys: [],
    roots: undefined,
  });
  if (!opened.ok) throw new ReleaseTrouble(`units would refuse this release (${opened.fault}); build it again`);
  return { ...file, signed };
}
