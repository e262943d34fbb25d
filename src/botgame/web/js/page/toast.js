// A short message that disappears after some seconds.

import { byId, el } from "./dom.js";

const SHOWN_MS = 3500;

export function toast(text, kind = "") {
  const line = el("li", { class: `toast ${kind}`, role: "status" }, text);
  byId("toasts").append(line);
  setTimeout(() => line.remove(), SHOWN_MS);
}
