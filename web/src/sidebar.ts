/* The filters: values with their counts as bars that can be chosen, and histograms between whose ends one can choose. */
import { counted, element, shown, swatch } from "./dom";

const SEARCH_FROM = 12; // values, from which on a list can be searched

/** A list of values; each is a button that is pressed while it is chosen. */
export class ValueList {
  readonly root: HTMLDetailsElement;
  private readonly buttons: HTMLButtonElement[];

  constructor(
    title: string,
    readonly values: string[],
    colours: string[],
    open: boolean,
    toggled: (value: string) => void,
  ) {
    this.buttons = values.map((value, i) =>
      element(
        "button",
        { type: "button", class: "value", "aria-pressed": "false", title: value, click: () => toggled(value) },
        element("span", { class: "bar", "aria-hidden": "true" }),
        swatch(colours[i]),
        element("span", { class: "name" }, value),
        element("span", { class: "count" }),
      ),
    );
    const search = element("input", {
      type: "search",
      placeholder: `Find ${title.toLowerCase()}`,
      "aria-label": `Find ${title.toLowerCase()}`,
      input: () => this.find(search.value),
    });
    const list = element("div", { class: "values", role: "group", "aria-label": title }, ...this.buttons);
    this.root = element("details", { class: "filter" }, element("summary", {}, title));
    this.root.open = open;
    if (values.length >= SEARCH_FROM) this.root.append(search);
    this.root.append(list);
  }

  update(counts: Int32Array, chosen: readonly string[]): void {
    const most = Math.max(1, ...counts);
    this.buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(chosen.includes(this.values[i])));
      button.classList.toggle("empty", counts[i] === 0);
      (button.firstElementChild as HTMLElement).style.width = `${(100 * counts[i]) / most}%`;
      button.lastElementChild!.textContent = counted(counts[i]);
    });
  }

  private find(text: string): void {
    this.buttons.forEach((button, i) => {
      button.hidden = !this.values[i].toLowerCase().includes(text.toLowerCase());
    });
  }
}

export const BINS = 40;

/** A histogram with a field for each end. */
export class Histogram {
  readonly root: HTMLDetailsElement;
  readonly low: number;
  readonly high: number;
  private readonly bars: HTMLElement[];
  private readonly ends: [HTMLInputElement, HTMLInputElement];

  constructor(
    title: string,
    values: Float32Array,
    private readonly changed: (between: [number, number] | null) => void,
  ) {
    [this.low, this.high] = extent(values);
    this.bars = Array.from({ length: BINS }, () => element("span", {}));
    const field = (name: string) =>
      element("input", {
        type: "number",
        step: "any",
        "aria-label": `${title}: ${name}`,
        placeholder: shown(name === "at least" ? this.low : this.high),
        change: () => this.read(),
      });
    this.ends = [field("at least"), field("at most")];
    const chart = element("div", { class: "histogram", "aria-hidden": "true" }, ...this.bars);
    this.brush(chart);
    const row = element("div", { class: "ends" }, this.ends[0], element("span", {}, "to"), this.ends[1]);
    this.root = element("details", { class: "filter" }, element("summary", {}, title), chart, row);
    this.root.open = true;
  }

  update(counts: Int32Array, between: [number, number] | undefined): void {
    const most = Math.max(1, ...counts);
    this.bars.forEach((bar, i) => {
      const middle = this.low + ((i + 0.5) * (this.high - this.low)) / BINS;
      bar.style.height = counts[i] ? `${Math.max(3, (100 * counts[i]) / most)}%` : "0";
      bar.classList.toggle("outside", between !== undefined && (middle < between[0] || middle > between[1]));
    });
    if (document.activeElement !== this.ends[0]) this.ends[0].value = between ? shown(between[0]) : "";
    if (document.activeElement !== this.ends[1]) this.ends[1].value = between ? shown(between[1]) : "";
  }

  private read(): void {
    const [low, high] = this.ends.map((end) => (end.value === "" ? null : Number(end.value)));
    this.changed(low === null && high === null ? null : [low ?? this.low, high ?? this.high]);
  }

  /** Dragging over the bars chooses what lies between; a click takes the choice away. */
  private brush(chart: HTMLElement): void {
    let start = 0;
    const place = (event: PointerEvent) => {
      const box = chart.getBoundingClientRect();
      return this.low + (this.high - this.low) * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    chart.addEventListener("pointerdown", (event) => {
      chart.setPointerCapture(event.pointerId);
      start = place(event);
    });
    chart.addEventListener("pointermove", (event) => {
      if (chart.hasPointerCapture(event.pointerId)) this.between(start, place(event));
    });
    chart.addEventListener("pointerup", (event) => this.between(start, place(event)));
  }

  private between(from: number, to: number): void {
    const small = Math.abs(to - from) < (this.high - this.low) / BINS / 2;
    this.changed(small ? null : [Math.min(from, to), Math.max(from, to)]);
  }
}

function extent(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low < high ? [low, high] : low === high ? [low, low + 1] : [0, 1];
}
