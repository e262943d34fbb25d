// The moments after a cast: muzzle flashes, dashes, blinks, bursts of wards. Every drawing is a function of the event and
// its age, so it can be paused and reversed.

import { hash, signed } from "./noise.js";
import { easeOut } from "./easing.js";
import { glow } from "./glow.js";
import { SCHOOLS } from "./palette.js";
import { circle, dart, star, zigzag } from "./shapes.js";

const MUZZLE = 0.22;
const TRAIL = 0.75;
const BURST = 0.6;
export const CAST_SECONDS = [0, MUZZLE, 0.35, TRAIL, BURST, 0.4];

// `event`: kind cast, seat, verb 1.., x, y, dx, dy; `school` index; `ability`: its row of the rules.
export function drawCast(ctx, event, age, school, ability) {
  const colours = SCHOOLS[school];
  if (event.verb === 1 || event.verb === 2) drawMuzzle(ctx, event, age / CAST_SECONDS[event.verb], colours);
  else if (event.verb === 3) MOBILITIES[school](ctx, event, age, colours, ability);
  else if (event.verb === 4) BURSTS[school](ctx, event, age / BURST, colours, ability);
  else drawOpening(ctx, event, age / 0.4);
}

function drawMuzzle(ctx, event, t, colours) {
  const size = event.verb === 2 ? 1.5 : 0.7;
  const x = event.x + 0.5 * event.dx;
  const y = event.y + 0.5 * event.dy;
  glow(ctx, x, y, size * (0.6 + 0.6 * t), colours.bright, 0.9 * (1 - t));
  if (event.verb !== 2) return;
  ctx.strokeStyle = colours.bright;
  ctx.globalAlpha = 1 - t;
  ctx.lineWidth = 0.06;
  circle(ctx, x, y, 0.25 + 0.7 * easeOut(t));
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function dashLength(ability) {
  return (ability.speed || 11) * (ability.duration || 0.25);
}

function drawFlameRush(ctx, event, age, colours, ability) {
  const length = dashLength(ability);
  for (let k = 0; k < 22; k++) {
    const along = (k / 21) * length;
    const t = (age - along / (ability.speed || 11)) / 0.5;
    if (t < 0 || t > 1) continue;
    const side = 0.3 * signed(k, event.tick);
    const x = event.x + event.dx * along - event.dy * side;
    const y = event.y + event.dy * along + event.dx * side - 0.35 * t;
    glow(
      ctx,
      x,
      y,
      0.5 * (1 - 0.6 * t) * (0.6 + 0.6 * hash(k, 3)),
      t < 0.4 ? colours.bright : colours.mid,
      0.9 * (1 - t),
    );
  }
}

function drawIceSlide(ctx, event, age, colours, ability) {
  const speed = ability.speed || 9;
  const length = Math.min(dashLength(ability), age * speed);
  const fade = 1 - age / TRAIL;
  ctx.globalAlpha = 0.75 * fade;
  ctx.strokeStyle = colours.bright;
  ctx.lineWidth = 0.5 * fade;
  ctx.lineCap = "round";
  ctx.beginPath();
  ctx.moveTo(event.x, event.y);
  ctx.lineTo(event.x + event.dx * length, event.y + event.dy * length);
  ctx.stroke();
  ctx.strokeStyle = "#ffffff";
  ctx.lineWidth = 0.08;
  ctx.stroke();
  ctx.globalAlpha = fade;
  for (let k = 0; k < 10; k++) {
    const along = hash(k, event.tick) * length;
    const side = 0.45 * signed(k, event.tick + 7);
    ctx.fillStyle = "#ffffff";
    star(
      ctx,
      event.x + event.dx * along - event.dy * side,
      event.y + event.dy * along + event.dx * side,
      0.12 * fade,
      0.03,
      4,
      k,
    );
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

function drawBlink(ctx, event, age, colours) {
  const t = age / TRAIL;
  const toX = event.tx ?? event.x;
  const toY = event.ty ?? event.y;
  drawRift(ctx, event.x, event.y, t, colours, -1);
  drawRift(ctx, toX, toY, t, colours, 1);
  ctx.globalAlpha = Math.max(0, 1 - 2.2 * t);
  ctx.strokeStyle = colours.core;
  ctx.lineWidth = 0.06;
  const beat = Math.floor(age * 30) + event.tick;
  zigzag(ctx, event.x, event.y, toX, toY, 9, 0.3, (k) => signed(beat, k));
  ctx.stroke();
  ctx.globalAlpha = 1;
}

// A tear in space: it closes where the mage left (`side` -1) and opens where it arrives.
function drawRift(ctx, x, y, t, colours, side) {
  const radius = side < 0 ? 0.9 * (1 - easeOut(t)) : 0.3 + 0.9 * easeOut(t);
  glow(ctx, x, y, 1.3, colours.mid, 0.9 * (1 - t));
  ctx.globalAlpha = 1 - t;
  ctx.strokeStyle = colours.bright;
  ctx.lineWidth = 0.09 * (1 - t) + 0.02;
  circle(ctx, x, y, radius);
  ctx.stroke();
  ctx.fillStyle = colours.core;
  for (let k = 0; k < 6; k++) {
    dart(ctx, x + radius * Math.cos(k * 1.05), y + radius * Math.sin(k * 1.05), 0.24 * (1 - t), 0.12, 0.04, k * 1.05);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

function ring(ctx, event, radius, t, colour, width) {
  ctx.globalAlpha = 1 - t;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width * (1 - t) + 0.02;
  circle(ctx, event.x, event.y, radius * easeOut(t));
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function drawEmberBurst(ctx, event, t, colours, ability) {
  const reach = ability.blast || 1.2;
  glow(ctx, event.x, event.y, reach * 1.25 * easeOut(t), colours.mid, 0.8 * (1 - t));
  ring(ctx, event, reach, t, colours.bright, 0.28);
  ring(ctx, event, reach * 0.86, t, colours.core, 0.1);
  for (let k = 0; k < 26; k++) {
    const at = (2 * Math.PI * k) / 26 + 0.2 * hash(k, event.tick);
    const away = reach * easeOut(t) * (0.75 + 0.3 * hash(k, 5));
    glow(
      ctx,
      event.x + away * Math.cos(at),
      event.y + away * Math.sin(at) - 0.3 * t,
      0.3 * (1 - t),
      colours.bright,
      1 - t,
    );
  }
}

function drawIceBurst(ctx, event, t, colours) {
  glow(ctx, event.x, event.y, 1.3, colours.bright, 0.9 * (1 - t));
  ring(ctx, event, 1.1, t, "#ffffff", 0.12);
  ctx.globalAlpha = 1 - t;
  ctx.fillStyle = colours.core;
  for (let k = 0; k < 10; k++) {
    const at = (2 * Math.PI * k) / 10;
    const away = 0.4 + 0.7 * easeOut(t);
    dart(ctx, event.x + away * Math.cos(at), event.y + away * Math.sin(at), 0.2, 0.14, 0.06, at);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

function drawGust(ctx, event, t, colours, ability) {
  const reach = Math.max(ability.sweep || 0, ability.blast || 0, 1.2);
  glow(ctx, event.x, event.y, reach * easeOut(t), colours.mid, 0.5 * (1 - t));
  ctx.lineCap = "round";
  for (let k = 0; k < 16; k++) {
    const at = (2 * Math.PI * k) / 16 + 2.6 * easeOut(t);
    const radius = reach * easeOut(t) * (0.6 + 0.4 * hash(k, event.tick));
    ctx.globalAlpha = 1 - t;
    ctx.strokeStyle = k % 3 ? colours.bright : colours.core;
    ctx.lineWidth = 0.07 * (1 - t) + 0.02;
    ctx.beginPath();
    ctx.arc(event.x, event.y, radius, at, at + 0.55);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  ring(ctx, event, reach, t, colours.core, 0.08);
}

function drawOpening(ctx, event, t) {
  glow(ctx, event.x, event.y, 1.2 * easeOut(t), "#ffd56b", 0.7 * (1 - t));
}

const MOBILITIES = [drawFlameRush, drawIceSlide, drawBlink];
const BURSTS = [drawEmberBurst, drawIceBurst, drawGust];
