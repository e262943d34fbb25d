// Where a film comes from: the page itself, the server, or a file that the visitor has.

import { handedOver } from "./dropped_file.js";
import { Film } from "./film.js";

// The film inside an exported page, else of a file that was dropped onto another page, else the server's film of
// `?file=`; null if none is named.
export async function filmOfPage() {
  const inside = document.getElementById("film");
  if (inside) return new Film(JSON.parse(await unpack(inside.textContent)));
  const dropped = handedOver();
  if (dropped) return filmOfFile(dropped);
  const file = new URLSearchParams(location.search).get("file");
  return file ? filmOfServer(file) : null;
}

// The server's film of a recorded match.
export async function filmOfServer(file) {
  const answer = await fetch(`/api/replays/${encodeURIComponent(file)}`);
  if (!answer.ok) throw new Error(`the server has no replay ${file} (${answer.status})`);
  return Object.assign(new Film(await answer.json()), { file });
}

// The film of a replay file of the visitor: the server reads it and keeps nothing.
export async function filmOfFile(file) {
  const answer = await fetch("/api/films", { method: "POST", body: file });
  if (!answer.ok) throw new Error(`${file.name} cannot be shown: ${await answer.text()}`);
  return new Film(await answer.json());
}

// The text in base64 of zlib data.
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}
