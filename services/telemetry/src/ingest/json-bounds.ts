/** Whatever a body of this size holds, it is parsed within 15 ms. */
const harmlessBytes = 65_536;
/**
 * Of 1000 events with properties a batch has about 2000 objects and two arrays; text may have more brackets.
 */
const arraysMax = 20_000;
const objectsMax = 50_000;
const batchParts: PartLimits = { arraysMax, objectsMax };

interface PartLimits {
  arraysMax: number;
  objectsMax: number;
}

/**
 * Whether a body would be parsed into more arrays or objects than any batch has. 5 KB of gzip can be 2.6
 * million arrays, and take JSON.parse three seconds and half a gigabyte. Brackets are counted wherever they
 * stand, by a search that runs at the speed of memory where there are few.
 * @param limits those of a batch, unless another protocol needs others.
 */
export function hasTooManyParts(bytes: Buffer, limits = batchParts): boolean {
  if (bytes.length <= harmlessBytes) return false;
  return hasMore(bytes, 0x5b, limits.arraysMax) || hasMore(bytes, 0x7b, limits.objectsMax);
}

function hasMore(bytes: Buffer, byte: number, max: number): boolean {
  let at = -1;
  for (let found = 0; found <= max; found++) {
    at = bytes.indexOf(byte, at + 1);
    if (at === -1) return false;
  }
  return true;
}

export const tooManyParts = `A batch has at most ${arraysMax} arrays and ${objectsMax} objects: flatten it.`;
