import assert from "node:assert/strict";
import { test } from "node:test";
import { read, START, type State, written } from "../src/state";

test("a link restores everything", () => {
  const state: State = {
    plot: "plane",
    colour: "error",
    chosen: { split: ["test"], label: ["Moors, heathland & more", "Pastures"] },
    between: { error: [0.1, 0.5] },
    lasso: { plot: "map", points: [0.1, 0.2, 0.3, 0.4, 0.5, 0.25] },
    sort: "-error",
    patch: "S2A_1",
    views: { map: { x: 0.5, y: 0.25, scale: 1000 } },
    left: "bands",
    right: "map",
  };
  assert.deepEqual(read(written(state)), state);
  assert.equal(written(START), "");
  assert.deepEqual(read(""), START);
});

test("what cannot be read is left out", () => {
  assert.deepEqual(
    read("plot=moon&in.error=a~b&view.map=1~2&view.map=1~2~-3&lasso.map=1~2&lasso.moon=1~2~3~4~5~6"),
    START,
  );
  assert.deepEqual(read("is.__proto__=x").between, {});
});
