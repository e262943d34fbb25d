// A button that makes the server compute the policy readout, for a film without one.

import { el, setText, show } from "../page/dom.js";

// Calls `done(readout)` when the server has answered. Only films from a server with networks get the button.
export function offerReadout(root, film, done) {
  const offered = film.file !== undefined && film.data.seats.some((seat) => seat.can_be_asked);
  show(root, offered);
  if (!offered) return;
  const button = el("button", { type: "button" }, "What did the network think?");
  const note = el("p", { class: "offer-note" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    setText(note, "The server plays the match again for the network; this takes some seconds.");
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
