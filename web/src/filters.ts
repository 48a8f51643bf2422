/* Filters that combine: each is a bit per patch that says whether the patch fails it. */

export type Test = (row: number) => boolean;

/** Whether a point lies in a polygon of x, y, x, y, ... (ray casting). */
export function inside(polygon: ArrayLike<number>, x: number, y: number): boolean {
  let within = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const above = polygon[i + 1] > y;
    if (above === polygon[j + 1] > y) continue;
    const cross = polygon[i] + ((y - polygon[i + 1]) / (polygon[j + 1] - polygon[i + 1])) * (polygon[j] - polygon[i]);
    if (x < cross) within = !within;
  }
  return within;
}

export class Filters {
  /** Bits of the filters that each patch fails; 0 passes all. */
  readonly failed: Int32Array;
  private readonly bits = new Map<string, number>();

  constructor(readonly count: number) {
    this.failed = new Int32Array(count);
  }

  /** Set a filter, or take it away with null. */
  set(key: string, test: Test | null): void {
    const bit = this.bitOf(key);
    for (let row = 0; row < this.count; row++) {
      if (test === null || test(row)) this.failed[row] &= ~bit;
      else this.failed[row] |= bit;
    }
  }

  passing(): number {
    let found = 0;
    for (let row = 0; row < this.count; row++) if (this.failed[row] === 0) found++;
    return found;
  }

  /** Rows that pass all filters. */
  rows(): number[] {
    const found: number[] = [];
    for (let row = 0; row < this.count; row++) if (this.failed[row] === 0) found.push(row);
    return found;
  }

  /** Patches per code, among those that pass all filters but the named one. */
  counts(key: string, codes: Int32Array, values: number): Int32Array {
    const others = ~this.bitOf(key);
    const found = new Int32Array(values);
    for (let row = 0; row < this.count; row++) if ((this.failed[row] & others) === 0) found[codes[row]]++;
    return found;
  }

  /** Patches per bit of labels, likewise. */
  bitCounts(key: string, columns: Int32Array[], values: number): Int32Array {
    const others = ~this.bitOf(key);
    const found = new Int32Array(values);
    for (let row = 0; row < this.count; row++) {
      if ((this.failed[row] & others) !== 0) continue;
      for (let part = 0; part < columns.length; part++)
        for (let bits = columns[part][row]; bits !== 0; bits &= bits - 1)
          found[part * 31 + 31 - Math.clz32(bits & -bits)]++;
    }
    return found;
  }

  /** Patches per bin of a number between two ends, likewise. */
  histogram(key: string, values: Float32Array, low: number, high: number, bins: number): Int32Array {
    const others = ~this.bitOf(key);
    const found = new Int32Array(bins);
    const scale = bins / Math.max(high - low, 1e-12);
    for (let row = 0; row < this.count; row++) {
      const value = values[row];
      if ((this.failed[row] & others) !== 0 || Number.isNaN(value)) continue;
      found[Math.min(bins - 1, Math.max(0, Math.floor((value - low) * scale)))]++;
    }
    return found;
  }

  private bitOf(key: string): number {
    const known = this.bits.get(key);
    if (known !== undefined) return known;
    if (this.bits.size >= 31) throw new Error("more than 31 filters");
    const bit = 1 << this.bits.size;
    this.bits.set(key, bit);
    return bit;
  }
}

/** The first rows by a number, largest or smallest first; patches without one come last, ties in the order of rows. */
export function ranked(rows: number[], values: Float32Array | null, descending: boolean, most: number): number[] {
  if (!values) return descending ? rows.slice(-most).reverse() : rows.slice(0, most);
  const rank = (row: number) => (Number.isNaN(values[row]) ? Infinity : descending ? -values[row] : values[row]);
  if (rows.length <= 20_000) return [...rows].sort((a, b) => rank(a) - rank(b) || a - b).slice(0, most);
  const best: number[] = [];
  for (const row of rows) {
    if (best.length === most && rank(row) >= rank(best[most - 1])) continue;
    let place = best.length;
    while (place > 0 && rank(best[place - 1]) > rank(row)) place--;
    best.splice(place, 0, row);
    if (best.length > most) best.pop();
  }
  return best;
}
