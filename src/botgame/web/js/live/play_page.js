// The page of a live match. What to do comes with its address:
//
//   /play?room=r1                          join, or come back to one's seat; &watch=1 to spectate
//   /play?create=1&seats=2&bots=lms_re     make a room; also school, duration, seed, watch=1, observe=1
//   name=...                               what others see

import { byId, setText, show } from "../page/dom.js";
import { Game, failure } from "./game.js";
import { Input } from "./input.js";
import { Keymap } from "../page/keymap.js";
import { Connection, operatorToken, socketUrl } from "../page/connection.js";
import { loadProfile } from "../page/profile.js";
import { showResult } from "./result_panel.js";
import { Settings } from "../page/settings_dialog.js";
import { Sound } from "../page/sound.js";
import { toast } from "../page/toast.js";
import { bindWaiting, showWaiting } from "./waiting_panel.js";
import { Watching } from "./spectating.js";

const wish = new URLSearchParams(location.search);
const keymap = new Keymap();
const sound = new Sound();
let connection = null;
let game = null;
let room = null;

const send = (type, fields) => connection.send(type, fields);
const watching = new Watching(send);
const input = new Input(byId("field"), keymap, {
  onMove: () => game?.sendInput(),
  onVerb: (verb) => game?.sendInput(verb),
  onAction: (action) => (action === "sound" ? settings.toggleSound() : watching.act(action)),
  isPaused: () => settings.isOpen || room?.state !== "running",
});
const settings = new Settings(keymap, input, sound, () => {
  if (game && room?.seat >= 0) game.hud.setSchool(game.schools[room.seat], true);
  labelKeys();
});

function labelKeys() {
  for (const label of document.querySelectorAll("[data-action]")) setText(label, keymap.label(label.dataset.action));
}

// ---- entering a room

const seatKey = (name) => `botgame.seat.${name}`;

function enter() {
  const name = room?.room ?? wish.get("room");
  const profile = loadProfile();
  const who = {
    name: wish.get("name") ?? profile.name,
    school: wish.get("school") ?? profile.school,
    observe: wish.get("observe") === "1",
  };
  if (name) {
    const token = sessionStorage.getItem(seatKey(name)) ?? "";
    send("join", { room: name, spectate: wish.get("watch") === "1" && !token, seat_token: token, ...who });
  } else send("create", { ...creation(), ...who });
}

function creation() {
  const seed = Number.parseInt(wish.get("seed") ?? "", 10);
  return {
    seats: Number(wish.get("seats") ?? 2),
    bots: (wish.get("bots") ?? "").split(",").filter(Boolean),
    duration: Number(wish.get("duration") ?? 120),
    seat: wish.get("watch") === "1" ? -1 : 0,
    seed: Number.isSafeInteger(seed) ? seed : null,
  };
}

function setRoom(message) {
  const first = room?.room !== message.room;
  room = message;
  if (room.seat_token) sessionStorage.setItem(seatKey(room.room), room.seat_token);
  if (first) remember(message);
  game.setRoom(room);
  watching.setRoom(room, game.names);
  showWaiting(room);
  show(byId("lost"), false);
}

// A reload of the page shall come back to this room, not make another one.
function remember(message) {
  const again = new URLSearchParams(wish);
  if (wish.get("create")) sessionStorage.setItem("botgame.again", wish.toString());
  for (const name of ["create", "seats", "bots", "duration", "seed", "token"]) again.delete(name);
  again.set("room", message.room);
  history.replaceState(null, "", `/play?${again}`);
}

function refused({ code, message }) {
  const name = room?.room ?? wish.get("room");
  if (code === "no_seat" && name && sessionStorage.getItem(seatKey(name))) {
    sessionStorage.removeItem(seatKey(name));
    send("join", { room: name, spectate: true });
  }
  if (!room && (code === "no_room" || code === "bad_bot")) failure(message);
  else toast(message, "bad");
}

function leave(address) {
  send("leave");
  connection.close();
  location.href = address;
}

// ---- the page

connection = new Connection(socketUrl(), operatorToken(), {
  open: (welcome) => {
    game ??= new Game(welcome, send, { input, sound, watching, keymap, rtt: () => connection.rtt });
    window.game = game; // for tests and the curious
    enter();
  },
  room: setRoom,
  state: (state) => game.setState(state, performance.now()),
  result: (result) =>
    showResult(
      result,
      game.names.map((name, seat) => ({ name, school: game.schools[seat] })),
      room.seat,
    ),
  error: refused,
  lost: () => show(byId("lost"), true),
  failed: failure,
});

bindWaiting(() => connection);
byId("leave").addEventListener("click", () => leave("/"));
byId("result-lobby").addEventListener("click", () => leave("/"));
byId("again").addEventListener("click", () =>
  leave(`/play?${sessionStorage.getItem("botgame.again") ?? "create=1&bots=lms_re"}`),
);
byId("close-result").addEventListener("click", () => show(byId("result"), false));
labelKeys();

function frame(now) {
  game?.frame(now);
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
