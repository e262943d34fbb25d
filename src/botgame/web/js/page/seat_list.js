// The list of seats: colour, name, school, health and mana, kills; click to follow one.

import { el, setText, setWidth } from "./dom.js";
import { SCHOOLS, healthColour, seatColour } from "../draw/palette.js";

export class SeatList {
  // Calls `onPick(seat)` for a click on a row.
  constructor(root, onPick) {
    this.root = root;
    this.onPick = onPick;
    this.rows = [];
  }

  // `seats`: [{name, school (index), note}], one for each seat.
  setSeats(seats) {
    const same = this.rows.length === seats.length && seats.every((seat, k) => sameSeat(this.rows[k].shown, seat));
    if (same) return;
    this.rows = seats.map((seat, index) => makeRow(seat, index, this.onPick));
    this.root.replaceChildren(...this.rows.map((row) => row.root));
  }

  // `states[k]`: {hp, mana, kills, alive}, null for what is hidden; `followed`: a seat or -1.
  update(states, followed, rules) {
    this.rows.forEach((row, seat) => {
      const state = states[seat];
      row.root.classList.toggle("dead", !state.alive);
      row.root.classList.toggle("followed", seat === followed);
      row.root.setAttribute("aria-pressed", String(seat === followed));
      const known = state.hp !== null && state.alive;
      setWidth(row.health, known ? state.hp / rules.health : 0);
      row.health.style.background = known ? healthColour(state.hp / rules.health) : "transparent";
      setWidth(row.mana, known && state.mana !== null ? state.mana / rules.mana : 0);
      setText(row.hp, !state.alive ? "out" : known ? String(Math.ceil(state.hp)) : "?");
      setText(row.kills, state.kills ? "✕".repeat(Math.min(5, state.kills)) : "");
    });
  }
}

function sameSeat(a, b) {
  return a.name === b.name && a.school === b.school && a.note === b.note;
}

function makeRow(seat, index, onPick) {
  const colour = seatColour(index);
  const badge = el("span", { class: "seat-badge" }, String(index + 1));
  badge.style.background = colour;
  const school = el("span", { class: "seat-school" }, SCHOOLS[seat.school]?.name ?? "");
  school.style.color = SCHOOLS[seat.school]?.bright ?? "";
  const health = el("i", { class: "fill" });
  const mana = el("i", { class: "fill mana" });
  const hp = el("span", { class: "seat-hp" });
  const kills = el("span", { class: "seat-kills", title: "kills" });
  const name = el("span", { class: "seat-name", title: seat.name }, seat.name || "free");
  const note = el("span", { class: "seat-note" }, seat.note ?? "");
  const bars = el(
    "span",
    { class: "seat-bars" },
    el("span", { class: "bar" }, health),
    el("span", { class: "bar thin" }, mana),
  );
  const root = el(
    "button",
    { class: "seat", type: "button", onclick: () => onPick(index) },
    badge,
    el("span", { class: "seat-title" }, name, note),
    hp,
    school,
    kills,
    bars,
  );
  return { root, health, mana, hp, kills, shown: seat };
}
