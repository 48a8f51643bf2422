import assert from "node:assert/strict";
import { test } from "node:test";
import { Filters, inside, ranked } from "../src/filters";

test("filters combine, and counts leave out their own filter only", () => {
  const split = Int32Array.from([0, 0, 1, 1, 1]);
  const season = Int32Array.from([0, 1, 0, 1, 1]);
  const filters = new Filters(5);
  filters.set("split", (row) => split[row] === 1);
  filters.set("season", (row) => season[row] === 1);
  assert.deepEqual(filters.rows(), [3, 4]);
  assert.equal(filters.passing(), 2);
  assert.deepEqual([...filters.counts("split", split, 2)], [1, 2]);
  assert.deepEqual([...filters.counts("season", season, 2)], [1, 2]);
  filters.set("split", null);
  assert.deepEqual(filters.rows(), [1, 3, 4]);
});

test("labels are counted bit by bit, over several columns", () => {
  const low = Int32Array.from([0b101, 1 << 30, 0]);
  const high = Int32Array.from([0b10, 0, 0b11]);
  const counts = new Filters(3).bitCounts("label", [low, high], 33);
  assert.equal(counts[0], 1);
  assert.equal(counts[2], 1);
  assert.equal(counts[30], 1);
  assert.equal(counts[31], 1);
  assert.equal(counts[32], 2);
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    6,
  );
});

test("histograms count what has a number, the largest in the last bin", () => {
  const values = Float32Array.from([0, 0.5, 1, Number.NaN]);
  assert.deepEqual([...new Filters(4).histogram("error", values, 0, 1, 4)], [1, 0, 1, 1]);
});

test("a lasso has an inside, dents too", () => {
  const dented = [0, 0, 4, 0, 4, 4, 2, 1, 0, 4];
  assert.equal(inside(dented, 1, 1), true);
  assert.equal(inside(dented, 2, 3), false);
  assert.equal(inside(dented, 5, 1), false);
  assert.equal(inside(dented, Number.NaN, 1), false);
});

test("the first of many are those of a whole sort", () => {
  const count = 50_000;
  const values = Float32Array.from({ length: count }, (_, i) => (i % 7 === 0 ? Number.NaN : (i * 7919) % 10_007));
  const rows = Array.from({ length: count }, (_, i) => i);
  const sorted = (descending: boolean) =>
    rows
      .filter((row) => !Number.isNaN(values[row]))
      .sort((a, b) => (descending ? values[b] - values[a] : values[a] - values[b]) || a - b);
  for (const descending of [true, false]) {
    assert.deepEqual(ranked(rows, values, descending, 20), sorted(descending).slice(0, 20));
    assert.deepEqual(ranked(rows.slice(0, 900), values, descending, 5).length, 5);
  }
  assert.deepEqual(ranked([3, 5, 9], null, false, 2), [3, 5]);
});
