// The lobby: the player, the match to make, the open rooms, the leaderboard.

import { byId, clock, el, numbered, setText, shortName, show } from "../page/dom.js";
import { botNote, botOptions, setLevels } from "./levels.js";
import { Keymap, SLOTS } from "../page/keymap.js";
import { playLandingMatch } from "./landing_match.js";
import { fillLatest } from "./latest_matches.js";
import { Connection, TICK_RATE, operatorToken, socketUrl, withToken } from "../page/connection.js";
import { loadProfile, saveProfile } from "../page/profile.js";
import { profileAddress } from "../page/rating.js";
import { fillSchools } from "../page/school_choice.js";

const REFRESH_MS = 2000;
const OPEN = ""; // a seat that stays open for a friend
const profile = loadProfile();
let bots = []; // of the server, once it has answered; the first is the default

// ---- the match to make

function keep() {
  profile.name = byId("name").value.trim();
  saveProfile(profile);
  linkProfile();
}

function linkProfile() {
  show(byId("profile"), profile.name !== "");
  byId("profile").href = profileAddress(profile.name);
}

function fillOpponents() {
  if (bots.length === 0) return; // the server has not said yet which there are
  const chosen = [...byId("opponents").querySelectorAll("select")].map((select) => select.value);
  const others = Number(byId("seats").value) - 1;
  const lines = Array.from({ length: others }, (_, k) => opponent(k, chosen[k] ?? chosen.at(-1) ?? bots[0]));
  byId("opponents").replaceChildren(...lines);
}

function opponent(k, value) {
  const options = [...botOptions(bots), el("option", { value: OPEN }, "open for a person")];
  const select = el("select", {}, ...options);
  select.value = bots.includes(value) || value === OPEN ? value : bots[0];
  const note = el("span", { class: "note" }, botNote(select.value));
  select.addEventListener("change", () => setText(note, botNote(select.value)));
  return el("label", { class: "opponent" }, `Seat ${k + 2}`, select, note);
}

// The address of /play for the choices of the form.
function address(watch) {
  const rivals = [...byId("opponents").querySelectorAll("select")]
    .map((select) => select.value)
    .filter((bot) => bot !== OPEN);
  const fields = { create: "1", seats: byId("seats").value, duration: byId("duration").value };
  if (watch) Object.assign(fields, { watch: "1", bots: watched(rivals, Number(fields.seats)).join(",") });
  else fields.bots = rivals.join(",");
  return `/play?${new URLSearchParams(fields)}`;
}

// The bots to watch: the chosen ones, and in the first seat another one, if the server has two.
function watched(rivals, seats) {
  const other = bots.find((bot) => bot !== rivals[0]) ?? bots[0];
  return [other, ...rivals, ...Array(seats).fill(bots[0])].slice(0, seats);
}

function fillKeys() {
  const keymap = new Keymap();
  const keys = (...actions) => actions.map((action) => el("kbd", {}, keymap.label(action)));
  const lines = [
    [...keys("up", "left", "down", "right"), " walk"],
    ["the mouse aims"],
    [...keys(SLOTS[0]), " bolt"],
    [...keys(...SLOTS.slice(1)), " abilities"],
    [...keys("interact"), " open a chest"],
  ];
  byId("keys").replaceChildren(...lines.map((line) => el("li", {}, ...line)));
}

// ---- rooms and leaderboard

function roomLine(room) {
  const time = room.state === "running" ? `${clock(room.tick / TICK_RATE)} of ${clock(room.duration)}` : room.state;
  const target = roomAddress(room.room);
  const buttons = el("span", { class: "room-buttons" });
  if (room.state === "waiting" && room.taken < room.seats) buttons.append(goButton("Join", () => joinAddress(room.room), "primary"));
  buttons.append(goButton("Watch", () => `${target}&watch=1`));
  return el(
    "li",
    { class: "room-line" },
    el("b", {}, `${room.mode}, ${room.taken} of ${room.seats}`),
    el("span", { class: "state" }, time),
    buttons,
    el("span", { class: "names" }, numbered(room.names.map(shortName)).join(", ") || "nobody yet"),
  );
}

const roomAddress = (name) => `/play?room=${encodeURIComponent(name)}`;

// The address that enters a room at once: the name and the school are chosen here.
const joinAddress = (name) => `${roomAddress(name)}&${new URLSearchParams({ name: profile.name })}`;

// `target()`: the address to go to.
function goButton(text, target, kind = "") {
  return el("button", { type: "button", class: kind, onclick: () => go(target) }, text);
}

function go(target) {
  keep();
  location.href = withToken(target());
}

// The link to a person's page; null for bots and programs.
function person(policy) {
  const name = /^human:(.+)$/.exec(policy)?.[1];
  return name ? el("a", { href: profileAddress(name) }, name) : null;
}

function standing(line, place) {
  const rating = el(
    "td",
    {},
    String(Math.round(line.rating)),
    el("span", { class: "sigma" }, ` ± ${Math.round(line.sigma)}`),
  );
  return el(
    "tr",
    {},
    el("td", {}, String(place + 1)),
    el("td", { title: line.name }, person(line.name) ?? shortName(line.name)),
    rating,
    el("td", {}, String(line.matches)),
  );
}

function setLobby({ rooms, leaderboard }) {
  const open = rooms.filter((room) => room.state !== "over");
  byId("rooms").replaceChildren(...open.map(roomLine));
  show(byId("no-rooms"), open.length === 0);
  byId("leaderboard").replaceChildren(...leaderboard.map(standing));
  show(byId("no-board"), leaderboard.length === 0);
}

// ---- the page

byId("name").value = profile.name;
linkProfile();
byId("seats").replaceChildren(
  ...Array.from({ length: 15 }, (_, k) => el("option", { value: String(k + 2) }, k ? `${k + 2}, royale` : "2, duel")),
);
byId("seats").addEventListener("change", fillOpponents);
byId("name").addEventListener("change", keep);
byId("create").addEventListener("submit", (event) => {
  event.preventDefault();
  go(() => address(false));
});
byId("watch").addEventListener("click", () => go(() => address(true)));
byId("by-code").addEventListener("submit", (event) => {
  event.preventDefault();
  go(() => joinAddress(byId("code").value.trim()));
});
fillSchools(profile, keep);
fillKeys();
fillLatest();
playLandingMatch();

const connection = new Connection(socketUrl(), operatorToken(), {
  open: (welcome) => {
    bots = welcome.bots;
    setLevels(welcome.levels);
    fillOpponents();
    show(byId("guided"), bots.includes("idle"));
    byId("play").disabled = byId("watch").disabled = false;
    setText(byId("status"), "");
    connection.send("list");
  },
  lobby: setLobby,
  lost: () => setText(byId("status"), "The server does not answer; trying again …"),
  failed: (reason) => setText(byId("status"), reason),
});
setInterval(() => connection.send("list"), REFRESH_MS);
