/* Tensors of a safetensors value, as typed arrays. */

export interface Tensor {
  data: Float32Array | Float64Array | Uint16Array | Int16Array | Uint8Array | Int8Array | Uint32Array | Int32Array;
  rows: number;
  columns: number;
}

const TYPES = {
  F32: Float32Array,
  F64: Float64Array,
  U16: Uint16Array,
  I16: Int16Array,
  U8: Uint8Array,
  I8: Int8Array,
  U32: Uint32Array,
  I32: Int32Array,
} as const;

export function tensorsOf(value: ArrayBuffer): Record<string, Tensor> {
  const view = new DataView(value);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(value, 8, length)));
  const tensors: Record<string, Tensor> = {};
  for (const [name, place] of Object.entries<{ dtype: string; shape: number[]; data_offsets: number[] }>(header)) {
    const kind = TYPES[place.dtype as keyof typeof TYPES];
    if (name === "__metadata__" || !kind || place.shape.length !== 2) continue;
    const [start, end] = place.data_offsets;
    const data = new kind(value.slice(8 + length + start, 8 + length + end)); // a copy, since offsets need no alignment
    tensors[name] = { data, rows: place.shape[0], columns: place.shape[1] };
  }
  return tensors;
}
