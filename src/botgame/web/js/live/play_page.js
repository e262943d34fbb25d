// The page of a live match. Its address says what to do:
//
//   /play?room=r1                          join, or come back to the seat; &watch=1 to spectate
//   /play?create=1&seats=2&bots=lms_re     make a room; also school, duration, seed, watch=1, observe=1
//   /play?guide=1                          the guided first match
//   name=...                               the player's name; a link to a room without one asks for name and school

import { byId, setText, show } from "../page/dom.js";
import { Game, failure } from "./game.js";
import { askGuest, bindGuest } from "./guest_panel.js";
import { GUIDED_MATCH, Guide } from "./guide.js";
import { Input } from "./input.js";
import { Keymap } from "../page/keymap.js";
import { Connection, operatorToken, socketUrl, withToken } from "../page/connection.js";
import { loadProfile, nameKey } from "../page/profile.js";
import { ask } from "../page/question.js";
import { showRematch, showResult } from "./result_panel.js";
import { SettingsDialog } from "../page/settings_dialog.js";
import { Sound } from "../page/sound.js";
import { session } from "../page/storage.js";
import { toast } from "../page/toast.js";
import { bindTaps } from "./touch.js";
import { bindWaiting, showWaiting } from "./waiting_panel.js";
import { Spectator } from "./spectating.js";

const address = new URLSearchParams(location.search);
const keymap = new Keymap();
const sound = new Sound();
const isGuided = address.get("guide") === "1"; // by nobody's name, so that it is not rated
let connection = null;
let game = null;
let room = null;
let isEntering = false; // a room was asked for and there is no answer yet

const send = (type, fields) => connection.send(type, fields);
const spectator = new Spectator(send);
const input = new Input(byId("field"), keymap, {
  onMove: () => game?.sendInput(),
  onVerb: (verb) => game?.sendInput(verb),
  onAction: (action) => (action === "sound" ? settings.toggleSound() : spectator.act(action)),
  isPaused: () => document.querySelector("dialog[open]") !== null || room?.state !== "running",
});
const settings = new SettingsDialog(keymap, input, sound, () => {
  if (game && room?.seat >= 0) game.hud.setSchool(game.schools[room.seat], true);
  labelKeys();
});

function labelKeys() {
  for (const label of document.querySelectorAll("[data-action]")) setText(label, keymap.label(label.dataset.action));
}

// ---- entering a room

const seatKey = (name) => `botgame.seat.${name}`;

// A guest by link chooses a name and a school first; the address of anybody else says it, or the tab has had the seat.
function mustAsk() {
  const name = room?.room ?? address.get("room");
  const isKnown = address.has("name") || address.get("watch") === "1" || (name && session.read(seatKey(name)));
  return Boolean(name) && !isKnown;
}

function enter() {
  if (mustAsk()) askGuest("Choose a name and a school, then join. Matches of players without a name are not rated.");
  else request();
}

// Ask the server for the room of the address.
function request() {
  isEntering = true;
  const name = room?.room ?? address.get("room");
  const profile = loadProfile();
  const who = {
    name: isGuided ? "" : (address.get("name") ?? profile.name),
    school: address.get("school") ?? profile.school,
    observe: address.get("observe") === "1",
    key: nameKey(),
  };
  if (name) {
    const token = session.read(seatKey(name)) ?? "";
    send("join", { room: name, spectate: address.get("watch") === "1" && !token, seat_token: token, ...who });
  } else send("create", { ...creation(), ...who });
}

function creation() {
  if (isGuided) return GUIDED_MATCH;
  const seed = Number.parseInt(address.get("seed") ?? "", 10);
  return {
    seats: Number(address.get("seats") ?? 2),
    bots: (address.get("bots") ?? "").split(",").filter(Boolean),
    duration: Number(address.get("duration") ?? 120),
    seat: address.get("watch") === "1" ? -1 : 0,
    seed: Number.isSafeInteger(seed) ? seed : null,
  };
}

function setRoom(message) {
  const first = room?.room !== message.room;
  isEntering = false;
  room = message;
  if (first) show(byId("result"), false);
  showRematch(room);
  if (room.seat_token) session.write(seatKey(room.room), room.seat_token);
  if (first) rememberRoom(message);
  game.setRoom(room);
  spectator.setRoom(room, game.names);
  showWaiting(room);
  show(byId("lost"), false);
}

// Change the address, so that a reload comes back to this room instead of making another one.
function rememberRoom(message) {
  const again = new URLSearchParams(address);
  for (const name of ["create", "seats", "bots", "duration", "seed", "token"]) again.delete(name);
  again.set("room", message.room);
  history.replaceState(null, "", withToken(`/play?${again}`));
}

// A refusal while the page enters a room ends the waiting, also after the connection was lost and is back.
function refused({ code, message }) {
  const name = room?.room ?? address.get("room");
  if (isEntering && code === "no_seat" && name && session.read(seatKey(name))) {
    session.remove(seatKey(name));
    send("join", { room: name, spectate: true });
  } else if (isEntering && code === "no_seat") giveUp(message, name ?? "");
  else if (isEntering && code === "name_taken") chooseOtherName(message);
  else if (isEntering) giveUp(room && code === "no_room" ? `The match is gone: ${message}` : message);
  else if (room?.state === "over" && code === "no_room") leave(sameMatch());
  else toast(message, "bad");
}

function chooseOtherName(message) {
  isEntering = false;
  address.delete("name");
  askGuest(`${message[0].toUpperCase()}${message.slice(1)}.`);
}

// The connection is of no more use. The result of a match stays on the page. `watchable`: a room that can be watched.
function giveUp(text, watchable = "") {
  connection.close();
  show(byId("lost"), false);
  if (room?.state === "over") return;
  game = null;
  failure(text, watchable);
}

// The same match again, in the same room as all others who ask for it; in a room of its own when that is too late.
function playAgain() {
  if (connection.closed) leave(sameMatch());
  else send("rematch");
}

// The address that makes a match like the one of this room.
function sameMatch() {
  const bots = room.seats.filter((seat) => seat.bot).map((seat) => seat.bot);
  const fields = { create: "1", seats: room.seats.length, bots, duration: room.duration_ticks / game.rate };
  for (const name of ["name", "school", "watch", "observe"]) if (address.has(name)) fields[name] = address.get(name);
  return `/play?${new URLSearchParams(fields)}`;
}

function askToLeave() {
  const isLost = room?.rated && room.state === "running" && room.seat >= 0 && game.known[room.seat].alive;
  if (!isLost) leave("/");
  else ask("Leave the match? This counts as a loss.", { yes: "Leave", no: "Stay" }, () => leave("/"));
}

function leave(target) {
  send("leave");
  connection.close();
  location.href = withToken(target);
}

// ---- the page

connection = new Connection(socketUrl(), operatorToken(), {
  open: (welcome) => {
    game ??= new Game(welcome, send, { input, sound, spectator, keymap, rtt: () => connection.rtt });
    if (isGuided) game.guide ??= new Guide(keymap);
    window.game = game; // for tests and the browser's console
    enter();
  },
  room: setRoom,
  state: (state) => game.setState(state, performance.now()),
  result: (result) =>
    showResult(
      result,
      game.names.map((name, seat) => ({ name, school: game.schools[seat] })),
      room.seat,
      game.rate,
    ),
  error: refused,
  lost: () => show(byId("lost"), true),
  failed: (text) => giveUp(text),
});

bindTaps((verb) => game?.sendInput(verb));
bindWaiting(() => connection);
bindGuest(request, () => {
  address.set("watch", "1");
  request();
});
byId("leave").addEventListener("click", askToLeave);
byId("result-lobby").addEventListener("click", () => leave("/"));
byId("again").addEventListener("click", playAgain);
byId("close-result").addEventListener("click", () => show(byId("result"), false));
labelKeys();

function frame(now) {
  game?.frame(now);
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
