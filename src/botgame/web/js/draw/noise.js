// Numbers that look random and depend only on their arguments, so that two pictures of one moment are equal.

// A number in [0, 1) for two whole numbers.
export function hash(a, b = 0) {
  let h = (Math.imul(a | 0, 374761393) + Math.imul(b | 0, 668265263)) | 0;
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  h = Math.imul(h ^ (h >>> 16), 2246822519);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

// A number in [-1, 1).
export function signed(a, b = 0) {
  return 2 * hash(a, b) - 1;
}
