import { ClickHouseRefused } from "@mosis/clickhouse";
import type { RecordFault } from "./block.ts";

/**
 * Inserts all pieces at once. When ClickHouse refuses them, it inserts each half separately, and so on, until
 * each faulty piece is on its own. One bad piece among n costs about 2·log2(n) inserts more. Pieces that a
 * half had stored before its refusal are stored again by its parts: the tables fold them.
 * @param setAside Called for each piece that is refused on its own; the others are stored.
 */
export async function insertBisecting<T>(
  pieces: readonly T[],
  insert: (pieces: readonly T[]) => Promise<void>,
  setAside: (piece: T, fault: RecordFault) => Promise<void>,
): Promise<void> {
  const [first] = pieces;
  if (first === undefined) return;
  try {
    await insert(pieces);
  } catch (error) {
    if (!(error instanceof ClickHouseRefused)) throw error;
    if (pieces.length === 1) {
      await setAside(first, { code: error.type.toLowerCase(), detail: error.message });
      return;
    }
    const middle = pieces.length >>> 1;
    await insertBisecting(pieces.slice(0, middle), insert, setAside);
    await insertBisecting(pieces.slice(middle), insert, setAside);
  }
}
