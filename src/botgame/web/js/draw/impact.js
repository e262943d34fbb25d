// The ends of shots: sparks, explosions, splinters, strokes. Functions of the event and its age.

import { hash, signed } from "./noise.js";
import { easeOut } from "./easing.js";
import { glow } from "./glow.js";
import { SCHOOLS } from "./palette.js";
import { circle, dart, zigzag } from "./shapes.js";

const SMALL = 0.35;
const LARGE = 0.75;
export const SCAR_SECONDS = 6;

export function impactSeconds(event) {
  return event.row === 1 ? LARGE : SMALL;
}

// `event`: kind impact, x, y, row, school, end (mage, wall, range, swept).
export function drawImpact(ctx, event, age, ability) {
  const t = age / impactSeconds(event);
  const colours = SCHOOLS[event.school];
  if (event.end === "swept") drawSwept(ctx, event, t, colours);
  else if (event.row === 0) drawSparks(ctx, event, t, colours);
  else BURSTS[event.school](ctx, event, t, colours, ability);
}

// Traces on the floor, below everything that moves.
export function drawScar(ctx, event, age, ability) {
  if (event.row !== 1 || event.end === "swept" || (event.school !== 0 && event.end === "range")) return;
  const fade = 1 - age / SCAR_SECONDS;
  const size = event.school === 0 ? 0.62 * (ability.blast || 1) : 0.45;
  ctx.globalAlpha = 0.55 * fade;
  if (event.school === 1) {
    ctx.fillStyle = "#a9dcff";
    for (let k = 0; k < 7; k++) {
      const at = k * 0.9 + hash(event.tick, k);
      dart(ctx, event.x + 0.3 * Math.cos(at), event.y + 0.3 * Math.sin(at), size, 0.1, 0.05, at);
      ctx.fill();
    }
  } else {
    const scorch = ctx.createRadialGradient(event.x, event.y, 0, event.x, event.y, size);
    scorch.addColorStop(0, "rgba(0, 0, 0, 0.85)");
    scorch.addColorStop(1, "rgba(0, 0, 0, 0)");
    ctx.fillStyle = scorch;
    circle(ctx, event.x, event.y, size);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

function drawSparks(ctx, event, t, colours) {
  const strong = event.end === "mage" ? 1 : event.end === "wall" ? 0.7 : 0.35;
  glow(ctx, event.x, event.y, (0.5 + 0.5 * t) * (0.5 + strong * 0.5), colours.bright, strong * (1 - t));
  ctx.strokeStyle = colours.core;
  ctx.lineCap = "round";
  ctx.globalAlpha = (1 - t) * (0.4 + 0.6 * strong);
  const count = Math.round(4 + 6 * strong);
  for (let k = 0; k < count; k++) {
    const at = 2 * Math.PI * hash(k, event.tick + event.seat);
    const away = easeOut(t) * (0.3 + 0.6 * hash(k, 11)) * (0.5 + 0.5 * strong);
    const length = 0.16 * (1 - t);
    ctx.lineWidth = 0.05 * (1 - t) + 0.015;
    ctx.beginPath();
    ctx.moveTo(event.x + away * Math.cos(at), event.y + away * Math.sin(at));
    ctx.lineTo(event.x + (away + length) * Math.cos(at), event.y + (away + length) * Math.sin(at));
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function drawExplosion(ctx, event, t, colours, ability) {
  const reach = ability.blast || 1.8;
  glow(ctx, event.x, event.y, reach * (0.7 + 0.6 * easeOut(t)), colours.mid, 1.1 * (1 - t));
  glow(ctx, event.x, event.y, reach * 0.75 * (1 - 0.4 * t), colours.core, 1 - 1.6 * t);
  ctx.globalAlpha = 0.9 * (1 - t);
  ctx.strokeStyle = colours.bright;
  ctx.lineWidth = 0.3 * (1 - t) + 0.02;
  circle(ctx, event.x, event.y, reach * easeOut(t));
  ctx.stroke();
  ctx.globalAlpha = 1;
  for (let k = 0; k < 20; k++) {
    const at = 2 * Math.PI * hash(k, event.tick);
    const away = reach * easeOut(t) * (0.3 + 0.8 * hash(k, 7));
    const size = 0.45 * (1 - t) * (0.5 + hash(k, 9));
    glow(
      ctx,
      event.x + away * Math.cos(at),
      event.y + away * Math.sin(at) - 0.4 * t * t,
      size,
      k % 3 ? colours.bright : colours.mid,
      1 - t,
    );
  }
}

function drawSplinters(ctx, event, t, colours) {
  glow(ctx, event.x, event.y, 0.9 + 0.4 * t, colours.bright, 0.9 * (1 - t));
  ctx.globalAlpha = 1 - t;
  for (let k = 0; k < 12; k++) {
    const at = (2 * Math.PI * k) / 12 + 0.4 * signed(k, event.tick);
    const away = 0.2 + 0.85 * easeOut(t) * (0.5 + 0.5 * hash(k, 5));
    ctx.fillStyle = k % 2 ? colours.core : colours.bright;
    dart(ctx, event.x + away * Math.cos(at), event.y + away * Math.sin(at), 0.26 * (1 - 0.6 * t), 0.12, 0.06, at);
    ctx.fill();
  }
  ctx.strokeStyle = "#ffffff";
  ctx.lineWidth = 0.05 * (1 - t) + 0.01;
  circle(ctx, event.x, event.y, 0.8 * easeOut(t));
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function drawStroke(ctx, event, t, colours) {
  glow(ctx, event.x, event.y, 1.5 * (1 - 0.5 * t), colours.bright, 1 - t);
  glow(ctx, event.x, event.y, 0.7, "#ffffff", 1 - 3 * t);
  const beat = Math.floor(t * 12) + event.tick;
  ctx.globalAlpha = 1 - t;
  ctx.strokeStyle = colours.core;
  for (let k = 0; k < 6; k++) {
    const at = (2 * Math.PI * k) / 6 + signed(beat, k);
    const reach = 0.5 + 0.6 * hash(beat, k + 9);
    ctx.lineWidth = 0.05;
    zigzag(ctx, event.x, event.y, event.x + reach * Math.cos(at), event.y + reach * Math.sin(at), 4, 0.16, (j) =>
      signed(beat + k, j),
    );
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

// A shot that a gust sweeps away: it spins and fades.
function drawSwept(ctx, event, t, colours) {
  ctx.globalAlpha = 0.8 * (1 - t);
  ctx.strokeStyle = colours.bright;
  ctx.lineWidth = 0.04;
  for (let k = 0; k < 3; k++) {
    ctx.beginPath();
    ctx.arc(event.x, event.y, 0.15 + 0.15 * k + 0.4 * t, 4 * t + 2 * k, 4 * t + 2 * k + 1.6);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

const BURSTS = [drawExplosion, drawSplinters, drawStroke];
