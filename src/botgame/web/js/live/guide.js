// A guided first match: walk, shoot, ward, chest, zone. Each step ends when the player has done it; the guide can be
// skipped at any time, and the match goes on.

import { byId, setText, show } from "../page/dom.js";
import { octant } from "./touch.js";

// The match: against a bot that stands still, one minute, in an arena with a chest near the player.
export const GUIDED_MATCH = { seats: 2, bots: ["idle"], duration: 60, seat: 0, seed: 99 };

const FAR_ENOUGH = 3; // cells to walk
const CHEST = 3; // the kind of item
const WARD = 4; // the verb
const BOLT = 1;
const DIRECTIONS = ["right", "below and right", "below", "below and left", "left", "above and left", "above", "above and right"];

// What to do, by keys and by touch; `isDone(seen)` says when it is done.
const STEPS = [
  {
    keys: (key) => `Walk: ${["up", "left", "down", "right"].map(key).join(" ")}.`,
    touch: () => "Walk: slide a finger on the left half of the field.",
    isDone: (seen) => seen.walked >= FAR_ENOUGH,
  },
  {
    keys: (key) => `Shoot: aim with the mouse and hold ${key("bolt")}.`,
    touch: () => "Shoot: touch the right half of the field, where you aim.",
    isDone: (seen) => seen.casts.has(BOLT),
  },
  {
    keys: (key) => `Protect yourself: ${key("defence")} casts your ward.`,
    touch: () => "Protect yourself: tap the last of the four abilities, your ward.",
    isDone: (seen) => seen.casts.has(WARD),
  },
  {
    keys: (key, seen) => `Open a chest${whereIs(seen)}: walk up to it and press ${key("interact")}.`,
    touch: (seen) => `Open a chest${whereIs(seen)}: walk up to it and tap the hint that appears.`,
    isDone: (seen) => seen.hasChest,
  },
  {
    keys: () => "Outside the circle the zone burns, and the circle closes. Stay inside longer than the other mage, or shoot it.",
    touch: () => "Outside the circle the zone burns, and the circle closes. Stay inside longer than the other mage, or shoot it.",
    isDone: () => false, // the end of the match
  },
];

export class Guide {
  constructor(keymap) {
    this.keymap = keymap;
    this.isTouched = window.matchMedia("(pointer: coarse)").matches;
    this.step = 0;
    this.seen = { walked: 0, casts: new Set(), hasChest: false, mage: null, chest: null };
    byId("skip-guide").addEventListener("click", () => this.end());
    show(byId("guide"), true);
  }

  end() {
    this.step = STEPS.length;
    show(byId("guide"), false);
  }

  // A new state of the match; `mage`: the player's, null when it is out.
  update(state, mage) {
    if (!mage || this.step >= STEPS.length) return this.end();
    this.look(state, mage);
    while (STEPS[this.step].isDone(this.seen)) this.step += 1;
    this.write();
  }

  look(state, mage) {
    const { seen } = this;
    if (seen.mage) seen.walked += Math.hypot(mage.x - seen.mage.x, mage.y - seen.mage.y);
    seen.mage = mage;
    const own = state.events.filter((event) => event.seat === mage.seat);
    for (const event of own) if (event.kind === "cast") seen.casts.add(event.verb);
    seen.hasChest ||= own.some((event) => event.kind === "pickup" && event.item === CHEST);
    const chests = state.items.filter((item) => item.kind === CHEST);
    const distance = (item) => Math.hypot(item.x - mage.x, item.y - mage.y);
    if (chests.length) seen.chest = chests.reduce((one, other) => (distance(other) < distance(one) ? other : one));
  }

  write() {
    const { keys, touch } = STEPS[this.step];
    const key = (action) => this.keymap.label(action);
    setText(byId("guide-step"), `Step ${this.step + 1} of ${STEPS.length}`);
    setText(byId("guide-text"), this.isTouched ? touch(this.seen) : keys(key, this.seen));
  }
}

// Where the nearest chest is, seen from the mage.
function whereIs({ mage, chest }) {
  return mage && chest ? ` (${DIRECTIONS[octant(chest.x - mage.x, chest.y - mage.y) - 1]} of you)` : "";
}
