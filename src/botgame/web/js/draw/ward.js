// Defences while they last: embers that circle, a block of ice, a whirl of wind. Stronger wards are more opaque.

import { hash } from "./noise.js";
import { glow } from "./glow.js";
import { SCHOOLS } from "./palette.js";
import { circle } from "./shapes.js";

const WARDS = [drawEmbers, drawIce, drawWind];

// `mage.ward` in (0, 1]: share of the ward that is left.
export function drawWard(ctx, mage, seconds) {
  if (!(mage.ward > 0)) return;
  ctx.save();
  ctx.translate(mage.x, mage.y);
  ctx.globalAlpha = 0.35 + 0.65 * Math.min(1, mage.ward);
  WARDS[mage.school](ctx, SCHOOLS[mage.school], seconds);
  ctx.restore();
}

function drawEmbers(ctx, school, seconds) {
  glow(ctx, 0, 0, 1.1, school.mid, 0.45);
  ctx.strokeStyle = school.bright;
  ctx.lineWidth = 0.05;
  circle(ctx, 0, 0, 0.62);
  ctx.stroke();
  for (let k = 0; k < 7; k++) {
    const at = 3.4 * seconds + (2 * Math.PI * k) / 7;
    const radius = 0.62 + 0.07 * Math.sin(9 * seconds + 5 * k);
    glow(ctx, radius * Math.cos(at), radius * Math.sin(at), 0.24, school.bright, 0.95);
  }
}

function drawIce(ctx, school) {
  glow(ctx, 0, 0, 1.05, school.mid, 0.4);
  for (let k = 0; k < 8; k++)
    drawCrystal(ctx, school, (2 * Math.PI * k) / 8 + 0.2 * hash(k, 3), 0.22 + 0.12 * hash(k, 4));
  ctx.fillStyle = "rgba(190, 232, 255, 0.3)";
  circle(ctx, 0, 0, 0.55);
  ctx.fill();
}

function drawCrystal(ctx, school, angle, length) {
  ctx.save();
  ctx.rotate(angle);
  ctx.fillStyle = school.bright;
  ctx.strokeStyle = "rgba(255, 255, 255, 0.85)";
  ctx.lineWidth = 0.025;
  ctx.beginPath();
  ctx.moveTo(0.42, -0.15);
  ctx.lineTo(0.5 + length, -0.03);
  ctx.lineTo(0.5 + length * 0.8, 0.07);
  ctx.lineTo(0.42, 0.15);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
  ctx.restore();
}

function drawWind(ctx, school, seconds) {
  glow(ctx, 0, 0, 1.0, school.mid, 0.35);
  ctx.lineCap = "round";
  for (let k = 0; k < 6; k++) {
    const radius = 0.5 + 0.06 * (k % 3);
    const at = (k % 2 ? 6.5 : 5) * seconds + k * 1.05;
    ctx.strokeStyle = k % 2 ? school.core : school.bright;
    ctx.lineWidth = 0.05 - 0.004 * k;
    ctx.beginPath();
    ctx.arc(0, 0, radius, at, at + 0.75);
    ctx.stroke();
  }
}
