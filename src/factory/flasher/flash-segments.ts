/** What is written to a flash that is erased sector by sector: images that share a sector become one segment. */
import type { FlashImage } from "#factory/images.ts";
import { FlasherError } from "./flasher.ts";

/** An erased byte of NOR flash. */
const ERASED = 0xff;

const hex = (address: number) => `0x${address.toString(16)}`;

/**
 * @returns Segments in the order of their addresses; each begins with a sector and holds whole ones, with what no image covers erased.
 * @throws FlasherError when two images overlap
 */
export function flashSegments(images: readonly FlashImage[], sectorBytes: number): readonly FlashImage[] {
  const sorted = images.filter(({ bytes }) => bytes.length > 0).sort((a, b) => a.address - b.address);
  const groups: FlashImage[][] = [];
  let [imageEnd, groupEnd] = [0, 0];
  for (const image of sorted) {
    if (image.address < imageEnd) {
      throw new FlasherError(`two images cover ${hex(image.address)} of the flash; give them other addresses`);
    }
    imageEnd = image.address + image.bytes.length;
    const sectorStart = image.address - (image.address % sectorBytes);
    if (groups.length > 0 && sectorStart < groupEnd) groups.at(-1)?.push(image);
    else groups.push([image]);
    groupEnd = Math.ceil(imageEnd / sectorBytes) * sectorBytes;
  }
  return groups.map((group) => segmentOf(group, sectorBytes));
}

function segmentOf(group: readonly FlashImage[], sectorBytes: number): FlashImage {
  const [first, last] = [group[0] as FlashImage, group.at(-1) as FlashImage];
  const address = first.address - (first.address % sectorBytes);
  const end = Math.ceil((last.address + last.bytes.length) / sectorBytes) * sectorBytes;
  const bytes = new Uint8Array(end - address).fill(ERASED);
  for (const image of group) bytes.set(image.bytes, image.address - address);
  return { address, bytes };
}
