// A replay file that is dropped onto a page. The viewer shows it at once; another page hands it over to the viewer, in
// the storage of the tab, so that loading the viewer again shows it again.

import { session } from "../page/storage.js";

const KEPT = "dropped-replay";

// Calls `use(file)` for a file that is dropped anywhere on the page.
export function onDrop(use) {
  window.addEventListener("dragover", (event) => event.preventDefault());
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) use(file);
  });
}

// Keep the file for the viewer; returns the viewer's address, "" where the browser has no room for the file.
export async function handOver(file) {
  const text = JSON.stringify({ name: file.name, data: await inBase64(file) });
  if (session.write(KEPT, text)) return "/replay?dropped=1";
  session.remove(KEPT);
  return "";
}

// The file that was handed over to this page; null without one.
export function handedOver() {
  const kept = new URLSearchParams(location.search).has("dropped") && session.read(KEPT);
  if (!kept) return null;
  const { name, data } = JSON.parse(kept);
  return new File([Uint8Array.from(atob(data), (character) => character.charCodeAt(0))], name);
}

function inBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
