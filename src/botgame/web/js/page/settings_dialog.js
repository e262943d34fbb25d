// The dialog for keys and sound.

import { byId, el, setText } from "./dom.js";
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
    setText(byId("sound"), this.sound.on ? "Sound is on" : "Sound is off");
    byId("sound").setAttribute("aria-pressed", String(this.sound.on));
    byId("key-rows").replaceChildren(...ACTIONS.map(([action, words]) => this.row(action, words)));
  }

  row(action, words) {
    const labels = this.keymap.codes[action].map(keyLabel).join(", ") || "none";
    const button = el("button", { type: "button", class: "key-button" }, labels);
    button.addEventListener("click", () => {
      button.classList.add("waiting");
      setText(button, "press a key …");
      captureKey((code) => this.change(() => code !== null && this.keymap.assign(action, code)));
    });
    return el("li", {}, el("span", {}, words), button);
  }
}
