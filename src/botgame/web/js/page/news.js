// A match in words: kills, takeovers, marks, important items, key moments.

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

const verb = (text, kind = "") => el("span", { class: `verb ${kind}` }, text);

// The words for each kind of event, with `name(seat)`.
const WORDS = {
  kill: ({ seat, by }, name) => (by >= 0 ? [name(by), verb("killed"), name(seat)] : [verb("the zone killed"), name(seat)]),
  mark: ({ seat, verdict }, name) => [name(seat), verb(`marked ${verdict}`, verdict)],
  control: ({ seat, controller }, name) => [name(seat), verb(`is now controlled by a ${controller}`)],
  pickup: ({ seat, item }, name) => [name(seat), verb(item === 3 ? "opened a chest" : `took a ${ITEMS[item].label}`)],
  first_blood: ({ seat, by }, name) => [verb("first blood:"), name(by), verb("hit"), name(seat)],
  lead: ({ seat }, name) => [name(seat), verb("takes the lead")],
  near_death: ({ seat, health }, name) => [name(seat), verb(`survives with ${health} health`)],
};

// The line for an event. `seats[k]`: {name}.
export function newsLine(event, seats, rate) {
  const time = el("time", {}, clock(event.tick / rate));
  return el("li", { class: `news ${event.kind}` }, time, ...WORDS[event.kind](event, (seat) => nameTag(seat, seats)));
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
