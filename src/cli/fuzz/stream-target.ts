/** The stream decoder as a target: a whole image decoded as a unit does, page by page, over a base that nothing may leave. */
import { ok, type Result, refuse } from "#base/faults.ts";
import { BLOCK_BYTES, blockCount } from "#wire/releases/blocks.ts";
import { createStreamDecoder, type StreamSource } from "#wire/stream/stream-decoder.ts";
import { encodeStream } from "#wire/stream/stream-encoder.ts";

const PAGE_BYTES = 256;

function wordsOf(step: number, count: number): Uint8Array {
  const words = Array.from({ length: count }, (_, i) => `word${(i * i * step) % 41} `);
  return Uint8Array.from(Buffer.from(words.join("")));
}

const base = wordsOf(3, 300);
const image = Uint8Array.of(...base.subarray(700), ...wordsOf(7, 40), ...base.subarray(0, 900));

/** Throws where the decoder reads what is not there: that is what the run looks for. */
function within(bytes: Uint8Array, at: number, byteLength: number): Uint8Array {
  if (at < 0 || byteLength < 0 || at + byteLength > bytes.length) throw new Error(`reads ${byteLength} bytes at ${at}`);
  return bytes.subarray(at, at + byteLength);
}

function decode(stream: Uint8Array): Result<Uint8Array> {
  const decoded = new Uint8Array(image.length);
  const page = new Uint8Array(PAGE_BYTES);
  let written = 0;
  const source: StreamSource = {
    ...{ baseBytes: base.length, imageBytes: decoded.length },
    readBase: (at, byteLength) => within(base, at, byteLength),
    readImage: (at, byteLength) => within(decoded.subarray(0, written), at, byteLength),
  };
  const decoder = createStreamDecoder(source);
  let filled = 0;
  for (let index = 0; index < blockCount(stream.length); index++) {
    const started = decoder.startBlock(index, stream.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
    if (!started.ok) return started;
    while (!decoder.isBlockDone) {
      const pageAt = decoder.position - filled;
      const got = decoder.fill(page, filled);
      if (!got.ok) return got;
      filled = got.value;
      decoded.set(page.subarray(0, filled), pageAt);
      if (filled < page.length) continue;
      written = pageAt + filled;
      filled = 0;
    }
  }
  return decoder.position === decoded.length ? ok(decoded) : refuse("STREAM_TOKEN");
}

/** What it decodes is bound by the image that it is told of; any bytes may be a stream, so there is no canonical one. */
export const streamTarget = {
  decode,
  isCanonical: () => true,
  samples: [encodeStream(base, image), encodeStream(new Uint8Array(0), image.subarray(0, 300))],
};
