// A replay file that the visitor drops onto the page, or chooses: the server makes a film of it.

import { onDrop } from "../film/dropped_file.js";
import { filmOfFile } from "../film/film_source.js";
import { byId, setText, show } from "../page/dom.js";

// Calls `onFilm(film)` for files that are dropped anywhere on the page, or chosen in the panel. The listeners outlast the
// body of the page, which every film gets anew.
export function bindFiles(onFilm) {
  onDrop((file) => open(file, onFilm));
  window.addEventListener("change", (event) => event.target.id === "open-file" && open(event.target.files[0], onFilm));
  window.addEventListener("click", (event) => event.target.id === "open-close" && show(byId("open"), false));
}

// Show the panel to choose a file; `note`: why it is shown.
export function askForFile(note) {
  const hasFilm = window.viewer !== undefined;
  setText(byId("open-note"), note);
  document.body.classList.toggle("no-film", !hasFilm);
  show(byId("open-close"), hasFilm);
  show(byId("open"), true);
}

async function open(file, onFilm) {
  if (!file) return;
  try {
    onFilm(await filmOfFile(file));
  } catch (error) {
    askForFile(error.message);
  }
}
