// The lobby's list of the latest matches, with links to the viewer.

import { TICK_RATE } from "../page/connection.js";
import { byId, clock, el, show } from "../page/dom.js";
import { finishers, playedAt, recordedMatches, viewerAddress } from "./recorded_matches.js";

const SHOWN = 8;

function line(replay) {
  const names = (first) =>
    finishers(replay, first)
      .map((seat) => seat.name)
      .join(", ");
  const winner = el("span", { class: "winner" }, names(true));
  const others = names(false);
  let who = others ? [winner, ` beat ${others}`] : ["a draw: ", winner];
  if (replay.is_cut) who = ["broken off: ", [names(true), others].filter(Boolean).join(", ")];
  return el(
    "li",
    {},
    el(
      "a",
      { href: viewerAddress(replay) },
      el("span", { class: "who" }, ...who),
      el("span", { class: "when" }, `${replay.mode}, ${clock(replay.ticks / TICK_RATE)}, ${playedAt(replay)}`),
    ),
  );
}

export async function fillLatest() {
  const replays = await recordedMatches().catch(() => []); // the lobby works without the list
  byId("latest-list").replaceChildren(...replays.slice(0, SHOWN).map(line));
  show(byId("latest"), replays.length > 0);
}
