// The panel before a match: the seats, and a button to start with bots in the free ones.

import { copyText } from "../page/clipboard.js";
import { operatorToken } from "../page/connection.js";
import { byId, el, numbered, playerName, setText, show } from "../page/dom.js";
import { SCHOOLS, schoolIndex, seatColour } from "../draw/palette.js";

export function bindWaiting(connection) {
  byId("start").addEventListener("click", () => connection().send("ready"));
  byId("invite").addEventListener("focus", (event) => event.target.select());
  byId("copy-invite").addEventListener("click", (event) => copyText(byId("invite").value, event.target));
}

// The address for a friend, with all that the server asks for.
function invitation(room) {
  const fields = new URLSearchParams({ room: room.room });
  if (operatorToken()) fields.set("token", operatorToken());
  return `${location.origin}/play?${fields}`;
}

// Whether the page was opened with an address that means another machine on each machine.
const isOnlyHere = () => ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);

// The short name of a room, to say aloud: the lobby joins by it.
const code = (room) => room.room.split("-")[0];

export function showWaiting(room) {
  show(byId("waiting"), room.state === "waiting");
  if (room.state !== "waiting") return;
  const free = room.seats.filter((seat) => seat.controller === "open").length;
  setText(byId("waiting-title"), `Room ${code(room)}`);
  setText(byId("room-code"), code(room));
  setText(byId("waiting-text"), free === 1 ? "One seat is free." : `${free} seats are free.`);
  byId("invite").value = invitation(room);
  show(byId("only-here"), isOnlyHere());
  const names = numbered(room.seats.map((seat) => (seat.controller === "open" ? "free" : playerName(seat) || "somebody")));
  byId("waiting-seats").replaceChildren(...room.seats.map((seat, k) => line(seat, names[k])));
  show(byId("start"), room.seat >= 0 || room.owner);
}

function line(seat, who) {
  const dot = el("i", { class: "seat-dot" });
  dot.style.background = seat.controller === "open" ? "transparent" : seatColour(seat.seat);
  const school = SCHOOLS[schoolIndex(seat.school)]?.name ?? "any school";
  return el(
    "li",
    { class: seat.controller },
    dot,
    el("b", {}, who),
    el("span", {}, seat.controller === "open" ? "" : `${school}, ${seat.controller}`),
  );
}
