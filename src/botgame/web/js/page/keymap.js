// The keys and buttons of each action, which people can change. The browser stores them.

import { local } from "./storage.js";

const STORE = "botgame.keys";

// The verbs that cast, in the order of the ability slots, then the one that opens a chest.
const CASTS = [
  ["bolt", "Bolt", ["Mouse0"]],
  ["offence", "Ability 1: offence", ["Digit1", "Mouse2"]],
  ["mobility", "Ability 2: mobility", ["Digit2", "Space"]],
  ["defence", "Ability 3: defence", ["Digit3", "ShiftLeft"]],
];

export const SLOTS = CASTS.map(([action]) => action);
export const VERBS = Object.fromEntries([...SLOTS, "interact"].map((action, row) => [action, row + 1]));

export const ACTIONS = [
  ["up", "Walk up", ["KeyW", "ArrowUp"]],
  ["left", "Walk left", ["KeyA", "ArrowLeft"]],
  ["down", "Walk down", ["KeyS", "ArrowDown"]],
  ["right", "Walk right", ["KeyD", "ArrowRight"]],
  ...CASTS,
  ["interact", "Open a chest", ["KeyE"]],
  ["good", "Mark the last 3 s as good", ["KeyG"]],
  ["bad", "Mark the last 3 s as bad", ["KeyB"]],
  ["take", "Take over a seat, give it back", ["KeyT"]],
  ["fog", "See with the seat's fog", ["KeyF"]],
  ["next", "Follow the next seat", ["KeyN"]],
  ["overview", "Show everything", ["Digit0", "Escape"]],
  ["sound", "Sound on or off", ["KeyM"]],
];

export class Keymap {
  constructor() {
    this.codes = Object.fromEntries(ACTIONS.map(([action, , codes]) => [action, [...codes]]));
    this.read();
  }

  read() {
    let saved;
    try {
      saved = JSON.parse(local.read(STORE));
    } catch {
      return; // unreadable: the default keys stay
    }
    for (const [action] of ACTIONS) {
      const codes = saved?.[action];
      if (Array.isArray(codes) && codes.every((code) => typeof code === "string")) this.codes[action] = codes;
    }
  }

  actionOf(code) {
    return Object.keys(this.codes).find((action) => this.codes[action].includes(code)) ?? null;
  }

  // What an action is called.
  words(action) {
    return ACTIONS.find(([name]) => name === action)[1];
  }

  // `code` becomes the only key of `action` and loses its previous action.
  assign(action, code) {
    for (const other of Object.keys(this.codes)) this.codes[other] = this.codes[other].filter((one) => one !== code);
    this.codes[action] = [code];
    local.write(STORE, JSON.stringify(this.codes));
  }

  reset() {
    local.remove(STORE);
    for (const [action, , codes] of ACTIONS) this.codes[action] = [...codes];
  }

  // The label of the first key of an action.
  label(action) {
    return this.codes[action].length ? keyLabel(this.codes[action][0]) : "–";
  }
}

const NAMES = {
  Mouse0: "LMB",
  Mouse1: "MMB",
  Mouse2: "RMB",
  Space: "Space",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
};

export function keyLabel(code) {
  return NAMES[code] ?? code.replace(/^(Key|Digit|Numpad)/, "").replace(/(Left|Right)$/, "");
}

// Waits for the next key, or for a mouse button on `target`, and calls `done(code)`; `done(null)` for Escape and for a
// click elsewhere, which does there what it always does.
export function captureKey(target, done) {
  const stop = (event, code) => {
    window.removeEventListener("keydown", onKey, true);
    window.removeEventListener("pointerdown", onPointer, true);
    if (code !== null || event.code === "Escape") {
      event.preventDefault();
      event.stopPropagation();
    }
    done(code);
  };
  const onKey = (event) => stop(event, event.code === "Escape" ? null : event.code);
  const onPointer = (event) => stop(event, target.contains(event.target) ? `Mouse${event.button}` : null);
  window.addEventListener("keydown", onKey, true);
  window.addEventListener("pointerdown", onPointer, true);
}
