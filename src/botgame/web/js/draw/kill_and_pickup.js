// Deaths and pick-ups, as functions of the event and its age.

import { hash } from "./noise.js";
import { easeOut } from "./easing.js";
import { glow } from "./glow.js";
import { ITEMS, seatColour } from "./palette.js";
import { circle, star } from "./shapes.js";

export const KILL_SECONDS = 1.3;
export const PICKUP_SECONDS = 0.6;

export function drawKill(ctx, event, age) {
  const t = age / KILL_SECONDS;
  const colour = seatColour(event.seat);
  glow(ctx, event.x, event.y, 2.2 * (1 - 0.5 * t), colour, 1 - t);
  glow(ctx, event.x, event.y, 1.2, "#ffffff", 0.9 - 4 * t);
  ctx.globalAlpha = 1 - t;
  ctx.strokeStyle = colour;
  for (const [reach, width] of [
    [2.3, 0.16],
    [1.5, 0.07],
  ]) {
    ctx.lineWidth = width * (1 - t) + 0.01;
    circle(ctx, event.x, event.y, reach * easeOut(Math.min(1, 1.6 * t)));
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  for (let k = 0; k < 18; k++) {
    const x = event.x + 0.9 * (hash(k, event.seat + 100) - 0.5) * (1 + t);
    const y = event.y - t * (0.6 + 1.8 * hash(k, 3));
    glow(ctx, x, y, 0.2 * (1 - t), k % 2 ? colour : "#ffffff", 1 - t);
  }
}

export function drawPickup(ctx, event, age) {
  const t = age / PICKUP_SECONDS;
  const colours = ITEMS[event.item];
  glow(ctx, event.x, event.y, 0.5 + 0.8 * t, colours.mid, 0.9 * (1 - t));
  ctx.globalAlpha = 1 - t;
  ctx.strokeStyle = colours.bright;
  ctx.lineWidth = 0.07 * (1 - t) + 0.01;
  circle(ctx, event.x, event.y, 0.9 * easeOut(t));
  ctx.stroke();
  ctx.fillStyle = colours.bright;
  for (let k = 0; k < 6; k++) {
    const at = (2 * Math.PI * k) / 6 + 2 * t;
    const away = 0.35 + 0.45 * easeOut(t);
    star(ctx, event.x + away * Math.cos(at), event.y + away * Math.sin(at), 0.12 * (1 - t), 0.03, 4, at);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}
