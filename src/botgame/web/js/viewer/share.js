// Links to a moment of a film, and the file to keep.

import { copyText } from "../page/clipboard.js";
import { operatorToken } from "../page/connection.js";
import { byId, show } from "../page/dom.js";

// The moment of the address in seconds: `&t=30`.
export function momentOfPage() {
  const seconds = Number(new URLSearchParams(location.search).get("t") ?? 0);
  return Number.isFinite(seconds) ? seconds : 0;
}

// The buttons for the film of a server; `seconds()`: the moment that is shown. Other films have no address.
export function bindShare(film, seconds) {
  show(byId("share"), film.file !== undefined);
  if (film.file === undefined) return;
  byId("copy-moment").addEventListener("click", (event) => copyText(linkTo(film.file, seconds()), event.target));
  byId("download").href = `/api/replays/${encodeURIComponent(film.file)}/download`;
}

function linkTo(file, seconds) {
  const fields = new URLSearchParams({ file, t: String(Math.round(10 * seconds) / 10) });
  if (operatorToken()) fields.set("token", operatorToken());
  return `${location.origin}/replay?${fields}`;
}
