import { overhear } from "#cli/air/frames.ts";

/** What listening to these frames finds, or undefined. */
export function decodeFrames(...heard: Parameters<typeof overhear>): ReturnType<typeof overhear>["found"] {
  return overhear(...heard).found;
}
