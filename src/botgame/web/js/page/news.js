// A match in words: kills, takeovers, marks, important items.

import { clock, el } from "./dom.js";
import { ITEMS, SCHOOLS, seatColour } from "../draw/palette.js";

// Whether an event gets a line; casts and hits show on the field.
export function isNews(event) {
  return (
    event.kind === "kill" ||
    event.kind === "mark" ||
    event.kind === "control" ||
    (event.kind === "pickup" && event.item >= 2)
  );
}

// The line for an event. `seats[k]`: {name}.
export function newsLine(event, seats, rate) {
  const time = el("time", {}, clock(event.tick / rate));
  const who = nameTag(event.seat, seats);
  const line = el("li", { class: `news ${event.kind}` }, time);
  if (event.kind === "kill" && event.by >= 0)
    line.append(nameTag(event.by, seats), el("span", { class: "verb" }, "killed"), who);
  else if (event.kind === "kill") line.append(el("span", { class: "verb" }, "the zone killed"), who);
  else if (event.kind === "mark")
    line.append(who, el("span", { class: `verb ${event.verdict}` }, `marked ${event.verdict}`));
  else if (event.kind === "control")
    line.append(who, el("span", { class: "verb" }, `is now controlled by a ${event.controller}`));
  else
    line.append(
      who,
      el("span", { class: "verb" }, event.item === 3 ? "opened a chest" : `took a ${ITEMS[event.item].label}`),
    );
  return line;
}

export function nameTag(seat, seats) {
  const tag = el("b", { class: "name-tag" }, seats[seat]?.name || `seat ${seat}`);
  tag.style.color = seatColour(seat);
  return tag;
}

export function schoolDot(school) {
  const dot = el("i", { class: "school-dot", title: SCHOOLS[school].name });
  dot.style.background = SCHOOLS[school].bright;
  return dot;
}
