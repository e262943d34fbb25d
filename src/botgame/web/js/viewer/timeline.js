// The strip below a film: health over time, deaths, marks, changes of controller, and the readout's expected results.

import { clock } from "../page/dom.js";
import { ITEMS, seatColour } from "../draw/palette.js";

const TOP = 20; // pixels for the symbols of events

export class Timeline {
  // Calls `onSeek(tick)` while the pointer drags.
  constructor(canvas, film, onSeek) {
    this.canvas = canvas;
    this.film = film;
    this.hover = -1;
    this.base = null;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      onSeek(this.tickAt(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      this.hover = this.tickAt(event);
      if (event.buttons & 1) onSeek(this.hover);
    });
    canvas.addEventListener("pointerleave", () => (this.hover = -1));
    canvas.setAttribute("aria-valuemax", String(Math.floor(film.ticks / film.rate)));
  }

  // Say where the film is to those who do not see the strip.
  say(tick) {
    const { rate, ticks } = this.film;
    const seconds = String(Math.floor(tick / rate));
    if (this.canvas.getAttribute("aria-valuenow") === seconds) return;
    this.canvas.setAttribute("aria-valuenow", seconds);
    this.canvas.setAttribute("aria-valuetext", `${clock(tick / rate)} of ${clock(ticks / rate)}`);
  }

  tickAt(event) {
    const box = this.canvas.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.film.ticks;
  }

  draw(tick, ratio) {
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height || !this.base) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.paintBase(width, height, ratio);
    }
    const ctx = this.canvas.getContext("2d");
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(this.base, 0, 0);
    const x = (tick / this.film.ticks) * width;
    ctx.fillStyle = "rgba(7, 10, 19, 0.5)";
    ctx.fillRect(x, 0, width - x, height);
    ctx.fillStyle = "#ffffff";
    ctx.fillRect(x - ratio, 0, 2 * ratio, height);
    if (this.hover >= 0) this.drawHover(ctx, width, height, ratio);
  }

  drawHover(ctx, width, height, ratio) {
    const x = (this.hover / this.film.ticks) * width;
    ctx.fillStyle = "rgba(255, 255, 255, 0.35)";
    ctx.fillRect(x, 0, ratio, height);
    ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = x > width / 2 ? "right" : "left";
    ctx.fillStyle = "#e7ecf5";
    ctx.fillText(clock(this.hover / this.film.rate), x + (x > width / 2 ? -5 : 5) * ratio, height - 5 * ratio);
  }

  paintBase(width, height, ratio) {
    this.base = document.createElement("canvas");
    this.base.width = Math.max(1, width);
    this.base.height = Math.max(1, height);
    const ctx = this.base.getContext("2d");
    ctx.fillStyle = "#10172a";
    ctx.fillRect(0, 0, width, height);
    this.paintPhases(ctx, width, height);
    this.film.mages.forEach((mage, seat) => this.paintHealth(ctx, mage, seat, width, height, ratio));
    if (this.film.data.thoughts) this.paintValues(ctx, width, height, ratio);
    for (const event of this.film.events) this.paintEvent(ctx, event, width, height, ratio);
  }

  // The times when the zone shrinks.
  paintPhases(ctx, width, height) {
    ctx.fillStyle = "rgba(150, 220, 60, 0.1)";
    for (const [closes, closed] of this.film.data.zone.phases) {
      const from = (closes / this.film.ticks) * width;
      ctx.fillRect(from, 0, ((closed - closes) / this.film.ticks) * width, height);
    }
  }

  paintHealth(ctx, mage, seat, width, height, ratio) {
    const room = height - (TOP + 6) * ratio;
    const step = Math.max(1, Math.floor(mage.health.length / width));
    ctx.beginPath();
    for (let k = 0; k < mage.health.length; k += step) {
      ctx.lineTo((k / this.film.ticks) * width, TOP * ratio + room * (1 - mage.health[k] / this.film.rules.health));
    }
    ctx.strokeStyle = seatColour(seat);
    ctx.globalAlpha = 0.85;
    ctx.lineWidth = 1.6 * ratio;
    ctx.stroke();
    ctx.globalAlpha = 1;
  }

  // The expected result, from the bottom (loses) to the top (wins), dotted.
  paintValues(ctx, width, height, ratio) {
    const room = height - (TOP + 6) * ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    for (const seat of this.film.data.thoughts.seats) {
      ctx.beginPath();
      seat.ticks.forEach((tick, k) => {
        const value = Math.max(-1, Math.min(1, seat.values[k]));
        ctx.lineTo((tick / this.film.ticks) * width, TOP * ratio + room * (0.5 - value / 2));
      });
      ctx.strokeStyle = seatColour(seat.seat);
      ctx.lineWidth = 1.3 * ratio;
      ctx.stroke();
    }
    ctx.setLineDash([]);
  }

  paintEvent(ctx, event, width, height, ratio) {
    const symbols = {
      kill: "✕",
      mark: event.verdict === "good" ? "▲" : "▼",
      control: "⇄",
      pickup: event.item >= 2 ? "•" : "",
    };
    const symbol = symbols[event.kind];
    if (!symbol) return;
    const x = (event.tick / this.film.ticks) * width;
    ctx.textAlign = "center";
    ctx.font = `700 ${(event.kind === "kill" ? 14 : 12) * ratio}px system-ui, sans-serif`;
    ctx.fillStyle = seatColour(event.seat);
    if (event.kind === "mark") ctx.fillStyle = event.verdict === "good" ? "#7dffa8" : "#ff8d85";
    if (event.kind === "pickup") ctx.fillStyle = ITEMS[event.item].mid;
    ctx.fillText(symbol, Math.max(6 * ratio, Math.min(width - 6 * ratio, x)), 14 * ratio);
    if (event.kind !== "kill") return;
    ctx.globalAlpha = 0.35;
    ctx.fillRect(x - ratio / 2, 16 * ratio, ratio, height);
    ctx.globalAlpha = 1;
  }
}
