// The result of a match: one word, a table by place, and buttons for what to do next.

import { byId, el, setText, show } from "../page/dom.js";
import { signed } from "../page/rating.js";
import { nameTag, schoolDot } from "../page/news.js";

// `result`: the server's message; `seats`: [{name, school (index)}]; `me`: the player's seat or -1; `rate`: ticks a second.
export function showResult(result, seats, me, rate) {
  const winners = result.places.filter((place) => place === 1).length;
  setText(byId("result-title"), result.broken_off ? "Broken off" : verdict(result.places, winners, seats, me));
  const won = me >= 0 && result.places[me] === 1 && winners === 1 && !result.broken_off;
  byId("result").className = won ? "overlay won" : "overlay";
  const order = result.places.map((_, seat) => seat).sort((a, b) => result.places[a] - result.places[b]);
  byId("result-rows").replaceChildren(...order.map((seat) => row(result, seats, seat, me, rate)));
  show(byId("result-ratings"), result.ratings.length > 0);
  const facts = [`${result.duration.toFixed(1)} s played`];
  if (!result.broken_off && result.ratings.length === 0) facts.push("not rated");
  if (result.broken_off) facts.push("it counts for nobody");
  for (const seat of result.left) facts.push(`${seats[seat].name} left`);
  if (result.replay === "") facts.push("the server could not save it");
  setText(byId("result-note"), facts.join(", "));
  const watch = byId("watch-replay");
  show(watch, result.replay !== "");
  watch.href = `/replay?file=${encodeURIComponent(result.replay)}`;
  show(byId("result"), true);
  byId("result-title").focus();
}

// Say who asks for another match, if somebody does. `room`: the server's message.
export function showRematch(room) {
  setText(byId("rematch"), room.rematch ? `${room.rematch} wants to play again.` : "");
  show(byId("rematch"), room.rematch !== "");
}

function verdict(places, winners, seats, me) {
  if (me >= 0 && places[me] === 1) return winners > 1 ? "Draw" : "Victory";
  if (me >= 0) return places.length === 2 ? "Defeat" : `Place ${places[me]} of ${places.length}`;
  const first = places.indexOf(1);
  return winners > 1 ? "Draw" : `${seats[first]?.name ?? "Nobody"} wins`;
}

// Who or what killed a seat.
function killer(result, seats, seat) {
  if (result.death_ticks[seat] < 0) return "";
  return result.killers[seat] < 0 ? "the zone" : nameTag(result.killers[seat], seats);
}

function row(result, seats, seat, me, rate) {
  const change = result.ratings[seat];
  const cells = {
    place: String(result.places[seat]),
    mage: el("span", {}, schoolDot(seats[seat].school), " ", nameTag(seat, seats)),
    ...(change ? { rating: signed(change) } : {}),
    kills: String(result.kills[seat]),
    dealt: result.damage_dealt[seat].toFixed(0),
    taken: result.damage_taken[seat].toFixed(0),
    lived: result.death_ticks[seat] < 0 ? "to the end" : `${(result.death_ticks[seat] / rate).toFixed(1)} s`,
    killer: killer(result, seats, seat),
  };
  const columns = Object.entries(cells).map(([name, cell]) => el("td", { class: name }, cell));
  return el("tr", { class: seat === me ? "mine" : "" }, ...columns);
}
