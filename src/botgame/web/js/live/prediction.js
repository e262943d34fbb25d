// The player's mage reacts at once: the page applies the inputs that the server has not applied yet to the latest
// snapshot. When a snapshot disagrees, the difference fades away instead of causing a jerk.

import { lerp } from "../draw/easing.js";
import { isWall } from "../draw/walls.js";
import { walk } from "./walking.js";

const MAX_TICKS = 20; // no prediction further ahead than this
const FADE_SECONDS = 0.08;
const TELEPORT = 1.2; // cells: a larger difference is a blink, which does not fade

export class Predictor {
  // `moves`: the nine directions; `rules`: mage_speed in cells/s, mage_radius.
  constructor(walls, moves, rules, rate) {
    this.walls = walls;
    this.moves = moves;
    this.speed = rules.mage_speed / rate;
    this.radius = rules.mage_radius;
    this.rate = rate;
    this.pending = []; // {seq, move, tick} by rising seq
    this.base = null; // {tick, mage} of the latest snapshot
    this.error = { x: 0, y: 0 };
  }

  // An input was sent and will probably take effect at `tick`.
  sent(seq, move, tick) {
    this.pending.push({ seq, move, tick });
  }

  // A snapshot with the player's mage has arrived; `target`: the tick that is shown now.
  reconcile(tick, mage, ack, target) {
    const before = this.base && this.place(target);
    this.pending = this.pending.filter((input) => input.seq > ack);
    this.base = { tick, mage };
    const after = this.simulate(target);
    this.error = before ? { x: before.x - after.x, y: before.y - after.y } : { x: 0, y: 0 };
    if (Math.hypot(this.error.x, this.error.y) > TELEPORT) this.error = { x: 0, y: 0 };
  }

  // The place to show at `tick`. A fading difference that leads into a wall is left out.
  place(tick) {
    const sure = this.simulate(tick);
    const x = sure.x + this.error.x;
    const y = sure.y + this.error.y;
    return isWall(this.walls, Math.floor(x), Math.floor(y)) ? sure : { x, y };
  }

  fade(seconds) {
    const left = Math.exp(-seconds / FADE_SECONDS);
    this.error.x *= left;
    this.error.y *= left;
  }

  simulate(target) {
    const { tick, mage } = this.base;
    const ahead = Math.max(0, Math.min(MAX_TICKS, target - tick));
    let { x, y } = mage;
    let left = ahead;
    for (let k = 1; left > 0; k++) {
      const [vx, vy] = this.velocity(mage, tick + k, k);
      const [nextX, nextY] = walk(this.walls, x, y, vx, vy, this.radius);
      const share = Math.min(1, left);
      x = lerp(x, nextX, share);
      y = lerp(y, nextY, share);
      left -= 1;
    }
    return { x, y };
  }

  // The movement in cells at `tick`, the k-th tick after the snapshot.
  velocity(mage, tick, k) {
    if (k <= mage.dash) return [mage.vx / this.rate, mage.vy / this.rate];
    let { move } = mage;
    for (const input of this.pending) if (input.tick <= tick) move = input.move;
    const speed = this.speed * (1 - mage.slow);
    return [this.moves[move][0] * speed, this.moves[move][1] * speed];
  }
}
