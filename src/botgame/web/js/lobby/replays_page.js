// The list of recorded matches, and a replay file that is dropped onto it.

import { handOver, onDrop } from "../film/dropped_file.js";
import { TICK_RATE } from "../page/connection.js";
import { byId, clock, el, setText } from "../page/dom.js";
import { describe, finishers, playedAt, recordedMatches, viewerAddress } from "./recorded_matches.js";

const SHOWN = 300;
let replays = [];

function line(replay) {
  const target = viewerAddress(replay);
  const people = (first) => finishers(replay, first).map(describe).join(", ");
  const mode = replay.is_cut ? `${replay.mode}, broken off` : replay.mode;
  const cells = [el("a", { href: target }, playedAt(replay)), mode, replay.seed, clock(replay.ticks / TICK_RATE)];
  const places = [el("td", { class: "winner first" }, people(true)), el("td", {}, people(false))];
  const row = el("tr", {}, ...cells.map((cell) => el("td", {}, cell)), ...places);
  row.addEventListener("click", () => (location.href = target));
  return row;
}

function fill() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (replay) => `${replay.mode} ${replay.seed} ${replay.seats.map(describe).join(" ")}`.toLowerCase();
  const found = replays.filter((replay) => words.every((word) => text(replay).includes(word)));
  byId("replays").replaceChildren(...found.slice(0, SHOWN).map(line));
  const more = found.length > SHOWN ? `; the newest ${SHOWN} are shown` : "";
  const count = `${found.length} ${found.length === 1 ? "match" : "matches"}`;
  setText(byId("note"), found.length ? `${count}${more}` : "No match found.");
}

async function watch(file) {
  try {
    const viewer = await handOver(file);
    if (viewer) location.href = viewer;
    else setText(byId("note"), `${file.name} is too large for this page: choose it in the viewer.`);
  } catch (error) {
    setText(byId("note"), `${file.name} cannot be read (${error.message}): drop one file, no folder.`);
  }
}

onDrop(watch);
byId("filter").addEventListener("input", fill);
recordedMatches()
  .then((found) => {
    replays = found;
    fill();
  })
  .catch((error) => setText(byId("note"), `The list cannot be read: ${error.message}`));
