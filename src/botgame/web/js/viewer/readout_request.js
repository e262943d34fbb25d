// A button that has the server ask the networks which played, for a film that tells nothing of their thoughts.

import { el, setText, show } from "../page/dom.js";

const NETWORK = /\.pt(@|$)/;

// `done(thoughts)` when the server has answered. Nothing is offered for a film that did not come from a server.
export function offerThoughts(root, film, done) {
  const offered = film.file !== undefined && film.data.seats.some((seat) => NETWORK.test(seat.name));
  show(root, offered);
  if (!offered) return;
  const button = el("button", { type: "button" }, "What did the network think?");
  const note = el("p", { class: "offer-note" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    setText(note, "It is shown the match again; this takes some seconds.");
    try {
      const answer = await fetch(`/api/replays/${encodeURIComponent(film.file)}/thoughts`);
      if (!answer.ok) throw new Error(await answer.text());
      done(await answer.json());
    } catch (error) {
      button.disabled = false;
      setText(note, error.message);
    }
  });
  root.replaceChildren(button, note);
}
