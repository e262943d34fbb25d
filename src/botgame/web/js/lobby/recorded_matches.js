// The server's list of recorded matches: fetching it, and naming its entries.

import { numbered, shortName } from "../page/dom.js";

export async function recordedMatches() {
  const answer = await fetch("/api/replays");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return (await answer.json()).replays.map((replay) => ({ ...replay, seats: namedSeats(replay.seats) }));
}

// Seats with the names to show.
function namedSeats(seats) {
  const names = numbered(seats.map((seat) => shortName(seat.name)));
  return seats.map((seat, k) => ({ ...seat, name: names[k] }));
}

export const viewerAddress = (replay) => `/replay?file=${encodeURIComponent(replay.file)}`;

export const playedAt = (replay) =>
  new Date(replay.time * 1000).toLocaleString([], { dateStyle: "short", timeStyle: "short" });

// The seats on the first place (`first`), or all others.
export const finishers = (replay, first) => replay.seats.filter((seat) => (seat.place === 1) === first);

export function describe(seat) {
  return `${seat.name} (${seat.school}${seat.controller === "human" ? ", person" : ""})`;
}
