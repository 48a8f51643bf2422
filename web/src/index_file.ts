/* The index of all patches: a Parquet file, read by columns and ranges of rows. */
import { type AsyncBuffer, cachedAsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { fetchRange, sizeOf } from "./ranges";
import type { BaseMap } from "./tiles";

export interface FacetInfo {
  key: string;
  title: string;
  values: string[];
  colours: string[];
}

export interface ClassInfo {
  name: string;
  colour: string;
}

export interface Screen {
  gamma: number;
  limits: Record<string, [number, number] | null>;
  radar: string[];
  true_colour: string[];
  infrared: string[];
  wavelengths_nm: Record<string, number>;
  unlabelled: string;
  map_tensor: string;
  radar_ratio_db: number;
}

/** What the index says of itself; the Python module `reben.explore.index` writes it. */
export interface Said {
  version: number;
  title: string;
  count: number;
  placed: boolean;
  patch_size_m: number;
  facets: FacetInfo[];
  classes: ClassInfo[];
  legend: ClassInfo[];
  codes: Record<string, number>;
  numbers: { key: string; title: string }[];
  probabilities: boolean;
  screen: Screen;
  plane?: { title: string };
  values: "server" | "pieces";
  nearest: number;
  base_map?: BaseMap;
}

const KEY = "reben_explore";
const WHOLE_BYTES = 48_000_000; // a smaller file is fetched at once, a larger one by the columns that are needed

export class IndexFile {
  private constructor(
    private readonly file: AsyncBuffer,
    private readonly metadata: FileMetaData,
    readonly said: Said,
  ) {}

  static async open(url: string): Promise<IndexFile> {
    const file = await bufferOf(url);
    const metadata = await parquetMetadataAsync(file);
    const text = metadata.key_value_metadata?.find((pair) => pair.key === KEY)?.value;
    if (!text) throw new Error(`${url} is not an index of reben explore`);
    return new IndexFile(file, metadata, JSON.parse(text));
  }

  /** Columns of numbers, of all patches. */
  async numbers(names: string[]): Promise<Record<string, Float32Array | Int32Array>> {
    const kinds = new Map(this.metadata.schema.map((part) => [part.name, part.type]));
    const columns: Record<string, Float32Array | Int32Array> = {};
    for (const name of names)
      columns[name] = kinds.get(name) === "INT32" ? new Int32Array(this.said.count) : new Float32Array(this.said.count);
    if (names.length)
      await this.read(names, 0, this.said.count, (name, values, first) => columns[name].set(values, first));
    return columns;
  }

  /** Values of some columns in a range of rows, of any type. */
  async rows(names: string[], first: number, end: number): Promise<Record<string, unknown[]>> {
    const columns: Record<string, unknown[]> = Object.fromEntries(names.map((name) => [name, new Array(end - first)]));
    await this.read(names, first, end, (name, values, start) => {
      for (let row = Math.max(start, first); row < Math.min(start + values.length, end); row++)
        columns[name][row - first] = values[row - start];
    });
    return columns;
  }

  private async read(
    columns: string[],
    rowStart: number,
    rowEnd: number,
    take: (name: string, values: ArrayLike<number>, first: number) => void,
  ): Promise<void> {
    const { file, metadata } = this;
    await parquetRead({
      file,
      metadata,
      columns,
      rowStart,
      rowEnd,
      onChunk: (chunk) => take(chunk.columnName, chunk.columnData as ArrayLike<number>, chunk.rowStart),
    });
  }
}

async function bufferOf(url: string): Promise<AsyncBuffer> {
  const byteLength = await sizeOf(url);
  if (byteLength <= WHOLE_BYTES) {
    const bytes = await fetchRange(url, 0, byteLength);
    return { byteLength, slice: (start, end) => bytes.slice(start, end) };
  }
  return cachedAsyncBuffer({ byteLength, slice: (start, end = byteLength) => fetchRange(url, start, end) });
}
