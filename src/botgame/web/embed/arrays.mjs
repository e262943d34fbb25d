// Arrays as golden vectors and the live server's messages hold them: dtype, shape, and the bytes as base64 text.

const KINDS = { float32: Float32Array, int64: BigInt64Array, uint8: Uint8Array, bool: Uint8Array };

/** `{ dtype, shape, values }`, `values` being a typed array, of `{ dtype, shape, data }`. */
export function decoded({ dtype, shape, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return { dtype, shape, values: new KINDS[dtype](bytes.buffer) };
}

/** An array of float32 numbers. */
export function float32(shape, values) {
  return { dtype: "float32", shape, values: Float32Array.from(values) };
}
