// The position in a film: play, pause, speed, seek. The caller passes the time.

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];

export class Playhead {
  constructor(ticks, rate) {
    this.ticks = ticks;
    this.rate = rate;
    this.tick = 0;
    this.speed = 1;
    this.playing = false;
  }

  toggle() {
    if (!this.playing && this.tick >= this.ticks) this.tick = 0;
    this.playing = !this.playing;
  }

  seek(tick) {
    this.tick = Math.max(0, Math.min(this.ticks, tick));
  }

  faster(step) {
    const at = SPEEDS.indexOf(this.speed) + step;
    this.speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))];
  }

  // Move on by `seconds` of real time.
  advance(seconds) {
    if (!this.playing) return;
    this.seek(this.tick + seconds * this.rate * this.speed);
    if (this.tick >= this.ticks) this.playing = false;
  }
}
