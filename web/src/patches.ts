/* All patches as columns, and what can be asked of them. */
import type { FacetInfo, IndexFile, Said } from "./index_file";
import { mercator } from "./view";

const BITS = 31; // classes per column of labels, as in reben.explore.index
const GROUND_REACH = 1.6; // patch widths between the centres of neighbours, corner to corner
const SAME_GROUND = 0.25; // patch widths up to which two patches show the same ground

export class Patches {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly colour: Uint16Array;

  private constructor(
    readonly said: Said,
    private readonly index: IndexFile,
    private readonly columns: Record<string, Float32Array | Int32Array>,
    readonly labels: Int32Array[],
  ) {
    this.x = new Float32Array(said.count).fill(Number.NaN);
    this.y = new Float32Array(said.count).fill(Number.NaN);
    this.colour = new Uint16Array(said.count);
    if (said.placed)
      for (let row = 0; row < said.count; row++)
        [this.x[row], this.y[row]] = mercator(columns.lon[row], columns.lat[row]);
  }

  static async load(index: IndexFile): Promise<Patches> {
    const { said } = index;
    const labels = Array.from({ length: Math.ceil(said.classes.length / BITS) }, (_, part) => `labels${part}`);
    const columns = await index.numbers([
      ...(said.placed ? ["lon", "lat"] : []),
      ...said.facets.map(({ key }) => key),
      ...labels,
      ...said.numbers.map(({ key }) => key),
      ...(said.plane ? ["plane_x", "plane_y"] : []),
    ]);
    return new Patches(
      said,
      index,
      columns,
      labels.map((name) => columns[name] as Int32Array),
    );
  }

  get count(): number {
    return this.said.count;
  }

  codes(facet: FacetInfo): Int32Array {
    return this.columns[facet.key] as Int32Array;
  }

  numbers(key: string): Float32Array {
    return this.columns[key] as Float32Array;
  }

  valueOf(facet: FacetInfo, row: number): string {
    return facet.values[this.codes(facet)[row]];
  }

  /** The plane of embeddings; y points down on a screen. */
  plane(): { x: Float32Array; y: Float32Array } {
    return { x: this.numbers("plane_x"), y: this.numbers("plane_y").map((value) => -value) };
  }

  hasLabel(row: number, index: number): boolean {
    return ((this.labels[Math.floor(index / BITS)][row] >> (index % BITS)) & 1) === 1;
  }

  labelsOf(row: number): string[] {
    return this.said.classes.filter((_, index) => this.hasLabel(row, index)).map(({ name }) => name);
  }

  /** Half the way to the eastern and northern edge of each patch in Web Mercator; read when it is needed. */
  async edges(): Promise<Float32Array[]> {
    const { ex, ey, nx, ny } = await this.index.numbers(["ex", "ey", "nx", "ny"]);
    const { lon, lat } = this.columns;
    const moved = [0, 1, 2, 3].map(() => new Float32Array(this.count));
    for (let row = 0; row < this.count; row++) {
      const east = mercator(lon[row] + ex[row], lat[row] + ey[row]);
      const north = mercator(lon[row] + nx[row], lat[row] + ny[row]);
      [moved[0][row], moved[1][row]] = [east[0] - this.x[row], east[1] - this.y[row]];
      [moved[2][row], moved[3][row]] = [north[0] - this.x[row], north[1] - this.y[row]];
    }
    return moved;
  }

  async ids(rows: number[]): Promise<string[]> {
    const found = await Promise.all(rows.map((row) => this.index.rows(["patch_id"], row, row + 1)));
    return found.map(({ patch_id }) => patch_id[0] as string);
  }

  async allIds(): Promise<string[]> {
    return (await this.index.rows(["patch_id"], 0, this.count)).patch_id as string[];
  }

  async probabilities(row: number): Promise<number[] | null> {
    if (!this.said.probabilities) return null;
    const names = this.said.classes.map((_, index) => `p${index}`);
    const columns = await this.index.rows(names, row, row + 1);
    return names.map((name) => columns[name][0] as number);
  }

  /** Neighbours on the ground, and the same ground at other times, nearest first. */
  around(row: number, sizeWorld: number): { beside: number[]; otherDates: number[] } {
    const found: [number, number][] = [];
    for (let other = 0; other < this.count; other++) {
      const distance =
        Math.max(Math.abs(this.x[other] - this.x[row]), Math.abs(this.y[other] - this.y[row])) / sizeWorld;
      if (other !== row && distance <= GROUND_REACH) found.push([distance, other]);
    }
    found.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    return {
      beside: found.filter(([distance]) => distance > SAME_GROUND).map(([, other]) => other),
      otherDates: found.filter(([distance]) => distance <= SAME_GROUND).map(([, other]) => other),
    };
  }
}
