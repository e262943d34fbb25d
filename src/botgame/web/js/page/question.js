// A question with two answers in the dialog `#question`.

import { byId, el, setText } from "./dom.js";

// Asks and calls `done()` for the answer `yes`; Escape and `no` change nothing.
export function ask(text, { yes, no }, done) {
  const dialog = byId("question");
  setText(byId("question-text"), text);
  const answer = (words, kind, act) =>
    el("button", { type: "button", class: kind, onclick: () => (dialog.close(), act?.()) }, words);
  byId("question-answers").replaceChildren(answer(no, "primary"), answer(yes, "", done));
  dialog.showModal();
}
