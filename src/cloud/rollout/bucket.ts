/** Computes a device's position in a rollout: which wave it belongs to. */
import { createHash } from "node:crypto";

/** Buckets of a rollout: a share of devices is a number of hundredths of a percent. */
const BUCKETS = 10_000;

/**
 * The bucket of a device in one rollout, 0 to 9999. The same everywhere and for ever; salted with the rollout, so that
 * the same owners are not always the first to try.
 * @source PROTOCOL 7.30
 */
export function bucketOf(rolloutId: string, deviceId: string): number {
  const digest = createHash("sha512").update(`latchkey rollout bucket\n${rolloutId}\n${deviceId}`).digest();
  return digest.readUIntBE(0, 6) % BUCKETS;
}
