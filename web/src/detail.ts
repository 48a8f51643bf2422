/* One patch: two pictures with a swipe between them, the spectrum of a pixel, labels, and patches that are related. */
import { classMap, composite, type Picture, radar } from "./bands";
import { byId, element, shown, swatch } from "./dom";
import type { Said } from "./index_file";
import { type Tensor, tensorsOf } from "./safetensors";
import type { Values } from "./values";

export interface Facts {
  row: number;
  id: string;
  lines: [string, string][];
  labels: string[];
  probabilities: number[] | null;
}

export interface Related {
  title: string;
  rows: number[];
}

const SPECTRUM = { width: 300, height: 110, left: 34, bottom: 18, top: 8 };
const TWO_BANDS = 2;

export class Detail {
  private tensors: Record<string, Tensor> = {};
  private legend: Said["legend"] = [];
  private turn = 0;
  private pixel: [number, number] = [0.5, 0.5];
  private readonly left = byId<HTMLSelectElement>("left");
  private readonly right = byId<HTMLSelectElement>("right");
  private readonly swipe = byId<HTMLInputElement>("swipe");
  private readonly pictures = byId("pictures");

  constructor(
    private readonly said: Said,
    private readonly values: Values,
    private readonly changed: (left: string, right: string) => void,
  ) {
    for (const select of [this.left, this.right])
      select.addEventListener("change", () => {
        this.changed(this.left.value, this.right.value);
        this.paint();
      });
    this.swipe.addEventListener("input", () => this.slide());
    this.pictures.addEventListener("pointermove", (event) => this.point(event));
    this.pictures.addEventListener("pointerdown", (event) => this.point(event));
    for (const channel of ["red", "green", "blue"]) byId(channel).addEventListener("change", () => this.paint());
  }

  /** Show a patch; what takes time appears as it comes. */
  async show(facts: Facts, left: string, right: string): Promise<void> {
    const turn = ++this.turn;
    this.write(facts);
    const parts = await Promise.all((["s2", "s1", "map"] as const).map((part) => this.values.value(facts.row, part)));
    if (turn !== this.turn) return;
    this.tensors = Object.assign({}, ...parts.map((value) => (value ? tensorsOf(value) : {})));
    this.offer(left, right);
    this.paint();
    this.slide();
  }

  private write(facts: Facts): void {
    byId("patch-id").textContent = facts.id;
    const lines = facts.lines.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
    byId("facts").replaceChildren(...lines);
    const rows = this.said.classes
      .map((entry, i) => ({
        ...entry,
        there: facts.labels.includes(entry.name),
        probability: facts.probabilities ? facts.probabilities[i] : Number.NaN,
      }))
      .filter((entry) => entry.there || entry.probability >= 0.01)
      .sort((a, b) => (b.probability || 0) - (a.probability || 0));
    byId("labels").replaceChildren(
      ...rows.map(({ name, colour, there, probability }) => {
        const bar = element("span", { class: "bar", "aria-hidden": "true" });
        bar.style.width = `${100 * (probability || 0)}%`;
        const known = !Number.isNaN(probability);
        const wrong = known && there !== probability >= 0.5;
        const said = there ? (wrong ? "missed" : "label") : wrong ? "wrong" : "";
        return element(
          "li",
          { class: wrong ? "wrong" : there ? "there" : "" },
          bar,
          swatch(colour),
          element("span", { class: "name" }, name),
          element("span", { class: "mark" }, said),
          element("span", { class: "count" }, known ? probability.toFixed(2) : ""),
        );
      }),
    );
  }

  /** The pictures that this patch has. */
  private offer(left: string, right: string): void {
    const { screen } = this.said;
    const has = (names: string[]) => names.every((name) => this.tensors[name]);
    const bands = Object.keys(this.tensors).filter((name) => name !== screen.map_tensor);
    const choices: [string, string][] = [
      ...(has(screen.true_colour) ? [["true", "True colour"] as [string, string]] : []),
      ...(has(screen.infrared) ? [["infrared", "Infrared"] as [string, string]] : []),
      ...(has(screen.radar) ? [["radar", "Radar (VV, VH)"] as [string, string]] : []),
      ...(this.tensors[screen.map_tensor] ? [["map", "Reference map"] as [string, string]] : []),
      ...(bands.length ? [["bands", "Three bands"] as [string, string]] : []),
    ];
    const wanted = [left, right || (choices.length > 1 ? choices[choices.length - TWO_BANDS][0] : left)];
    [this.left, this.right].forEach((select, i) => {
      select.replaceChildren(...choices.map(([value, name]) => element("option", { value }, name)));
      select.value = choices.some(([value]) => value === wanted[i]) ? wanted[i] : (choices[0]?.[0] ?? "");
    });
    ["red", "green", "blue"].forEach((channel, i) => {
      const select = byId<HTMLSelectElement>(channel);
      const before = select.value || screen.infrared[i];
      select.replaceChildren(...bands.map((name) => element("option", { value: name }, name)));
      select.value = bands.includes(before) ? before : (bands[Math.min(i, bands.length - 1)] ?? "");
    });
  }

  private paint(): void {
    this.legend = [];
    put(byId<HTMLCanvasElement>("left-picture"), this.picture(this.left.value));
    put(byId<HTMLCanvasElement>("right-picture"), this.picture(this.right.value));
    byId("three-bands").hidden = this.left.value !== "bands" && this.right.value !== "bands";
    byId("legend").replaceChildren(...this.legend.map((entry) => element("li", {}, swatch(entry.colour), entry.name)));
    this.spectrum();
  }

  private picture(kind: string): Picture | null {
    const { screen, codes, legend } = this.said;
    if (kind === "radar") return radar(this.tensors, screen);
    if (kind === "map") {
      const { picture, found } = classMap(this.tensors[screen.map_tensor], codes, legend, screen.unlabelled);
      const none = { name: "Unlabelled", colour: screen.unlabelled };
      this.legend = found.map((index) => (index < 0 ? none : legend[index]));
      return picture;
    }
    const chosen = ["red", "green", "blue"].map((channel) => byId<HTMLSelectElement>(channel).value);
    const names = { true: screen.true_colour, infrared: screen.infrared, bands: chosen }[kind];
    return names ? composite(this.tensors, names, screen) : null;
  }

  private slide(): void {
    const share = Number(this.swipe.value);
    byId("right-picture").style.clipPath = `inset(0 0 0 ${share}%)`;
    byId("divider").style.left = `${share}%`;
  }

  private point(event: PointerEvent): void {
    const box = this.pictures.getBoundingClientRect();
    this.pixel = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (event.buttons) {
      this.swipe.value = String(Math.round(100 * this.pixel[0]));
      this.slide();
    }
    this.spectrum();
  }

  /** The values of a pixel: reflectance over wavelength as a curve, decibels as text. */
  private spectrum(): void {
    const { wavelengths_nm, radar: radarNames } = this.said.screen;
    const at = ({ data, rows, columns }: Tensor) => {
      const row = Math.min(rows - 1, Math.max(0, Math.floor(this.pixel[1] * rows)));
      return data[row * columns + Math.min(columns - 1, Math.max(0, Math.floor(this.pixel[0] * columns)))];
    };
    const curve = Object.keys(this.tensors)
      .filter((name) => wavelengths_nm[name])
      .map((name) => ({ name, nm: wavelengths_nm[name], share: at(this.tensors[name]) / 10_000 }))
      .sort((a, b) => a.nm - b.nm);
    byId("spectrum").replaceChildren(...(curve.length ? [drawn(curve)] : []));
    const decibels = radarNames
      .filter((name) => this.tensors[name])
      .map((name) => `${name} ${at(this.tensors[name]).toFixed(1)} dB`);
    const said = curve.map(({ name, share }) => `${name} ${share.toFixed(3)}`);
    byId("spectrum-text").textContent = decibels.join(", ");
    byId("spectrum").setAttribute("aria-label", `Reflectance of the pixel: ${said.join(", ")}`);
  }
}

function put(canvas: HTMLCanvasElement, picture: Picture | null): void {
  canvas.hidden = picture === null;
  if (!picture) return;
  canvas.width = canvas.height = picture.side;
  canvas.getContext("2d")!.putImageData(new ImageData(picture.pixels, picture.side, picture.side), 0, 0);
}

function drawn(curve: { name: string; nm: number; share: number }[]): SVGElement {
  const { width, height, left, bottom, top } = SPECTRUM;
  const highest = Math.max(0.1, ...curve.map(({ share }) => share));
  const x = (nm: number) => left + ((nm - 400) / 1900) * (width - left - 10);
  const y = (share: number) => top + (1 - share / highest) * (height - bottom - top);
  const made = (tag: string, attributes: Record<string, string | number>, text = "") => {
    const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, String(value));
    part.textContent = text;
    return part;
  };
  const svg = made("svg", { viewBox: `0 0 ${width} ${height}` });
  const line = curve.map(({ nm, share }) => `${x(nm).toFixed(1)},${y(share).toFixed(1)}`).join(" ");
  svg.append(
    made("line", { x1: left, x2: width, y1: y(0), y2: y(0), class: "axis" }),
    made("text", { x: left - 4, y: y(0), class: "end" }, "0"),
    made("text", { x: left - 4, y: top + 8, class: "end" }, shown(highest)),
    made("text", { x: left, y: height - 3 }, "400 nm"),
    made("text", { x: width, y: height - 3, class: "end" }, "2,300 nm"),
    made("polyline", { points: line }),
    ...curve.map(({ name, nm, share }) => {
      const dot = made("circle", { cx: x(nm), cy: y(share), r: 2.5 });
      dot.append(made("title", {}, `${name}, ${nm} nm: ${share.toFixed(3)}`));
      return dot;
    }),
  );
  return svg;
}
