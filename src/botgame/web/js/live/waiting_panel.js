// The panel before a match: the seats, and a button to start with bots in the free ones.

import { byId, el, playerName, setText, show } from "../page/dom.js";
import { SCHOOLS, schoolIndex, seatColour } from "../draw/palette.js";

export function bindWaiting(connection) {
  byId("start").addEventListener("click", () => connection().send("ready"));
  byId("invite").addEventListener("focus", (event) => event.target.select());
}

export function showWaiting(room) {
  show(byId("waiting"), room.state === "waiting");
  if (room.state !== "waiting") return;
  const free = room.seats.filter((seat) => seat.controller === "open").length;
  setText(byId("waiting-title"), `Room ${room.room}`);
  setText(byId("waiting-text"), free === 1 ? "One seat is free." : `${free} seats are free.`);
  byId("invite").value = `${location.origin}/play?room=${encodeURIComponent(room.room)}`;
  byId("waiting-seats").replaceChildren(...room.seats.map(line));
  show(byId("start"), room.seat >= 0 || room.owner);
}

function line(seat) {
  const dot = el("i", { class: "seat-dot" });
  dot.style.background = seat.controller === "open" ? "transparent" : seatColour(seat.seat);
  const school = SCHOOLS[schoolIndex(seat.school)]?.name ?? "any school";
  const who = seat.controller === "open" ? "free" : playerName(seat) || "somebody";
  return el(
    "li",
    { class: seat.controller },
    dot,
    el("b", {}, who),
    el("span", {}, seat.controller === "open" ? "" : `${school}, ${seat.controller}`),
  );
}
