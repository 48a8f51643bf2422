/* What a link restores: the view, filters, order and patch, as the part of the address behind #. */
import type { View } from "./view";

export interface State {
  plot: "map" | "plane";
  colour: string;
  /** Chosen values per facet (and of labels), by name. */
  chosen: Record<string, string[]>;
  /** Least and greatest value per number. */
  between: Record<string, [number, number]>;
  lasso: { plot: "map" | "plane"; points: number[] } | null;
  sort: string;
  patch: string;
  views: Partial<Record<"map" | "plane", View>>;
  left: string;
  right: string;
}

export const START: State = {
  plot: "map",
  colour: "",
  chosen: {},
  between: {},
  lasso: null,
  sort: "",
  patch: "",
  views: {},
  left: "true",
  right: "",
};

/** The state as text for an address; what is as at the start is left out. */
export function written(state: State): string {
  const parts = new URLSearchParams();
  for (const key of ["plot", "colour", "sort", "patch", "left", "right"] as const)
    if (state[key] !== START[key]) parts.set(key, state[key]);
  for (const [key, values] of Object.entries(state.chosen))
    for (const value of values) parts.append(`is.${key}`, value);
  for (const [key, [low, high]] of Object.entries(state.between))
    parts.set(`in.${key}`, `${short(low)}~${short(high)}`);
  if (state.lasso) parts.set(`lasso.${state.lasso.plot}`, state.lasso.points.map(short).join("~"));
  for (const [plot, view] of Object.entries(state.views))
    parts.set(`view.${plot}`, [view.x, view.y, view.scale].map(short).join("~"));
  return parts.toString();
}

/** The state of an address; what cannot be read is left out. */
export function read(text: string): State {
  const state: State = { ...START, chosen: {}, between: {}, views: {} };
  for (const [name, value] of new URLSearchParams(text)) {
    const [kind, ...rest] = name.split(".");
    const key = rest.join(".");
    if (key === "__proto__") continue; // would not be a key
    const numbers = value.split("~").map(Number);
    const sound = numbers.every(Number.isFinite);
    if (name === "plot" && (value === "map" || value === "plane")) state.plot = value;
    else if (name === "colour" || name === "sort" || name === "patch" || name === "left" || name === "right")
      state[name] = value;
    else if (kind === "is") state.chosen[key] = [...(state.chosen[key] ?? []), value];
    else if (kind === "in" && sound && numbers.length === 2) state.between[key] = [numbers[0], numbers[1]];
    else if (key === "map" || key === "plane") {
      if (kind === "lasso" && sound && numbers.length >= 6) state.lasso = { plot: key, points: numbers };
      else if (kind === "view" && sound && numbers.length === 3 && numbers[2] > 0)
        state.views[key] = { x: numbers[0], y: numbers[1], scale: numbers[2] };
    }
  }
  return state;
}

/** A number as a link has it, so that a restored link is what it was made of: 8 digits are half a metre on the ground. */
export function rounded(number: number): number {
  return Number(number.toPrecision(8));
}

function short(number: number): string {
  return String(rounded(number));
}
