import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, tilesOf } from "../src/tiles";

test("the tiles of a view, at the depth of the screen", () => {
  assert.deepEqual(tilesOf({ x: 0.5, y: 0.5, scale: 256 }, 512, 512), [{ z: 0, x: 0, y: 0 }]);
  const near = tilesOf({ x: 550.5 / 1024, y: 335.5 / 1024, scale: 256 * 1024 }, 256, 256);
  assert.deepEqual(near[0], { z: 10, x: 550, y: 335 });
  assert.ok(near.length <= 4);
  assert.ok(tilesOf({ x: 0, y: 1, scale: 1e12 }, 800, 600).every(({ z, x, y }) => z === 18 && x >= 0 && y < 2 ** 18));
});

test("the address of a tile", () => {
  assert.equal(addressOf("https://tiles/{z}/{y}/{x}.png?k=1", { z: 3, x: 4, y: 5 }), "https://tiles/3/5/4.png?k=1");
});
