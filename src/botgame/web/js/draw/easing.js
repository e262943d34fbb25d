// Small curves over [0, 1].

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
export const lerp = (a, b, share) => a + (b - a) * share;
export const easeOut = (t) => 1 - (1 - t) * (1 - t) * (1 - t);

// From one angle towards another, the short way round.
export function turn(from, to, share) {
  const gap = Math.atan2(Math.sin(to - from), Math.cos(to - from));
  return from + gap * share;
}
