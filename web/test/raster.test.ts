import assert from "node:assert/strict";
import { test } from "node:test";
import { abgr, pick, type Raster, rasterise } from "../src/raster";
import { fitting, mercator, toWorld, zoomed } from "../src/view";

function raster(width: number, height: number): Raster {
  return { width, height, pixels: new Uint32Array(width * height), rows: new Int32Array(width * height) };
}

test("points become squares of their colour, faint ones below, and can be picked", () => {
  const on = raster(20, 10);
  const points = {
    x: Float32Array.from([5, 6, 15, Number.NaN]),
    y: Float32Array.from([5, 5, 5, 1]),
    colour: Uint16Array.from([0, 1, 0, 0]),
    failed: Int32Array.from([0, 0, 4, 0]),
  };
  rasterise(points, Uint32Array.from([11, 22]), 99, { x: 10, y: 5, scale: 1 }, 3, on);
  const at = (x: number, y: number) => on.pixels[y * 20 + x];
  assert.equal(at(4, 5), 11);
  assert.equal(at(6, 5), 22); // the later point lies above
  assert.equal(at(15, 5), 99);
  assert.equal(at(10, 9), 0);
  assert.equal(pick(on, 6, 5, 3), 1);
  assert.equal(pick(on, 2, 5, 3), 0);
  assert.equal(pick(on, 15, 5, 3), -1); // faint points are not picked
});

test("colours have the order of bytes that images have", () => {
  const bytes = new Uint8Array(Uint32Array.from([abgr("#ff8001", 60)]).buffer);
  assert.deepEqual([...bytes], [255, 128, 1, 60]);
});

test("Web Mercator at known places", () => {
  assert.deepEqual(mercator(0, 0), [0.5, 0.5]);
  const [x, y] = mercator(13.4, 52.5); // Berlin, tile 550/335 of zoom 10
  assert.equal(Math.floor(x * 1024), 550);
  assert.equal(Math.floor(y * 1024), 335);
});

test("zooming keeps the point under the pointer, and all points fit", () => {
  const view = { x: 0.4, y: 0.3, scale: 1000 };
  const before = toWorld(view, 30, 70, 400, 300);
  const after = toWorld(zoomed(view, 2.5, 30, 70, 400, 300), 30, 70, 400, 300);
  assert.ok(Math.hypot(before[0] - after[0], before[1] - after[1]) < 1e-12);
  const [x, y] = [Float32Array.from([0.1, 0.3, Number.NaN]), Float32Array.from([0.5, 0.6, 0])];
  const fit = fitting(x, y, 400, 300, 0);
  assert.ok(Math.abs(fit.x - 0.2) < 1e-6 && 0.2 * fit.scale < 400 && 0.2 * fit.scale > 300);
});
