/* Where a plot looks: the world point in its middle, and pixels per unit of the world. */

export interface View {
  x: number;
  y: number;
  scale: number;
}

/** Web Mercator of a longitude and latitude in degrees: 0 to 1 from west to east and from north to south. */
export function mercator(longitude: number, latitude: number): [number, number] {
  const sine = Math.sin((Math.max(-85, Math.min(85, latitude)) * Math.PI) / 180);
  return [longitude / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/** The view that shows all points with a margin; those without a place (NaN) do not count. */
export function fitting(x: Float32Array, y: Float32Array, width: number, height: number, longest: number): View {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i])) continue;
    left = Math.min(left, x[i]);
    right = Math.max(right, x[i]);
    top = Math.min(top, y[i]);
    bottom = Math.max(bottom, y[i]);
  }
  if (left > right) return { x: 0.5, y: 0.5, scale: width };
  const scale = 0.88 * Math.min(width / Math.max(right - left, longest), height / Math.max(bottom - top, longest));
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale };
}

/** The view after zooming by a factor around a point of the screen. */
export function zoomed(view: View, factor: number, px: number, py: number, width: number, height: number): View {
  const scale = Math.min(4e8, Math.max(16, view.scale * factor));
  const [wx, wy] = toWorld(view, px, py, width, height);
  return { x: wx - (px - width / 2) / scale, y: wy - (py - height / 2) / scale, scale };
}

export function toWorld(view: View, px: number, py: number, width: number, height: number): [number, number] {
  return [view.x + (px - width / 2) / view.scale, view.y + (py - height / 2) / view.scale];
}
