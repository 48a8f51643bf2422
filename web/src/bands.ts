/* Bands and reference maps as colours, with the stretch that the index names: the same as in every picture of reben. */
import type { ClassInfo, Screen } from "./index_file";
import type { Tensor } from "./safetensors";

export interface Picture {
  pixels: Uint8ClampedArray<ArrayBuffer>;
  side: number;
}

/** One or three bands as grey or as red, green and blue; coarser bands are enlarged to the finest. */
export function composite(tensors: Record<string, Tensor>, names: string[], screen: Screen): Picture | null {
  if (!names.length || names.some((name) => !tensors[name])) return null;
  const side = Math.max(...names.map((name) => tensors[name].rows));
  const channels = names.map((name) => brightness(name, tensors[name], screen));
  return painted(side, (row, column, pixel) => {
    for (let channel = 0; channel < 3; channel++) {
      const at = channel % names.length;
      const { rows, columns } = tensors[names[at]];
      const cell = Math.floor((row * rows) / side) * columns + Math.floor((column * columns) / side);
      pixel[channel] = channels[at][cell];
    }
  });
}

/** VV, VH and their difference. */
export function radar(tensors: Record<string, Tensor>, screen: Screen): Picture | null {
  const [vv, vh] = screen.radar.map((name) => tensors[name]);
  if (!vv || !vh) return null;
  const [red, green] = screen.radar.map((name) => brightness(name, tensors[name], screen));
  return painted(vv.rows, (row, column, pixel) => {
    const cell = row * vv.columns + column;
    pixel[0] = red[cell];
    pixel[1] = green[cell];
    pixel[2] = Math.min(1, Math.max(0, (vv.data[cell] - vh.data[cell]) / screen.radar_ratio_db));
  });
}

/** A reference map in the colours of its classes, and which of them it has; -1 for pixels of no class. */
export function classMap(
  codes: Tensor,
  indices: Record<string, number>,
  legend: ClassInfo[],
  unlabelled: string,
): { picture: Picture; found: number[] } {
  const colours = legend.map((entry) => shares(entry.colour));
  const grey = shares(unlabelled);
  const found = new Set<number>();
  const picture = painted(codes.rows, (row, column, pixel) => {
    const index = indices[codes.data[row * codes.columns + column]] ?? -1;
    found.add(index);
    pixel.set(index < 0 ? grey : colours[index]);
  });
  return { picture, found: [...found].sort((a, b) => (a < 0 ? 1 : b < 0 ? -1 : a - b)) };
}

function brightness(name: string, tensor: Tensor, screen: Screen): Float32Array {
  const known = screen.limits[name];
  const [low, high] = known ?? extremes(tensor.data);
  const exponent = known && !screen.radar.includes(name) ? 1 / screen.gamma : 1;
  return Float32Array.from(
    tensor.data,
    (value) => Math.min(1, Math.max(0, (value - low) / Math.max(high - low, 1e-9))) ** exponent,
  );
}

function extremes(data: ArrayLike<number>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < data.length; i++) {
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
  }
  return [low, high];
}

function painted(side: number, paint: (row: number, column: number, pixel: Float32Array) => void): Picture {
  const pixels = new Uint8ClampedArray(side * side * 4);
  const pixel = new Float32Array(3);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      paint(row, column, pixel);
      const at = (row * side + column) * 4;
      for (let channel = 0; channel < 3; channel++) pixels[at + channel] = pixel[channel] * 255;
      pixels[at + 3] = 255;
    }
  return { pixels, side };
}

/** Red, green and blue of a CSS colour such as #ff8800, from 0 to 1. */
export function shares(colour: string): [number, number, number] {
  const number = Number.parseInt(colour.slice(1), 16);
  return [(number >> 16) / 255, ((number >> 8) & 255) / 255, (number & 255) / 255];
}
