// The dialog for keys and sound.

import { byId, el, setText } from "./dom.js";

const HINT = "Click a key to change it, then press the new one, or a mouse button on the same place. Escape leaves it.";
import { ACTIONS, captureKey, keyLabel } from "./keymap.js";

export class SettingsDialog {
  // Calls `onChange()` when the keys have changed.
  constructor(keymap, input, sound, onChange) {
    this.keymap = keymap;
    this.input = input;
    this.sound = sound;
    this.onChange = onChange;
    this.dialog = byId("settings");
    byId("open-settings").addEventListener("click", () => this.open());
    byId("close-settings").addEventListener("click", () => this.dialog.close());
    byId("reset-keys").addEventListener("click", () => this.change(() => keymap.reset()));
    byId("sound").addEventListener("click", () => this.toggleSound());
    this.fill();
  }

  open() {
    this.input.releaseAll();
    this.fill();
    this.dialog.showModal();
  }

  get isOpen() {
    return this.dialog.open;
  }

  toggleSound() {
    this.sound.toggle();
    this.fill();
  }

  change(how) {
    how();
    this.fill();
    this.onChange();
  }

  fill() {
    setText(byId("key-note"), HINT);
    setText(byId("sound"), this.sound.on ? "Sound is on" : "Sound is off");
    byId("sound").setAttribute("aria-pressed", String(this.sound.on));
    byId("key-rows").replaceChildren(...ACTIONS.map(([action, words]) => this.row(action, words)));
  }

  // Give an action the key `code`, null for none; ask first if another action has it.
  choose(action, code) {
    const other = code === null ? null : this.keymap.actionOf(code);
    if (code === null || other === action) this.fill();
    else if (other === null) this.assign(action, code);
    else this.askAboutConflict(action, code, other);
  }

  assign(action, code) {
    this.change(() => this.keymap.assign(action, code));
  }

  askAboutConflict(action, code, other) {
    this.fill();
    const words = (name) => `"${this.keymap.words(name)}"`;
    const answer = (text, act) => el("button", { type: "button", onclick: act }, text);
    byId("key-note").replaceChildren(
      `${keyLabel(code)} is the key of ${words(other)}. Use it for ${words(action)} instead? `,
      answer("Use it", () => this.assign(action, code)),
      " ",
      answer("Keep", () => this.fill()),
    );
    byId("key-note").querySelector("button").focus();
  }

  row(action, words) {
    const labels = this.keymap.codes[action].map(keyLabel).join(", ") || "none";
    const button = el("button", { type: "button", class: "key-button" }, labels);
    button.addEventListener("click", () => {
      button.classList.add("waiting");
      setText(button, "press a key …");
      captureKey(button, (code) => this.choose(action, code));
    });
    return el("li", {}, el("span", {}, words), button);
  }
}
