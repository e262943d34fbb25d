// Draws the recent events on the field. Each drawing depends only on the age of its event, so a film may stand still or
// run backwards.
//
// Events are {kind, tick, seat, ...}, see botgame/lms/replay/showing/events.py.

import { CAST_SECONDS, drawCast } from "./cast.js";
import { SCAR_SECONDS, drawImpact, drawScar, impactSeconds } from "./impact.js";
import { KILL_SECONDS, PICKUP_SECONDS, drawKill, drawPickup } from "./kill_and_pickup.js";
import { FLOATING_SECONDS, drawFloatingText } from "./floating_text.js";

const FLASH_SECONDS = 0.16;

function seconds(event) {
  if (event.kind === "cast") return CAST_SECONDS[event.verb];
  if (event.kind === "impact") return impactSeconds(event);
  if (event.kind === "kill") return KILL_SECONDS;
  return event.kind === "pickup" ? PICKUP_SECONDS : 0;
}

export class Effects {
  // `schools`: index of each seat's school; `abilities[school][row]` as in the rules.
  constructor(schools, abilities, rate) {
    this.schools = schools;
    this.abilities = abilities;
    this.rate = rate;
    this.events = []; // ordered by tick
  }

  add(event) {
    let at = this.events.length;
    while (at > 0 && this.events[at - 1].tick > event.tick) at--;
    this.events.splice(at, 0, event);
  }

  // Drop events that are too old to show at `tick`: live play only goes forward.
  prune(tick) {
    const first = this.firstAfter(tick - (SCAR_SECONDS + 1) * this.rate);
    if (first > 64) this.events.splice(0, first);
  }

  // Index of the first event after `tick`.
  firstAfter(tick) {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.events[middle].tick <= tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Calls visit(event, age in seconds) for what happened in the last `span` seconds before `tick`.
  recent(tick, span, visit) {
    for (let k = this.firstAfter(tick - span * this.rate); k < this.events.length; k++) {
      const event = this.events[k];
      if (event.tick > tick) return;
      visit(event, (tick - event.tick) / this.rate);
    }
  }

  drawScars(ctx, tick) {
    this.recent(tick, SCAR_SECONDS, (event, age) => {
      if (event.kind === "impact") drawScar(ctx, event, age, this.abilities[event.school][event.row]);
    });
  }

  drawAbove(ctx, tick) {
    this.recent(tick, 1.4, (event, age) => {
      if (age >= seconds(event)) return;
      if (event.kind === "cast") drawCast(ctx, event, age, this.schools[event.seat], this.ability(event));
      else if (event.kind === "impact") drawImpact(ctx, event, age, this.abilities[event.school][event.row]);
      else if (event.kind === "kill") drawKill(ctx, event, age);
      else if (event.kind === "pickup") drawPickup(ctx, event, age);
    });
  }

  drawFloatingTexts(ctx, camera, tick) {
    this.recent(tick, FLOATING_SECONDS, (event, age) => drawFloatingText(ctx, camera, event, age));
  }

  // The brightness of each seat's flash for a hit, 0..1 by seat.
  flashes(tick) {
    const strength = new Map();
    this.recent(tick, FLASH_SECONDS, (event, age) => {
      if (event.kind === "hit") strength.set(event.seat, 1 - age / FLASH_SECONDS);
    });
    return strength;
  }

  ability(event) {
    return this.abilities[this.schools[event.seat]][event.verb - 1] ?? {};
  }
}
