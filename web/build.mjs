/* Build the page, or its tests. The same sources give the same bytes, so that a test can compare. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const tests = process.argv[2] === "--tests";
const target = process.argv[tests ? 3 : 2];
if (!target) throw new Error("usage: node build.mjs [--tests] FOLDER");
const common = { bundle: true, format: "esm", target: "es2022", absWorkingDir: here, logLevel: "warning" };

if (tests) {
  rmSync(target, { recursive: true, force: true });
  const entryPoints = readdirSync(join(here, "test")).map((name) => `test/${name}`);
  await build({ ...common, entryPoints, outdir: target, platform: "node" });
} else {
  mkdirSync(target, { recursive: true });
  await build({ ...common, entryPoints: ["src/main.ts"], outfile: join(target, "explorer.js"), minify: true });
  await build({ ...common, entryPoints: ["src/style.css"], outfile: join(target, "style.css"), minify: true });
  cpSync(join(here, "src/index.html"), join(target, "index.html"));
  const licence = readFileSync(join(here, "node_modules/hyparquet/LICENSE"), "utf8");
  writeFileSync(join(target, "LICENSES.txt"), `explorer.js contains hyparquet (MIT):\n\n${licence}`);
}
