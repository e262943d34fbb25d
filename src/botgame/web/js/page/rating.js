// Ratings in words.

// The new rating and its change, `312 (+14)`; the first one has none.
export function signed({ before, after, sigma }) {
  const now = Math.round(after);
  if (before === null) return `${now} ± ${Math.round(sigma)}`;
  const gain = now - Math.round(before);
  return gain === 0 ? String(now) : `${now} (${gain > 0 ? "+" : "−"}${Math.abs(gain)})`;
}

// The address of a person's page.
export const profileAddress = (name) => `/player?${new URLSearchParams({ name })}`;
