/* Points into pixels, on the processor: 100,000 take some 2 ms, which no software WebGL reaches (see ARCHITECTURE.md). */
import type { View } from "./view";

export interface Points {
  x: Float32Array;
  y: Float32Array;
  /** Colour of each point, as an index of the palette. */
  colour: Uint16Array;
  /** 0 for points in colour; all others are faint. */
  failed: Int32Array;
}

export interface Raster {
  width: number;
  height: number;
  /** Colours as ABGR, transparent where there is no point. */
  pixels: Uint32Array;
  /** Row of the point that is seen in each pixel; -1 for none. */
  rows: Int32Array;
}

/** Draw squares of a side in pixels; faint points lie below and are not found by `rows`. */
export function rasterise(points: Points, palette: Uint32Array, faint: number, view: View, side: number, on: Raster) {
  on.pixels.fill(0);
  on.rows.fill(-1);
  if (faint !== 0) draw(points, palette, faint, view, Math.max(1, side - 1), on, true);
  draw(points, palette, faint, view, side, on, false);
}

function draw(
  points: Points,
  palette: Uint32Array,
  faint: number,
  view: View,
  side: number,
  on: Raster,
  below: boolean,
): void {
  const { x, y, colour, failed } = points;
  const { width, height, pixels, rows } = on;
  const { scale } = view;
  const left = width / 2 - view.x * scale - (side >> 1);
  const top = height / 2 - view.y * scale - (side >> 1);
  const lastColumn = width - side;
  const lastRow = height - side;
  for (let row = 0; row < x.length; row++) {
    if ((failed[row] !== 0) !== below) continue;
    const px = Math.floor(x[row] * scale + left);
    const py = Math.floor(y[row] * scale + top);
    if (!(px >= 0 && py >= 0 && px <= lastColumn && py <= lastRow)) continue; // NaN is nowhere, too
    const ink = below ? faint : palette[colour[row]];
    let at = py * width + px;
    for (let line = 0; line < side; line++, at += width)
      for (let i = at; i < at + side; i++) {
        pixels[i] = ink;
        if (!below) rows[i] = row;
      }
  }
}

/** The point that is seen nearest to a pixel, within a reach; -1 for none. */
export function pick(on: Raster, px: number, py: number, reach: number): number {
  let best = -1;
  let nearest = Infinity;
  for (let row = Math.max(0, py - reach); row <= Math.min(on.height - 1, py + reach); row++)
    for (let column = Math.max(0, px - reach); column <= Math.min(on.width - 1, px + reach); column++) {
      const found = on.rows[row * on.width + column];
      const distance = (row - py) ** 2 + (column - px) ** 2;
      if (found >= 0 && distance < nearest) [best, nearest] = [found, distance];
    }
  return best;
}

/** A CSS colour such as #ff8800 as the 32 bits that `ImageData` has on little-endian machines. */
export function abgr(colour: string, alpha = 255): number {
  const number = Number.parseInt(colour.slice(1), 16);
  return ((alpha << 24) | ((number & 255) << 16) | (number & 0xff00) | (number >> 16)) >>> 0;
}
