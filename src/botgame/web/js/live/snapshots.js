// Snapshots of the world as a function of time: everything moves evenly between two of them.
//
// Packets arrive unevenly, so the page shows the world a little late and always has the next snapshot already.

import { lerp, turn } from "../draw/easing.js";

const KEPT = 60; // snapshots
const DRIFT = 0.02; // how fast the clock follows packets that are late
const JUMP = 1.0; // cells a tick: a blink, which is not smoothed
export const DELAY_TICKS = 3; // 100 ms

export class Snapshots {
  constructor(rate) {
    this.rate = rate;
    this.states = [];
    this.offset = null; // ms at which tick 0 would have arrived
  }

  // `now` in ms, from any clock that does not jump.
  push(state, now) {
    if (this.latest && state.tick <= this.latest.tick) this.states.length = 0; // another match has begun
    this.states.push(state);
    if (this.states.length > KEPT) this.states.shift();
    const arrived = now - (state.tick * 1000) / this.rate;
    if (this.offset === null || arrived < this.offset || arrived > this.offset + 1000) this.offset = arrived;
    else this.offset += DRIFT * (arrived - this.offset);
  }

  get latest() {
    return this.states.at(-1);
  }

  // The tick, with fraction, whose snapshot would arrive at `now`.
  tickAt(now) {
    return this.offset === null ? 0 : ((now - this.offset) * this.rate) / 1000;
  }

  // The world at `tick`: {tick, zone, mages, shots, items}, or null before the first snapshot.
  at(tick) {
    if (!this.states.length) return null;
    let next = this.states.findIndex((state) => state.tick > tick);
    if (next < 0) next = this.states.length;
    const before = this.states[Math.max(0, next - 1)];
    const after = this.states[Math.min(next, this.states.length - 1)];
    if (after.tick <= before.tick || after.view !== before.view)
      return { ...before, mages: before.mages.filter((mage) => mage.alive) };
    const share = Math.max(0, Math.min(1, (tick - before.tick) / (after.tick - before.tick)));
    const zone = { ...before.zone, r: lerp(before.zone.r, after.zone.r, share) };
    return {
      ...before,
      tick,
      zone,
      mages: blendMages(before, after, share),
      shots: blendShots(before, after, tick, this.rate),
    };
  }
}

function blendMages(before, after, share) {
  const later = new Map(after.mages.map((mage) => [mage.seat, mage]));
  const span = after.tick - before.tick;
  return before.mages
    .filter((mage) => mage.alive)
    .map((mage) => {
      const next = later.get(mage.seat);
      if (!next) return mage;
      const far = Math.hypot(next.x - mage.x, next.y - mage.y) > JUMP * span;
      const smooth = far ? Math.round(share) : share;
      const angle = turn(Math.atan2(mage.fy, mage.fx), Math.atan2(next.fy, next.fx), share);
      return { ...mage, x: lerp(mage.x, next.x, smooth), y: lerp(mage.y, next.y, smooth), angle };
    });
}

// Shots fly straight at constant speed, so one snapshot is enough to place them.
function blendShots(before, after, tick, rate) {
  const shown = before.shots.map((shot) => moved(shot, (tick - before.tick) / rate));
  const known = new Set(before.shots.map((shot) => shot.id));
  for (const shot of after.shots) {
    if (!known.has(shot.id) && tick > after.tick - 1) shown.push(moved(shot, (tick - after.tick) / rate));
  }
  return shown;
}

export function moved(shot, seconds) {
  return { ...shot, x: shot.x + shot.vx * seconds, y: shot.y + shot.vy * seconds };
}
