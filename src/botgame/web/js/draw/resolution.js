// The number of pixels to draw for each CSS pixel: as many as the screen has, fewer if the machine is too slow.

const SLOW_MS = 30; // longer frames look choppy,
const FAST_MS = 19; // shorter ones leave room for more pixels
const LOWEST = 0.6;
const WINDOW = 45; // frames between two decisions
const PATIENCE = 6; // good windows in a row before trying more pixels again

export class Resolution {
  constructor(screen = window.devicePixelRatio || 1) {
    this.most = Math.min(2, screen);
    this.ratio = this.most;
    this.times = [];
    this.good = 0;
  }

  // Call once a frame with the time since the last one in ms; returns the ratio to draw with.
  next(ms) {
    if (ms > 0 && ms < 1000) this.times.push(ms);
    if (this.times.length < WINDOW) return this.ratio;
    const middle = this.times.sort((a, b) => a - b)[WINDOW >> 1];
    this.times = [];
    this.good = middle < FAST_MS ? this.good + 1 : 0;
    if (middle > SLOW_MS) this.change(0.8);
    else if (this.good >= PATIENCE) this.change(1.25);
    return this.ratio;
  }

  change(factor) {
    this.good = 0;
    this.ratio = Math.max(LOWEST, Math.min(this.most, Math.round(100 * this.ratio * factor) / 100));
  }
}
