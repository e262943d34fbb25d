// The page of a person: rating, its curve, and all rated matches, `/player?name=NAME`.

import { TICK_RATE } from "../page/connection.js";
import { byId, clock, el, numbered, setText, shortName, show } from "../page/dom.js";
import { signed } from "../page/rating.js";
import { ratingCurve } from "./rating_curve.js";
import { playedAt, viewerAddress } from "./recorded_matches.js";

const name = new URLSearchParams(location.search).get("name") ?? "";

function line(match) {
  const names = numbered(match.seats.map((seat) => shortName(seat.name)));
  const opponents = names.filter((_, seat) => seat !== match.seat).join(", ");
  const own = match.seats[match.seat];
  const place = own.left ? "left" : `${own.place} of ${match.seats.length}`;
  const when = match.time ? el("a", { href: viewerAddress(match) }, playedAt(match)) : "replay deleted";
  const cells = [when, match.mode, place, opponents, signed(match.change), clock(match.ticks / TICK_RATE)];
  return el("tr", { class: own.place === 1 && !own.left ? "won" : "" }, ...cells.map((cell) => el("td", {}, cell)));
}

function fill({ rating, sigma, matches }) {
  const wins = matches.filter(({ seats, seat }) => seats[seat].place === 1).length;
  const count = `${matches.length} rated ${matches.length === 1 ? "match" : "matches"}, ${wins} won`;
  const none = `${name || "A player without a name"} has no rated match yet.`;
  setText(byId("summary"), matches.length ? `Rating ${Math.round(rating)} ± ${Math.round(sigma)}. ${count}.` : none);
  show(byId("matches"), matches.length > 0);
  byId("rows").replaceChildren(...matches.toReversed().map(line));
  if (matches.length) byId("curve").replaceChildren(ratingCurve(matches.map(({ change }) => change)));
}

setText(byId("name"), name || "Player");
document.title = `botgame: ${name || "player"}`;
fetch(`/api/player?${new URLSearchParams({ name })}`)
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`the server answered ${answer.status}`))))
  .then(fill)
  .catch((error) => setText(byId("summary"), `The matches cannot be read: ${error.message}`));
