/* A plot of points that can be moved, zoomed, clicked and lassoed: the map, and the plane of embeddings. */
import { abgr, type Points, pick, type Raster, rasterise } from "./raster";
import type { Tiles } from "./tiles";
import { fitting, toWorld, type View, zoomed } from "./view";

export interface Shape {
  /** Half the way to the eastern and to the northern edge of each patch, in units of the world. */
  edges: Float32Array[];
}

export interface PlotEvents {
  picked(row: number): void;
  hovered(row: number, px: number, py: number): void;
  lassoed(points: number[]): void;
  moved(view: View): void;
}

const NEAR_PX = 5; // footprints are drawn as such from this size on
const MOST_FOOTPRINTS = 6_000;
const REACH_PX = 6;
const CLICK_PX = 4;

export class Plot {
  view: View = { x: 0.5, y: 0.5, scale: 256 };
  lassoing = false;
  selected = -1;
  /** Rows that are marked, such as the neighbours of the selected patch. */
  marked: number[] = [];
  lasso: number[] | null = null;
  /** A base map, if the user has named one. */
  tiles: Tiles | null = null;
  /** Coastlines and borders, where they are known. */
  lines: Path2D | null = null;
  /** Edges of patches, where they are known. */
  shape: Shape | null = null;
  /** Frames drawn so far, for measurements. */
  frames = 0;
  private readonly base: CanvasRenderingContext2D;
  private readonly dots: CanvasRenderingContext2D;
  private readonly over: CanvasRenderingContext2D;
  private raster: Raster = { width: 0, height: 0, pixels: new Uint32Array(), rows: new Int32Array() };
  private image = new ImageData(1, 1);
  private asked = false;
  private drawing: number[] | null = null;
  private readonly pointers = new Map<number, [number, number]>();
  private palette = new Uint32Array();

  constructor(
    private readonly host: HTMLElement,
    readonly points: Points,
    private readonly sizeWorld: number,
    private readonly events: PlotEvents,
  ) {
    const canvases = [0, 1, 2].map(() => host.appendChild(document.createElement("canvas")));
    [this.base, this.dots, this.over] = canvases.map((canvas) => canvas.getContext("2d")!);
    new ResizeObserver(() => this.resize()).observe(host);
    this.listen();
    this.resize();
  }

  get width(): number {
    return this.host.clientWidth;
  }

  get height(): number {
    return this.host.clientHeight;
  }

  setPalette(colours: string[]): void {
    this.palette = Uint32Array.from(colours, (colour) => abgr(colour));
    this.redraw();
  }

  fit(): void {
    this.view = fitting(this.points.x, this.points.y, this.width, this.height, this.sizeWorld);
    this.moved();
  }

  /** Move so far that a point can be seen. */
  show(row: number): void {
    const away = (at: number, middle: number, length: number) =>
      Math.abs(at - middle) * this.view.scale > length / 2 - 20;
    const { x, y } = this.points;
    if (Number.isNaN(x[row])) return;
    if (!away(x[row], this.view.x, this.width) && !away(y[row], this.view.y, this.height)) return;
    this.view = { ...this.view, x: this.points.x[row], y: this.points.y[row] };
    this.moved();
  }

  zoom(factor: number, px = this.width / 2, py = this.height / 2): void {
    this.view = zoomed(this.view, factor, px, py, this.width, this.height);
    this.moved();
  }

  redraw(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      if (this.width && this.height) this.draw();
    });
  }

  private moved(): void {
    this.events.moved(this.view);
    this.redraw();
  }

  private get ratio(): number {
    return Math.min(2, window.devicePixelRatio || 1);
  }

  /** Fit the canvases to the place that they have now. */
  resize(): void {
    const [width, height] = [this.width, this.height].map((side) => Math.round(side * this.ratio));
    if (!width || !height) return;
    for (const { canvas } of [this.base, this.dots, this.over]) [canvas.width, canvas.height] = [width, height];
    this.image = new ImageData(width, height);
    const pixels = new Uint32Array(this.image.data.buffer);
    this.raster = { width, height, pixels, rows: new Int32Array(width * height) };
    this.redraw();
  }

  private draw(): void {
    const style = getComputedStyle(this.host);
    const device = { ...this.view, scale: this.view.scale * this.ratio };
    this.drawBase(style, device);
    const patchPx = this.sizeWorld * device.scale;
    const side = Math.round(Math.max(this.smallest() * this.ratio, Math.min(patchPx, 12)));
    const faint = abgr(style.getPropertyValue("--faint").trim() || "#888888", 60);
    rasterise(this.points, this.palette, faint, device, side, this.raster);
    const near = this.shape !== null && patchPx >= NEAR_PX * this.ratio;
    const rows = near ? this.visible(device) : [];
    const outlined = near && rows.length <= MOST_FOOTPRINTS;
    if (outlined) this.dots.clearRect(0, 0, this.raster.width, this.raster.height);
    else this.dots.putImageData(this.image, 0, 0);
    this.drawOver(style, device, outlined ? rows : []);
    this.frames++;
    this.host.dataset.frames = String(this.frames);
    if (this.frames === 1) performance.mark("first-map");
  }

  private smallest(): number {
    return this.points.x.length > 200_000 ? 2 : this.points.x.length > 5_000 ? 3 : 6;
  }

  private drawBase(style: CSSStyleDeclaration, view: View): void {
    const { base } = this;
    base.setTransform(1, 0, 0, 1, 0, 0);
    base.clearRect(0, 0, base.canvas.width, base.canvas.height);
    this.tiles?.draw(base, view, base.canvas.width, base.canvas.height);
    if (!this.lines || this.tiles) return;
    base.setTransform(
      view.scale,
      0,
      0,
      view.scale,
      base.canvas.width / 2 - view.x * view.scale,
      base.canvas.height / 2 - view.y * view.scale,
    );
    base.lineWidth = this.ratio / view.scale;
    base.fillStyle = style.getPropertyValue("--land");
    base.strokeStyle = style.getPropertyValue("--border");
    base.fill(this.lines);
    base.stroke(this.lines);
  }

  /** Rows of patches whose ground is on the screen. */
  private visible(view: View): number[] {
    const reachX = this.raster.width / 2 / view.scale + this.sizeWorld;
    const reachY = this.raster.height / 2 / view.scale + this.sizeWorld;
    const { x, y } = this.points;
    const found: number[] = [];
    for (let row = 0; row < x.length; row++)
      if (Math.abs(x[row] - view.x) <= reachX && Math.abs(y[row] - view.y) <= reachY) found.push(row);
    return found;
  }

  private drawOver(style: CSSStyleDeclaration, view: View, footprints: number[]): void {
    const { over } = this;
    over.clearRect(0, 0, over.canvas.width, over.canvas.height);
    over.lineWidth = this.ratio;
    over.strokeStyle = style.getPropertyValue("--footprint");
    for (const row of footprints) {
      this.outline(row, view);
      const failed = this.points.failed[row] !== 0;
      over.fillStyle = failed ? style.getPropertyValue("--faint") : css(this.palette[this.points.colour[row]]);
      over.globalAlpha = failed ? 0.15 : 0.75;
      over.fill();
      over.globalAlpha = 1;
      over.stroke();
    }
    over.strokeStyle = style.getPropertyValue("--mark");
    over.lineWidth = 2 * this.ratio;
    for (const row of this.marked) this.ring(row, view, 5);
    over.strokeStyle = style.getPropertyValue("--accent");
    over.lineWidth = 3 * this.ratio;
    if (this.selected >= 0) this.ring(this.selected, view, 8);
    const lasso = this.drawing ?? this.lasso;
    if (lasso) this.drawLasso(lasso, view);
  }

  private ring(row: number, view: View, radius: number): void {
    if (Number.isNaN(this.points.x[row])) return;
    if (this.shape && this.sizeWorld * view.scale > 2 * radius * this.ratio) this.outline(row, view);
    else {
      this.over.beginPath();
      this.over.arc(...this.toPixels(this.points.x[row], this.points.y[row], view), radius * this.ratio, 0, 7);
    }
    this.over.stroke();
  }

  private outline(row: number, view: View): void {
    const [ex, ey, nx, ny] = this.shape!.edges.map((edge) => edge[row]);
    const [x, y] = [this.points.x[row], this.points.y[row]];
    this.over.beginPath();
    for (const [e, n] of [
      [-1, 1],
      [1, 1],
      [1, -1],
      [-1, -1],
    ])
      this.over.lineTo(...this.toPixels(x + e * ex + n * nx, y + e * ey + n * ny, view));
    this.over.closePath();
  }

  private drawLasso(points: number[], view: View): void {
    const { over } = this;
    over.setLineDash([6, 4]);
    over.beginPath();
    for (let i = 0; i < points.length; i += 2) over.lineTo(...this.toPixels(points[i], points[i + 1], view));
    over.closePath();
    over.stroke();
    over.setLineDash([]);
  }

  private toPixels(x: number, y: number, view: View): [number, number] {
    const { width, height } = this.raster;
    return [(x - view.x) * view.scale + width / 2, (y - view.y) * view.scale + height / 2];
  }

  private at(event: PointerEvent | WheelEvent): [number, number] {
    const box = this.host.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private rowAt(px: number, py: number): number {
    if (this.raster.width === 0) return -1;
    return pick(this.raster, Math.round(px * this.ratio), Math.round(py * this.ratio), REACH_PX);
  }

  private listen(): void {
    const { host } = this;
    let start: [number, number] | null = null;
    host.addEventListener("pointerdown", (event) => {
      if ((event.target as HTMLElement).closest("button")) return;
      host.setPointerCapture(event.pointerId);
      start = this.at(event);
      this.pointers.set(event.pointerId, start);
      if (this.lassoing || event.shiftKey) this.drawing = toWorld(this.view, ...start, this.width, this.height);
    });
    host.addEventListener("pointermove", (event) => this.pointerMoved(event));
    const end = (event: PointerEvent) => {
      if (!this.pointers.delete(event.pointerId)) return;
      const [px, py] = this.at(event);
      const still = start !== null && Math.hypot(px - start[0], py - start[1]) < CLICK_PX;
      if (this.drawing && this.drawing.length >= 6) this.events.lassoed(thinned(this.drawing));
      else if (still && event.type === "pointerup") this.events.picked(this.rowAt(px, py));
      this.drawing = null;
      this.redraw();
    };
    host.addEventListener("pointerup", end);
    host.addEventListener("pointercancel", end);
    host.addEventListener("pointerleave", () => this.events.hovered(-1, 0, 0));
    host.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(2 ** (-event.deltaY / (event.deltaMode ? 10 : 250)), ...this.at(event));
      },
      { passive: false },
    );
    host.addEventListener("keydown", (event) => this.key(event));
  }

  private pointerMoved(event: PointerEvent): void {
    const [px, py] = this.at(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.events.hovered(this.rowAt(px, py), px, py);
      return;
    }
    if (this.drawing) {
      this.drawing.push(...toWorld(this.view, px, py, this.width, this.height));
      this.pointers.set(event.pointerId, [px, py]);
      this.redraw();
      return;
    }
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const ratio = Math.hypot(px - other[0], py - other[1]) / Math.hypot(before[0] - other[0], before[1] - other[1]);
      this.zoom(ratio || 1, other[0], other[1]);
    } else {
      const { x, y, scale } = this.view;
      this.view = { x: x - (px - before[0]) / scale, y: y - (py - before[1]) / scale, scale };
      this.moved();
    }
    this.pointers.set(event.pointerId, [px, py]);
  }

  private key(event: KeyboardEvent): void {
    const step = 80 / this.view.scale;
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const move = moves[event.key];
    if (move) this.view = { ...this.view, x: this.view.x + move[0], y: this.view.y + move[1] };
    else if (event.key === "+" || event.key === "=") this.zoom(1.5);
    else if (event.key === "-") this.zoom(1 / 1.5);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
    this.moved();
  }
}

function css(colour: number): string {
  return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
}

const MOST_CORNERS = 60;

/** Every so many corners of a polygon, so that it fits into a link. */
function thinned(points: number[]): number[] {
  const step = Math.ceil(points.length / 2 / MOST_CORNERS);
  return points.filter((_, i) => Math.floor(i / 2) % step === 0);
}
