// The list of recorded matches.

import { byId, clock, el, setText, shortName } from "./dom.js";

const SHOWN = 300;
let replays = [];

function line(replay) {
  const target = `/replay?file=${encodeURIComponent(replay.file)}`;
  const people = (wanted) =>
    replay.seats
      .filter((seat) => (seat.place === 1) === wanted)
      .map(describe)
      .join(", ");
  const cells = [
    el(
      "a",
      { href: target },
      new Date(replay.time * 1000).toLocaleString([], { dateStyle: "short", timeStyle: "short" }),
    ),
    replay.mode,
    replay.seed,
    clock(replay.ticks),
  ].map((cell) => el("td", {}, cell));
  const row = el("tr", {}, ...cells, el("td", { class: "winner first" }, people(true)), el("td", {}, people(false)));
  row.addEventListener("click", () => (location.href = target));
  return row;
}

function describe(seat) {
  return `${shortName(seat.name)} (${seat.school}${seat.controller === "human" ? ", person" : ""})`;
}

function fill() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (replay) => `${replay.mode} ${replay.seed} ${replay.seats.map(describe).join(" ")}`.toLowerCase();
  const found = replays.filter((replay) => words.every((word) => text(replay).includes(word)));
  byId("replays").replaceChildren(...found.slice(0, SHOWN).map(line));
  const more = found.length > SHOWN ? `; the newest ${SHOWN} are shown` : "";
  setText(byId("note"), found.length ? `${found.length} matches${more}` : "No match fits.");
}

byId("filter").addEventListener("input", fill);
fetch("/api/replays")
  .then(async (answer) => {
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    replays = (await answer.json()).replays;
    fill();
  })
  .catch((error) => setText(byId("note"), `The list cannot be read: ${error.message}`));
