// Maps cells to pixels: shows the whole arena, or a part of it that follows a place.

import { isCalm } from "./calm.js";
import { clamp, lerp } from "./easing.js";

const CELLS_SEEN = 21; // cells along the shorter side when following

// The share of the way to a goal that is covered in `seconds`, at a rate per second: all of it for who wants no motion.
export const glide = (seconds, rate) => (isCalm() ? 1 : 1 - Math.exp(-seconds * rate));

export class Camera {
  constructor() {
    this.scale = 32; // CSS pixels for each cell
    this.x = 0; // cell at the middle of the free part of the window
    this.y = 0;
    this.middle = { x: 0, y: 0 }; // that middle, in CSS pixels
    this.free = { width: 1, height: 1 };
    this.fresh = true;
  }

  // `margins` {left, right, top, bottom}: pixels that panels cover.
  resize(width, height, margins) {
    this.free = {
      width: Math.max(1, width - margins.left - margins.right),
      height: Math.max(1, height - margins.top - margins.bottom),
    };
    this.middle = { x: margins.left + this.free.width / 2, y: margins.top + this.free.height / 2 };
    this.fresh = true;
  }

  // Show all `cells` cells along a side.
  overview(cells, share = 1) {
    const scale = Math.min(this.free.width, this.free.height) / (cells + 0.3);
    this.moveTo(cells / 2, cells / 2, scale, share);
  }

  // Keep (x, y) in view at a size that is comfortable to play at; arenas that fit are shown completely.
  follow(x, y, cells, share = 1) {
    const shorter = Math.min(this.free.width, this.free.height);
    const whole = shorter / (cells + 0.3);
    const scale = Math.max(whole, Math.min(this.free.height, this.free.width) / CELLS_SEEN);
    if (scale < whole * 1.15) {
      this.overview(cells, share);
      return;
    }
    const halfX = Math.min(cells / 2, this.free.width / scale / 2 - 1);
    const halfY = Math.min(cells / 2, this.free.height / scale / 2 - 1);
    this.moveTo(clamp(x, halfX, cells - halfX), clamp(y, halfY, cells - halfY), scale, share);
  }

  // Glide to a place and a scale; share 1 jumps.
  moveTo(x, y, scale, share) {
    const step = this.fresh ? 1 : share;
    this.x = lerp(this.x, x, step);
    this.y = lerp(this.y, y, step);
    this.scale = Math.abs(this.scale - scale) < 0.2 ? scale : lerp(this.scale, scale, step);
    this.fresh = false;
  }

  // Makes cells the unit of `ctx`. `ratio`: device pixels for each CSS pixel.
  apply(ctx, ratio) {
    const scale = this.scale * ratio;
    const left = Math.round(this.middle.x * ratio - this.x * scale); // whole pixels: layers are copied, not resampled
    const top = Math.round(this.middle.y * ratio - this.y * scale);
    ctx.setTransform(scale, 0, 0, scale, left, top);
  }

  toScreen(x, y) {
    return { x: this.middle.x + (x - this.x) * this.scale, y: this.middle.y + (y - this.y) * this.scale };
  }

  toCells(px, py) {
    return { x: this.x + (px - this.middle.x) / this.scale, y: this.y + (py - this.middle.y) / this.scale };
  }

  // The rectangle of cells in the free part of the window.
  window() {
    const width = this.free.width / this.scale;
    const height = this.free.height / this.scale;
    return { x: this.x - width / 2, y: this.y - height / 2, width, height };
  }

  showsAll(cells) {
    const seen = this.window();
    return seen.width >= cells - 0.5 && seen.height >= cells - 0.5;
  }
}
