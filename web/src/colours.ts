/* A colour scale for numbers: viridis, which rises in brightness and is told apart by colour-blind readers. */
import { shares } from "./bands";

const STOPS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

/** The colour of a share from 0 to 1. */
export function viridis(share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(place));
  const [from, to] = [shares(STOPS[low]), shares(STOPS[low + 1])];
  const parts = from.map((part, i) => Math.round(255 * (part + (to[i] - part) * (place - low))));
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

export const VIRIDIS_GRADIENT = `linear-gradient(to right, ${STOPS.join(", ")})`;
