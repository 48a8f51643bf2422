/* A base map of square tiles from a server that the user has named; the page asks no server otherwise. */
import type { View } from "./view";

export interface BaseMap {
  /** Address of a tile, with {z}, {x} and {y}. */
  url: string;
  credit: string;
}

export interface Tile {
  z: number;
  x: number;
  y: number;
}

const TILE_PX = 256;
const DEEPEST = 18;
const MOST_KEPT = 400;

/** The tiles that a view shows, at the depth at which their pixels are about those of the screen. */
export function tilesOf(view: View, width: number, height: number): Tile[] {
  const z = Math.max(0, Math.min(DEEPEST, Math.round(Math.log2(view.scale / TILE_PX))));
  const count = 2 ** z;
  const range = (middle: number, length: number): [number, number] => {
    const half = length / 2 / view.scale;
    const inside = (tile: number) => Math.max(0, Math.min(count - 1, tile));
    return [inside(Math.floor((middle - half) * count)), inside(Math.floor((middle + half) * count))];
  };
  const [left, right] = range(view.x, width);
  const [top, bottom] = range(view.y, height);
  const found: Tile[] = [];
  for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) found.push({ z, x, y });
  return found;
}

/** The address of a tile. */
export function addressOf(url: string, { z, x, y }: Tile): string {
  return url.replace("{z}", String(z)).replace("{x}", String(x)).replace("{y}", String(y));
}

export class Tiles {
  private readonly kept = new Map<string, HTMLImageElement>();

  constructor(
    private readonly map: BaseMap,
    private readonly came: () => void,
  ) {}

  /** Draw what is there; the others are asked for, and `came` is called with each. */
  draw(on: CanvasRenderingContext2D, view: View, width: number, height: number): void {
    for (const tile of tilesOf(view, width, height)) {
      const image = this.image(addressOf(this.map.url, tile));
      if (!image.complete || image.naturalWidth === 0) continue;
      const side = view.scale / 2 ** tile.z;
      const [x, y] = [
        tile.x * side + width / 2 - view.x * view.scale,
        tile.y * side + height / 2 - view.y * view.scale,
      ];
      on.drawImage(image, Math.floor(x), Math.floor(y), Math.ceil(side) + 1, Math.ceil(side) + 1);
    }
  }

  private image(address: string): HTMLImageElement {
    const known = this.kept.get(address);
    if (known) return known;
    if (this.kept.size >= MOST_KEPT) this.kept.clear();
    const image = new Image();
    image.addEventListener("load", this.came);
    image.src = address;
    this.kept.set(address, image);
    return image;
  }
}
