// Fingers on the field: one that starts on the left is a stick to walk with, one on the right aims and casts bolts; a tap
// on an ability casts it, one on the hint opens the chest.

import { byId } from "../page/dom.js";
import { SLOTS, VERBS } from "../page/keymap.js";

const STICK_SHARE = 0.45; // of the width of the field
const DEAD_PIXELS = 14; // a finger that has moved less stands still

export class Touch {
  // Calls `onStick(move)` with the index of the direction, `onAim(point)` and `onFire(isDown)`.
  constructor(field, { onStick, onAim, onFire }) {
    this.handlers = { onStick, onAim, onFire };
    this.stick = null; // {id, x, y}: where the finger began
    this.aimer = null; // the id of the other finger
    field.addEventListener("pointerdown", (event) => event.pointerType === "touch" && this.down(event, field.clientWidth));
    window.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, (event) => this.up(event));
  }

  down(event, width) {
    const { pointerId: id, clientX: x, clientY: y } = event;
    if (x < STICK_SHARE * width && this.stick === null) this.stick = { id, x, y };
    else if (this.aimer === null) {
      this.aimer = id;
      this.handlers.onAim({ x, y });
      this.handlers.onFire(true);
    }
  }

  move(event) {
    if (event.pointerId === this.aimer) this.handlers.onAim({ x: event.clientX, y: event.clientY });
    if (event.pointerId !== this.stick?.id) return;
    this.handlers.onStick(direction(event.clientX - this.stick.x, event.clientY - this.stick.y));
  }

  up(event) {
    if (event.pointerId === this.aimer) {
      this.aimer = null;
      this.handlers.onFire(false);
    }
    if (event.pointerId !== this.stick?.id) return;
    this.stick = null;
    this.handlers.onStick(0);
  }
}

// Calls `onVerb(number)` for taps on the abilities and on the hint of a chest.
export function bindTaps(onVerb) {
  byId("abilities").addEventListener("click", (event) => {
    const ability = event.target.closest(".ability");
    if (ability) onVerb(VERBS[SLOTS[[...byId("abilities").children].indexOf(ability)]]);
  });
  byId("chest-hint").addEventListener("click", () => onVerb(VERBS.interact));
}

// The index of the direction of a stick: 0 stay, 1 right, 3 down, 5 left, 7 up, diagonals between.
function direction(x, y) {
  return Math.hypot(x, y) < DEAD_PIXELS ? 0 : octant(x, y);
}

// The index 1..8 of the direction nearest to a vector.
export function octant(x, y) {
  return 1 + ((Math.round((4 * Math.atan2(y, x)) / Math.PI) + 8) % 8);
}
