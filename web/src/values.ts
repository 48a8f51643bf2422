/* Values of patches: from the server one by one, or out of the large files of an exported folder. */
import type { IndexFile } from "./index_file";
import { fetchRange } from "./ranges";

export type Part = "s2" | "s1" | "map";
const PARTS = ["s2", "s1", "map", "thumbnail"] as const;
const LENGTHS = PARTS.map((part) => `${part}_bytes`);

export class Values {
  constructor(private readonly index: IndexFile) {}

  /** A safetensors value; null if the store has none. */
  async value(row: number, part: Part): Promise<ArrayBuffer | null> {
    if (this.index.said.values === "pieces") return this.piece(row, part);
    const answer = await fetch(`values/${row}/${part}`);
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`the server answers ${answer.status}; is it still running?`);
    return answer.arrayBuffer();
  }

  /** The address of a small picture. */
  async thumbnail(row: number): Promise<string> {
    if (this.index.said.values === "server") return `thumbnails/${row}.png`;
    const bytes = await this.piece(row, "thumbnail");
    return bytes ? URL.createObjectURL(new Blob([bytes], { type: "image/png" })) : "";
  }

  /** Rows that are nearest in the embedding, nearest first. */
  async nearest(row: number): Promise<number[]> {
    const { said } = this.index;
    if (said.values === "server") {
      const answer = await fetch(`neighbours/${row}`);
      return answer.ok ? (await answer.json()).map(([near]: [number, number]) => near) : [];
    }
    const names = Array.from({ length: said.nearest }, (_, number) => `near${number}`);
    const columns = names.length ? await this.index.rows(names, row, row + 1) : {};
    return names.map((name) => columns[name][0] as number).filter((near) => near >= 0);
  }

  private async piece(row: number, part: (typeof PARTS)[number]): Promise<ArrayBuffer | null> {
    const columns = await this.index.rows(["piece", "offset", ...LENGTHS], row, row + 1);
    const lengths = LENGTHS.map((name) => columns[name][0] as number);
    const number = PARTS.indexOf(part);
    const start = (columns.offset[0] as number) + lengths.slice(0, number).reduce((sum, length) => sum + length, 0);
    const name = `values-${String(columns.piece[0]).padStart(4, "0")}.bin`;
    return lengths[number] ? fetchRange(name, start, start + lengths[number]) : null;
  }
}
