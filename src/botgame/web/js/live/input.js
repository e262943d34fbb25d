// Keys, mouse and fingers: what the player holds (a direction, a place to aim at) and does (actions, once each).

import { VERBS } from "../page/keymap.js";
import { Touch, octant } from "./touch.js";

export class Input {
  // `field`: the element for mouse buttons. Calls `onMove()` when the direction changes, `onVerb(number)` for casts and
  // `onAction(name)` for other actions, but nothing while `isPaused()`.
  constructor(field, keymap, { onAction, onVerb, onMove, isPaused }) {
    this.keymap = keymap;
    this.held = new Set(); // actions
    this.mouse = { x: 0, y: 0 };
    this.stick = 0; // the direction of a finger
    this.handlers = { onAction, onVerb, onMove, isPaused };
    window.addEventListener("keydown", (event) => this.keyDown(event));
    window.addEventListener("keyup", (event) => this.up(event.code));
    window.addEventListener("blur", () => this.releaseAll());
    window.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") this.mouse = { x: event.clientX, y: event.clientY };
    });
    field.addEventListener("pointerdown", (event) => this.pointerDown(event));
    window.addEventListener("pointerup", (event) => event.pointerType !== "touch" && this.up(`Mouse${event.button}`));
    field.addEventListener("contextmenu", (event) => event.preventDefault());
    this.touch = new Touch(field, {
      onStick: (move) => this.tilt(move),
      onAim: (point) => (this.mouse = point),
      onFire: (isDown) => (isDown ? !isPaused() && this.down("bolt") : this.held.delete("bolt")),
    });
  }

  // The index of the held direction: 0 stay, 1 right, 3 down, 5 left, 7 up, diagonals between.
  get move() {
    const x = Number(this.held.has("right")) - Number(this.held.has("left"));
    const y = Number(this.held.has("down")) - Number(this.held.has("up"));
    return x === 0 && y === 0 ? this.stick : octant(x, y);
  }

  tilt(move) {
    const before = this.move;
    this.stick = this.handlers.isPaused() ? 0 : move;
    if (this.move !== before) this.handlers.onMove();
  }

  keyDown(event) {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (this.handlers.isPaused() || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = this.keymap.actionOf(event.code);
    if (action === null || event.code === "Tab") return; // Tab moves between the controls of the page, as everywhere
    event.preventDefault();
    document.activeElement?.blur(); // else the space bar would press the button that was clicked last
    if (!event.repeat) this.down(action);
  }

  pointerDown(event) {
    if (event.pointerType === "touch") return;
    this.mouse = { x: event.clientX, y: event.clientY };
    const action = this.keymap.actionOf(`Mouse${event.button}`);
    if (this.handlers.isPaused() || action === null) return;
    event.preventDefault();
    document.activeElement?.blur();
    this.down(action);
  }

  down(action) {
    const before = this.move;
    this.held.add(action);
    if (action in VERBS) this.handlers.onVerb(VERBS[action]);
    else if (this.move !== before) this.handlers.onMove();
    else this.handlers.onAction(action);
  }

  up(code) {
    const action = this.keymap.actionOf(code);
    const before = this.move;
    this.held.delete(action);
    if (this.move !== before) this.handlers.onMove();
  }

  releaseAll() {
    const before = this.move;
    this.held.clear();
    this.stick = 0;
    if (this.move !== before) this.handlers.onMove();
  }
}

// The direction bin 0..31 of a vector, as in the simulation.
export function aimBin(dx, dy) {
  return (Math.round((16 * Math.atan2(dy, dx)) / Math.PI) + 32) % 32;
}
