// Icons of abilities, painted by the code that draws the spells.

import { CAST_SECONDS, drawCast } from "./cast.js";
import { drawShot } from "./shot.js";
import { drawWard } from "./ward.js";
import { glow } from "./glow.js";
import { SCHOOLS } from "./palette.js";
import { circle } from "./shapes.js";

const HALF = Math.SQRT1_2;

// Paints the icon of row 0..3 (bolt, offence, mobility, defence) into a square canvas.
export function paintIcon(canvas, school, row) {
  const ctx = canvas.getContext("2d");
  const size = canvas.width;
  const colours = SCHOOLS[school];
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  const back = ctx.createRadialGradient(size / 2, size / 2, 2, size / 2, size / 2, size * 0.7);
  back.addColorStop(0, colours.deep);
  back.addColorStop(1, "#0b0f1c");
  ctx.fillStyle = back;
  ctx.fillRect(0, 0, size, size);
  const scale = size / [1.5, 2.3, 2.7, 1.9][row];
  ctx.setTransform(scale, 0, 0, scale, size / 2, size / 2);
  if (row < 2) drawSpell(ctx, school, row);
  else if (row === 2) drawMobility(ctx, school, colours);
  else drawDefence(ctx, school, colours);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
}

function drawSpell(ctx, school, row) {
  const away = row ? 0.32 : 0.18;
  drawShot(ctx, { id: 5, school, row, x: away, y: -away, dx: HALF, dy: -HALF, flown: row ? 1.6 : 0.9 }, 0.41);
}

function drawMobility(ctx, school, colours) {
  const event = { verb: 3, tick: 4, seat: 0, x: -0.75, y: 0.75, dx: HALF, dy: -HALF, tx: 0.7, ty: -0.7 };
  const ability = school === 0 ? { speed: 11, duration: 0.18 } : { speed: 9, duration: 0.22 };
  drawCast(ctx, event, CAST_SECONDS[3] * 0.28, school, ability);
  ctx.strokeStyle = colours.core;
  ctx.lineWidth = 0.14;
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.beginPath();
  ctx.moveTo(0.2, -0.8);
  ctx.lineTo(0.8, -0.8);
  ctx.lineTo(0.8, -0.2);
  ctx.stroke();
}

function drawDefence(ctx, school, colours) {
  glow(ctx, 0, 0, 0.6, colours.bright, 0.4);
  ctx.fillStyle = colours.core;
  circle(ctx, 0, 0, 0.2);
  ctx.fill();
  drawWard(ctx, { x: 0, y: 0, ward: 1, school }, 0.4);
}
