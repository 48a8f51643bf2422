/* The page: one state, from which everything is drawn; what is done to it changes the state. */
import { VIRIDIS_GRADIENT, viridis } from "./colours";
import { Detail } from "./detail";
import { byId, counted, element, shown, swatch } from "./dom";
import { Filters, inside, ranked } from "./filters";
import { IndexFile } from "./index_file";
import { Patches } from "./patches";
import { Plot, type Shape } from "./plot";
import { BINS, Histogram, ValueList } from "./sidebar";
import { read, rounded, type State, written } from "./state";
import { type BaseMap, Tiles } from "./tiles";
import { Values } from "./values";
import { mercator } from "./view";

const LABELS = "label";
const GRID_STEP = 60;
const RAMP = 256;
const MOST_LINK_MS = 250;

async function start(): Promise<void> {
  const index = await IndexFile.open("index.parquet");
  new Explorer(index, await Patches.load(index)).begin();
}

class Explorer {
  private state: State = read(location.hash.slice(1));
  private readonly filters: Filters;
  private readonly values: Values;
  private readonly detail: Detail;
  private readonly plots: Partial<Record<"map" | "plane", Plot>> = {};
  private readonly lists = new Map<string, ValueList>();
  private readonly histograms = new Map<string, Histogram>();
  private readonly shape: Shape = { edges: [] };
  private sizeWorld = 1e-5;
  private order: number[] = [];
  private limit = GRID_STEP;
  private selected = -1;
  private gridTurn = 0;
  private writing = 0;
  private asked = 0;

  constructor(
    index: IndexFile,
    private readonly patches: Patches,
  ) {
    this.filters = new Filters(patches.count);
    this.values = new Values(index);
    this.detail = new Detail(patches.said, this.values, (left, right) => this.change({ left, right }));
  }

  begin(): void {
    const { said } = this.patches;
    byId("title").textContent = said.title;
    document.title = `${said.title} - reben explorer`;
    this.offerColours();
    this.offerOrders();
    this.makeSidebar();
    this.listen();
    if (!said.placed) this.state.plot = "plane";
    if (!said.plane && !said.placed) byId("plots").hidden = byId("plot-head").hidden = true;
    for (const name of Object.keys(this.filterTests())) this.applyFilter(name);
    this.makePlots();
    this.showPlot();
    this.recolour();
    this.refresh();
    if (this.state.patch) void this.openNamed(this.state.patch);
    document.body.dataset.ready = "true";
    performance.mark("ready");
  }

  // ---------------------------------------------------------------- state

  private change(part: Partial<State>): void {
    Object.assign(this.state, part);
    this.writeLink();
  }

  /** The address follows the state, but not each frame of a movement. */
  private writeLink(): void {
    clearTimeout(this.writing);
    this.writing = window.setTimeout(() => history.replaceState(null, "", `#${written(this.state)}`), MOST_LINK_MS);
  }

  // -------------------------------------------------------------- filters

  private makeSidebar(): void {
    const { said } = this.patches;
    const parts: HTMLElement[] = [];
    for (const { key, title } of said.numbers) {
      const values = this.patches.numbers(key);
      const made = new Histogram(title, values, (between) => this.filterNumber(key, between));
      this.histograms.set(key, made);
      parts.push(made.root);
    }
    said.facets.forEach((facet) => {
      const open = facet.values.length > 1 && facet.values.length <= 12;
      parts.push(this.list(facet.key, facet.title, facet.values, facet.colours, open));
    });
    if (said.classes.length) {
      const [names, colours] = [said.classes.map(({ name }) => name), said.classes.map(({ colour }) => colour)];
      parts.splice(said.numbers.length + 1, 0, this.list(LABELS, "Label", names, colours, true));
    }
    byId("filters").replaceChildren(...parts);
  }

  private list(key: string, title: string, values: string[], colours: string[], open: boolean): HTMLElement {
    const made = new ValueList(title, values, colours, open, (value) => this.toggle(key, value));
    this.lists.set(key, made);
    return made.root;
  }

  private toggle(key: string, value: string): void {
    const now = this.state.chosen[key] ?? [];
    const next = now.includes(value) ? now.filter((other) => other !== value) : [...now, value];
    const chosen = { ...this.state.chosen, [key]: next };
    if (!next.length) delete chosen[key];
    this.change({ chosen });
    this.applyFilter(key);
    this.refresh();
  }

  private filterNumber(key: string, between: [number, number] | null): void {
    const all = { ...this.state.between };
    if (between) all[key] = between;
    else delete all[key];
    this.change({ between: all });
    this.applyFilter(key);
    this.refresh();
  }

  /** What the state filters by, as tests of rows. */
  private filterTests(): Record<string, (row: number) => boolean> {
    const { said } = this.patches;
    const tests: Record<string, (row: number) => boolean> = {};
    for (const facet of said.facets) {
      const chosen = this.state.chosen[facet.key];
      if (!chosen?.length) continue;
      const wanted = facet.values.map((value) => chosen.includes(value));
      const codes = this.patches.codes(facet);
      tests[facet.key] = (row) => wanted[codes[row]];
    }
    const labels = this.state.chosen[LABELS];
    if (labels?.length) {
      const indices = said.classes.flatMap(({ name }, i) => (labels.includes(name) ? [i] : []));
      tests[LABELS] = (row) => indices.some((i) => this.patches.hasLabel(row, i));
    }
    for (const { key } of said.numbers) {
      const between = this.state.between[key];
      const values = this.patches.numbers(key);
      if (between) tests[key] = (row) => values[row] >= between[0] && values[row] <= between[1];
    }
    const { lasso } = this.state;
    if (lasso && (lasso.plot === "map" ? said.placed : said.plane)) {
      const { x, y } = lasso.plot === "map" ? this.patches : this.patches.plane();
      tests.lasso = (row) => inside(lasso.points, x[row], y[row]);
    }
    return tests;
  }

  private applyFilter(key: string): void {
    this.filters.set(key, this.filterTests()[key] ?? null);
  }

  private reset(): void {
    this.change({ chosen: {}, between: {}, lasso: null });
    for (const key of [...this.lists.keys(), ...this.histograms.keys(), "lasso"]) this.applyFilter(key);
    this.refresh();
  }

  /** Draw everything that follows the filters, once a frame at most. */
  private refresh(): void {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      const count = this.filters.passing();
      byId("status").textContent = `${counted(count)} of ${counted(this.patches.count)} patches`;
      this.updateSidebar();
      this.updateChips();
      for (const plot of Object.values(this.plots)) {
        plot.lasso = null;
        plot.redraw();
      }
      const { lasso } = this.state;
      if (lasso && this.plots[lasso.plot]) this.plots[lasso.plot]!.lasso = lasso.points;
      this.limit = GRID_STEP;
      void this.updateGrid();
    });
  }

  private updateSidebar(): void {
    const { said } = this.patches;
    for (const facet of said.facets) {
      const counts = this.filters.counts(facet.key, this.patches.codes(facet), facet.values.length);
      this.lists.get(facet.key)!.update(counts, this.state.chosen[facet.key] ?? []);
    }
    const labels = this.lists.get(LABELS);
    if (labels)
      labels.update(
        this.filters.bitCounts(LABELS, this.patches.labels, said.classes.length),
        this.state.chosen[LABELS] ?? [],
      );
    for (const [key, made] of this.histograms)
      made.update(
        this.filters.histogram(key, this.patches.numbers(key), made.low, made.high, BINS),
        this.state.between[key],
      );
  }

  private updateChips(): void {
    const chip = (text: string, remove: () => void) =>
      element("button", { type: "button", "aria-label": `Remove the filter ${text}`, click: remove }, `${text} ✕`);
    const chips = Object.entries(this.state.chosen).flatMap(([key, values]) =>
      values.map((value) => chip(value, () => this.toggle(key, value))),
    );
    for (const { key, title } of this.patches.said.numbers) {
      const between = this.state.between[key];
      if (between)
        chips.push(chip(`${title} ${shown(between[0])} to ${shown(between[1])}`, () => this.filterNumber(key, null)));
    }
    if (this.state.lasso) chips.push(chip("Lasso", () => this.lasso(null)));
    byId("chips").replaceChildren(...chips);
  }

  // ---------------------------------------------------------------- plots

  private makePlots(): void {
    const { said, x, y, colour } = this.patches;
    const { failed } = this.filters;
    if (said.placed) {
      this.sizeWorld = this.patchSize();
      this.makePlot("map", { x, y, colour, failed }, this.sizeWorld);
      this.shape.edges = [];
      void this.patches.edges().then((edges) => {
        this.shape.edges = edges;
        this.plots.map!.shape = this.shape;
        this.plots.map!.redraw();
      });
      if (said.base_map) this.useBaseMap(said.base_map);
      else void this.readOutlines();
    } else byId("tab-map").hidden = true;
    if (said.plane) this.makePlot("plane", { ...this.patches.plane(), colour, failed }, 1e-9);
    else byId("tab-plane").hidden = true;
  }

  private makePlot(name: "map" | "plane", points: Plot["points"], size: number): void {
    const plot = new Plot(byId(name), points, size, {
      picked: (row) => (row < 0 ? undefined : this.open(row)),
      hovered: (row, px, py) => this.hover(row, px, py),
      lassoed: (found) => this.lasso({ plot: name, points: found.map(rounded) }),
      moved: (view) => this.change({ views: { ...this.state.views, [name]: view } }),
    });
    this.plots[name] = plot;
  }

  /** Side of a patch in units of the world: twice the way to an edge, of the patch in the middle of the table. */
  private patchSize(): number {
    const latitude =
      2 * Math.atan(Math.exp((0.5 - this.patches.y[this.patches.count >> 1]) * 2 * Math.PI)) - Math.PI / 2;
    return this.patches.said.patch_size_m / 40_075_017 / Math.cos(latitude);
  }

  private useBaseMap(map: BaseMap): void {
    const plot = this.plots.map!;
    plot.tiles = new Tiles(map, () => plot.redraw());
    byId("credit").textContent = map.credit;
  }

  private async readOutlines(): Promise<void> {
    const rings: number[][] = await (await fetch("outlines.json")).json();
    const lines = new Path2D();
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) {
        const [x, y] = mercator(ring[i], ring[i + 1]);
        if (i) lines.lineTo(x, y);
        else lines.moveTo(x, y);
      }
      lines.closePath();
    }
    this.plots.map!.lines = lines;
    this.plots.map!.redraw();
  }

  private showPlot(): void {
    const { said } = this.patches;
    const name = this.state.plot === "plane" && said.plane ? "plane" : "map";
    for (const other of ["map", "plane"] as const) {
      byId(other).hidden = other !== name;
      byId("credit").hidden = name !== "map" || !said.base_map;
      byId(`tab-${other}`).setAttribute("aria-selected", String(other === name));
    }
    byId("plot-title").textContent = name === "plane" ? said.plane!.title : "";
    const plot = this.plots[name];
    if (!plot) return;
    const view = this.state.views[name];
    if (view) plot.view = { ...view };
    else plot.fit();
    plot.resize();
  }

  private get plot(): Plot | undefined {
    return this.plots[this.state.plot];
  }

  private lasso(lasso: State["lasso"]): void {
    this.change({ lasso });
    this.applyFilter("lasso");
    this.setLassoing(false);
    this.refresh();
  }

  private setLassoing(on: boolean): void {
    byId("lasso").setAttribute("aria-pressed", String(on));
    for (const [name, plot] of Object.entries(this.plots)) {
      plot.lassoing = on;
      byId(name).classList.toggle("lassoing", on);
    }
  }

  private hover(row: number, px: number, py: number): void {
    const box = byId("hover");
    box.hidden = row < 0;
    if (row < 0) return;
    const { said } = this.patches;
    const split = said.facets.slice(0, 2).map((facet) => this.patches.valueOf(facet, row));
    box.textContent = [...split, ...this.patches.labelsOf(row)].join(", ");
    const plots = byId("plots");
    box.style.left = `${Math.min(px + 12, Math.max(0, plots.clientWidth - box.offsetWidth - 4))}px`;
    box.style.top = `${Math.min(py + 12, Math.max(0, plots.clientHeight - box.offsetHeight - 4))}px`;
  }

  // --------------------------------------------------------------- colour

  private offerColours(): void {
    const { said } = this.patches;
    const choices = [
      ...said.facets.filter(({ values }) => values.length > 1 || said.facets.length === 1),
      ...(said.classes.length ? [{ key: LABELS, title: "Rarest label" }] : []),
      ...said.numbers,
    ];
    const select = byId<HTMLSelectElement>("colour");
    select.append(...choices.map(({ key, title }) => element("option", { value: key }, title)));
    if (choices.some(({ key }) => key === this.state.colour)) select.value = this.state.colour;
    select.addEventListener("change", () => {
      this.change({ colour: select.value });
      this.recolour();
    });
  }

  private recolour(): void {
    const { said, colour } = this.patches;
    const key = byId<HTMLSelectElement>("colour").value;
    const facet = said.facets.find((one) => one.key === key);
    const number = said.numbers.find((one) => one.key === key);
    let palette: string[] = ["#808080"];
    let entries: Node[] = [];
    if (facet) {
      colour.set(this.patches.codes(facet));
      palette = facet.colours;
      entries = facet.values.map((value, i) => element("li", {}, swatch(palette[i]), value));
    } else if (number) {
      const { low, high } = this.histograms.get(key)!;
      const values = this.patches.numbers(key);
      for (let row = 0; row < colour.length; row++)
        colour[row] = Number.isNaN(values[row])
          ? RAMP
          : Math.max(0, Math.min(RAMP - 1, Math.round(((values[row] - low) / (high - low)) * (RAMP - 1))));
      palette = [...Array.from({ length: RAMP }, (_, i) => viridis(i / (RAMP - 1))), "#808080"];
      const ramp = element("div", { class: "gradient" });
      ramp.style.background = VIRIDIS_GRADIENT;
      entries = [
        element("li", {}, number.title),
        element("li", {}, ramp),
        element("li", {}, `${shown(low)} to ${shown(high)}`),
      ];
    } else if (key === LABELS) {
      palette = said.classes.map(({ colour: one }) => one);
      this.colourByRarest();
      entries = said.classes.map((one) => element("li", {}, swatch(one.colour), one.name));
    }
    byId("key").replaceChildren(...entries);
    for (const plot of Object.values(this.plots)) plot.setPalette(palette);
  }

  private colourByRarest(): void {
    const { said, colour, labels } = this.patches;
    const counts = new Filters(this.patches.count).bitCounts("", labels, said.classes.length);
    const rarest = said.classes.map((_, i) => i).sort((a, b) => counts[a] - counts[b]);
    for (let row = 0; row < colour.length; row++) colour[row] = rarest.find((i) => this.patches.hasLabel(row, i)) ?? 0;
  }

  // ----------------------------------------------------------------- grid

  private offerOrders(): void {
    const select = byId<HTMLSelectElement>("sort");
    const choices: [string, string][] = [["", "By name"]];
    for (const { key, title } of this.patches.said.numbers)
      choices.push([`-${key}`, `${title}, largest first`], [key, `${title}, smallest first`]);
    select.append(...choices.map(([value, name]) => element("option", { value }, name)));
    if (choices.some(([value]) => value === this.state.sort)) select.value = this.state.sort;
    select.addEventListener("change", () => {
      this.change({ sort: select.value });
      this.limit = GRID_STEP;
      void this.updateGrid();
    });
  }

  private async updateGrid(): Promise<void> {
    const turn = ++this.gridTurn;
    const key = byId<HTMLSelectElement>("sort").value;
    const number = key.replace(/^-/, "");
    const rows = this.filters.rows();
    this.order = ranked(rows, number ? this.patches.numbers(number) : null, key.startsWith("-"), this.limit);
    const tiles = await Promise.all(this.order.map((row) => this.tile(row, number)));
    if (turn !== this.gridTurn) return;
    byId("grid").replaceChildren(...tiles);
    byId("more").hidden = this.order.length >= rows.length;
    this.markCurrent();
  }

  private async tile(row: number, number = ""): Promise<HTMLElement> {
    const caption = number
      ? shown(this.patches.numbers(number)[row])
      : (this.patches.labelsOf(row)[0] ?? this.patches.said.facets.map((f) => this.patches.valueOf(f, row))[0] ?? "");
    const image = element("img", { alt: "", loading: "lazy" });
    const labels = this.patches.labelsOf(row).join(", ") || `patch ${row}`;
    const source = await this.values.thumbnail(row);
    image.addEventListener("load", () => URL.revokeObjectURL(source), { once: true });
    image.src = source;
    return element(
      "button",
      {
        type: "button",
        class: "patch",
        "data-row": row,
        title: labels,
        "aria-label": `${caption}: ${labels}`,
        click: () => this.open(row),
      },
      image,
      element("span", {}, caption),
    );
  }

  private markCurrent(): void {
    for (const tile of byId("grid").querySelectorAll<HTMLElement>(".patch"))
      tile.setAttribute("aria-current", String(Number(tile.dataset.row) === this.selected));
  }

  // --------------------------------------------------------------- detail

  private async openNamed(id: string): Promise<void> {
    const row = (await this.patches.allIds()).indexOf(id);
    if (row >= 0) await this.open(row);
  }

  private async open(row: number): Promise<void> {
    byId("detail").hidden = false;
    this.selected = row;
    for (const plot of Object.values(this.plots)) {
      plot.selected = row;
      plot.marked = [];
      if (plot === this.plot) plot.show(row);
      plot.redraw();
    }
    this.markCurrent();
    const [[id], probabilities] = await Promise.all([this.patches.ids([row]), this.patches.probabilities(row)]);
    if (this.selected !== row) return;
    this.change({ patch: id });
    const { said } = this.patches;
    const lines: [string, string][] = [
      ...said.facets.map((facet): [string, string] => [facet.title, this.patches.valueOf(facet, row)]),
      ...said.numbers.map(({ key, title }): [string, string] => [title, shown(this.patches.numbers(key)[row])]),
    ];
    const facts = { row, id, lines, labels: this.patches.labelsOf(row), probabilities };
    const shownNow = this.detail.show(facts, this.state.left, this.state.right);
    await Promise.all([shownNow, this.showRelated(row)]);
  }

  private async showRelated(row: number): Promise<void> {
    const { said } = this.patches;
    const { beside, otherDates } = said.placed
      ? this.patches.around(row, this.sizeWorld)
      : { beside: [], otherDates: [] };
    const alike = said.plane ? (await this.values.nearest(row)).slice(0, 8) : [];
    const strips = [
      { title: "Other dates of this ground", rows: otherDates },
      { title: "Nearest in the embedding", rows: alike },
      { title: "Neighbours on the ground", rows: beside },
    ].filter(({ rows }) => rows.length);
    const made = strips.map(async ({ title, rows }) => {
      const tiles = await Promise.all(rows.slice(0, 8).map((other) => this.tile(other)));
      return [element("h3", {}, title), element("div", { class: "strip" }, ...tiles)];
    });
    const parts = (await Promise.all(made)).flat();
    if (this.selected !== row) return;
    byId("related").replaceChildren(...parts);
    if (this.plots.plane) this.plots.plane.marked = alike;
    if (this.plots.map) this.plots.map.marked = alike;
    this.plot?.redraw();
  }

  private close(): void {
    byId("detail").hidden = true;
    this.selected = -1;
    this.change({ patch: "" });
    for (const plot of Object.values(this.plots)) {
      plot.selected = -1;
      plot.marked = [];
      plot.redraw();
    }
    this.markCurrent();
  }

  /** The patch before or behind the open one in the order of the grid. */
  private step(by: number): void {
    const place = this.order.indexOf(this.selected);
    const next = this.order[place + by];
    if (place >= 0 && next !== undefined) void this.open(next);
  }

  // -------------------------------------------------------------- actions

  private listen(): void {
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault(); // what stands behind # in the address is the state
      byId("grid").focus();
    });
    byId("reset").addEventListener("click", () => this.reset());
    byId("save").addEventListener("click", () => void this.save());
    byId("link").addEventListener("click", () => void this.copyLink());
    byId("more").addEventListener("click", () => {
      this.limit += GRID_STEP;
      void this.updateGrid();
    });
    byId("close").addEventListener("click", () => this.close());
    byId("lasso").addEventListener("click", () => this.setLassoing(!this.plot?.lassoing));
    byId("zoom-in").addEventListener("click", () => this.plot?.zoom(1.5));
    byId("zoom-out").addEventListener("click", () => this.plot?.zoom(1 / 1.5));
    byId("fit").addEventListener("click", () => this.plot?.fit());
    for (const name of ["map", "plane"] as const)
      byId(`tab-${name}`).addEventListener("click", () => {
        this.change({ plot: name });
        this.showPlot();
      });
    const filters = byId("show-filters");
    filters.addEventListener("click", () =>
      filters.setAttribute("aria-expanded", String(byId("filters").classList.toggle("open"))),
    );
    window.addEventListener("hashchange", () => location.reload());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot?.redraw());
    document.addEventListener("keydown", (event) => {
      const typing = (event.target as HTMLElement).closest("input, select, .plot");
      if (event.key === "Escape") this.close();
      else if (!typing && event.key === "ArrowRight") this.step(1);
      else if (!typing && event.key === "ArrowLeft") this.step(-1);
    });
  }

  /** The ids of the chosen patches as a text file, one a line. */
  private async save(): Promise<void> {
    const ids = await this.patches.allIds();
    const text = `${this.filters
      .rows()
      .map((row) => ids[row])
      .join("\n")}\n`;
    const link = element("a", { href: URL.createObjectURL(new Blob([text])), download: "patches.txt" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  private async copyLink(): Promise<void> {
    history.replaceState(null, "", `#${written(this.state)}`);
    const button = byId("link");
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Link copied";
    } catch {
      button.textContent = "Copy it from the address bar";
    }
    setTimeout(() => {
      button.textContent = "Copy link";
    }, 2_000);
  }
}

start().catch((error: Error) => {
  byId("status").textContent = `This page cannot be shown: ${error.message}`;
  document.body.dataset.failed = "true";
});
