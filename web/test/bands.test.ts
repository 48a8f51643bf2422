import assert from "node:assert/strict";
import { test } from "node:test";
import { classMap, composite, radar } from "../src/bands";
import type { Screen } from "../src/index_file";
import { tensorsOf } from "../src/safetensors";

const SCREEN: Screen = {
  gamma: 2,
  limits: { B04: [0, 100], VV: [-20, 0], VH: [-30, -10] },
  radar: ["VV", "VH"],
  radar_ratio_db: 20,
  true_colour: ["B04", "B03", "B02"],
  infrared: ["B08", "B04", "B03"],
  wavelengths_nm: {},
  unlabelled: "#808080",
  map_tensor: "Data",
};

function value(tensors: Record<string, { dtype: string; shape: number[]; bytes: Uint8Array }>): ArrayBuffer {
  let at = 0;
  const head = Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
      const place = { dtype, shape, data_offsets: [at, at + bytes.length] };
      at += bytes.length;
      return [name, place];
    }),
  );
  const text = new TextEncoder().encode(JSON.stringify({ __metadata__: {}, ...head }));
  const whole = new Uint8Array(8 + text.length + at);
  new DataView(whole.buffer).setBigUint64(0, BigInt(text.length), true);
  whole.set(text, 8);
  let place = 8 + text.length;
  for (const { bytes } of Object.values(tensors)) {
    whole.set(bytes, place);
    place += bytes.length;
  }
  return whole.buffer;
}

const bytesOf = (array: Uint16Array | Float32Array) => new Uint8Array(array.buffer);
const TENSORS = tensorsOf(
  value({
    odd: { dtype: "U8", shape: [1, 1], bytes: Uint8Array.from([7]) },
    B04: { dtype: "U16", shape: [2, 2], bytes: bytesOf(Uint16Array.from([0, 25, 100, 400])) },
    B12: { dtype: "U16", shape: [1, 1], bytes: bytesOf(Uint16Array.from([50])) },
    VV: { dtype: "F32", shape: [1, 1], bytes: bytesOf(Float32Array.from([-10])) },
    VH: { dtype: "F32", shape: [1, 1], bytes: bytesOf(Float32Array.from([-15])) },
  }),
);

test("tensors are read wherever they begin", () => {
  assert.deepEqual([...TENSORS.B04.data], [0, 25, 100, 400]);
  assert.equal(TENSORS.VV.data[0], -10);
});

test("one band is grey, with the curve and limits of the index", () => {
  const picture = composite(TENSORS, ["B04"], SCREEN)!;
  assert.deepEqual([...picture.pixels.slice(0, 8)], [0, 0, 0, 255, 128, 128, 128, 255]);
  assert.equal(picture.pixels[12], 255);
  assert.equal(composite(TENSORS, ["B04", "B03", "B02"], SCREEN), null);
});

test("coarse bands are enlarged to the finest", () => {
  const picture = composite(TENSORS, ["B04", "B12", "B04"], SCREEN)!;
  assert.equal(picture.side, 2);
  assert.equal(picture.pixels[0], 0);
});

test("radar and maps", () => {
  assert.deepEqual([...radar(TENSORS, SCREEN)!.pixels], [128, 191, 64, 255]);
  const codes = { data: Uint16Array.from([111, 5, 111, 999]), rows: 2, columns: 2 };
  const legend = [{ name: "city", colour: "#ff0000" }];
  const { picture, found } = classMap(codes, { "111": 0, "999": -1 }, legend, "#808080");
  assert.deepEqual(found, [0, -1]);
  assert.deepEqual([...picture.pixels.slice(0, 8)], [255, 0, 0, 255, 128, 128, 128, 255]);
});
