// A replay file that the visitor drops onto the page, or chooses: the server makes a film of it.

import { byId, setText, show } from "../page/dom.js";
import { filmOfFile } from "../film/film_source.js";

// Calls `onFilm(film)`. Files are dropped anywhere on the page.
export function bindDrop(onFilm) {
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    open(event.dataTransfer.files[0], onFilm);
  });
}

// Show the panel to choose a file; `note`: why it is shown.
export function askForFile(note, onFilm) {
  setText(byId("open-note"), note);
  show(byId("open"), true);
  byId("open-file").addEventListener("change", (event) => open(event.target.files[0], onFilm));
}

async function open(file, onFilm) {
  if (!file) return;
  try {
    onFilm(await filmOfFile(file));
  } catch (error) {
    setText(byId("open-note"), error.message);
    show(byId("open"), true);
  }
}
