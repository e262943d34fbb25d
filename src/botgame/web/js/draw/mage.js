// A mage from above: ring in the seat's colour, robe in the school's, a hat whose brim tells the school, a lit staff.

import { hash } from "./noise.js";
import { glow } from "./glow.js";
import { FROST, SCHOOLS, seatColour } from "./palette.js";
import { circle, polygon, star } from "./shapes.js";

const BODY = 0.4; // the rules' radius of a mage: what is drawn is what can be hit

export function drawMage(ctx, mage, seconds) {
  const school = SCHOOLS[mage.school];
  ctx.save();
  ctx.translate(mage.x, mage.y);
  drawFoot(ctx, mage, seconds);
  if (mage.rune) drawRuneAura(ctx, seconds);
  ctx.rotate(mage.angle);
  const sway = mage.moving ? 0.05 * Math.sin(11 * seconds + mage.seat) : 0.012 * Math.sin(2.2 * seconds + mage.seat);
  drawRobe(ctx, school, sway);
  drawStaff(ctx, school, sway);
  drawHat(ctx, school, mage.school, seatColour(mage.seat));
  if (mage.flash > 0) drawFlash(ctx, mage.flash);
  ctx.restore();
  if (mage.slow) drawFrost(ctx, mage, seconds);
}

function drawFoot(ctx, mage, seconds) {
  ctx.fillStyle = "rgba(2, 4, 10, 0.5)";
  ctx.beginPath();
  ctx.ellipse(0.04, 0.07, 0.43, 0.4, 0, 0, 2 * Math.PI);
  ctx.fill();
  const colour = seatColour(mage.seat);
  if (mage.self) glow(ctx, 0, 0, 1.05, colour, 0.35 + 0.08 * Math.sin(3 * seconds));
  ctx.strokeStyle = colour;
  ctx.lineWidth = mage.self ? 0.075 : 0.055;
  circle(ctx, 0, 0, 0.47);
  ctx.stroke();
  ctx.fillStyle = colour;
  ctx.save();
  ctx.rotate(mage.angle);
  ctx.beginPath();
  ctx.moveTo(0.68, 0);
  ctx.lineTo(0.51, -0.12);
  ctx.lineTo(0.51, 0.12);
  ctx.closePath();
  ctx.fill();
  ctx.restore();
}

// The mage looks along +x from here on. The cloak streams behind, the shoulders are broad, two hands hold the staff.
function drawRobe(ctx, school, sway) {
  ctx.strokeStyle = "rgba(5, 6, 14, 0.6)";
  ctx.lineWidth = 0.03;
  ctx.fillStyle = school.deep;
  ctx.beginPath();
  ctx.moveTo(0.12, -0.3);
  ctx.bezierCurveTo(-0.16, -0.4, -0.46, -0.26 + sway, -0.58, -0.14 + 2 * sway);
  ctx.quadraticCurveTo(-0.5, 0.02 + sway, -0.6, 0.13 + 2 * sway);
  ctx.bezierCurveTo(-0.46, 0.28 + sway, -0.16, 0.4, 0.12, 0.3);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = school.cloth;
  ctx.beginPath();
  ctx.ellipse(0.05, 0, 0.22, 0.36, 0, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = "#f0cfa8";
  for (const [x, y] of [
    [0.27, 0.27],
    [0.25, -0.25],
  ]) {
    circle(ctx, x, y, 0.07);
    ctx.fill();
  }
}

function drawStaff(ctx, school, sway) {
  ctx.strokeStyle = "#c9955a";
  ctx.lineWidth = 0.065;
  ctx.lineCap = "round";
  ctx.beginPath();
  ctx.moveTo(-0.12, 0.3 + sway);
  ctx.lineTo(0.52, 0.25);
  ctx.stroke();
  glow(ctx, 0.56, 0.245, 0.4, school.bright, 0.85);
  ctx.fillStyle = school.core;
  circle(ctx, 0.56, 0.245, 0.085);
  ctx.fill();
}

// Round brim: fire. Six-sided: ice. Four points: storm. The band has the seat's colour, the tip hangs backwards.
function drawHat(ctx, school, index, colour) {
  ctx.fillStyle = school.mid;
  ctx.strokeStyle = "rgba(5, 6, 14, 0.6)";
  ctx.lineWidth = 0.035;
  if (index === 0) circle(ctx, 0.04, 0, 0.255);
  else if (index === 1) polygon(ctx, 0.04, 0, 0.285, 6, 0);
  else star(ctx, 0.04, 0, 0.36, 0.21, 4, Math.PI / 4);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = colour;
  circle(ctx, 0.04, 0, 0.165);
  ctx.fill();
  const cone = ctx.createLinearGradient(0.15, 0, -0.36, 0);
  cone.addColorStop(0, school.core);
  cone.addColorStop(0.3, school.bright);
  cone.addColorStop(1, school.deep);
  ctx.fillStyle = cone;
  ctx.beginPath();
  ctx.arc(0.05, 0, 0.12, -Math.PI / 2, Math.PI / 2);
  ctx.quadraticCurveTo(-0.12, 0.12, -0.38, 0.04);
  ctx.quadraticCurveTo(-0.14, -0.07, 0.05, -0.12);
  ctx.fill();
  ctx.stroke();
}

function drawFlash(ctx, strength) {
  ctx.globalCompositeOperation = "lighter";
  ctx.fillStyle = `rgba(255, 235, 225, ${0.75 * strength})`;
  circle(ctx, 0, 0, BODY);
  ctx.fill();
  ctx.globalCompositeOperation = "source-over";
}

function drawRuneAura(ctx, seconds) {
  glow(ctx, 0, 0, 1.15, "#f5b82e", 0.5);
  ctx.strokeStyle = "rgba(255, 224, 130, 0.9)";
  ctx.lineWidth = 0.045;
  for (let k = 0; k < 3; k++) {
    const at = 1.6 * seconds + (2 * Math.PI * k) / 3;
    polygon(ctx, 0.66 * Math.cos(at), 0.66 * Math.sin(at), 0.11, 3, -2 * at);
    ctx.stroke();
  }
}

function drawFrost(ctx, mage, seconds) {
  ctx.save();
  ctx.translate(mage.x, mage.y);
  ctx.strokeStyle = FROST;
  ctx.globalAlpha = 0.85;
  ctx.lineWidth = 0.04;
  for (let k = 0; k < 5; k++) {
    const at = 0.5 * seconds + (2 * Math.PI * k) / 5;
    const radius = 0.5 + 0.05 * Math.sin(4 * seconds + 9 * hash(k, mage.seat));
    drawFlake(ctx, radius * Math.cos(at), radius * Math.sin(at), 0.1);
  }
  ctx.globalAlpha = 0.22;
  ctx.fillStyle = FROST;
  circle(ctx, 0, 0, 0.46);
  ctx.fill();
  ctx.restore();
}

function drawFlake(ctx, x, y, size) {
  ctx.beginPath();
  for (let k = 0; k < 3; k++) {
    const dx = size * Math.cos((Math.PI * k) / 3);
    const dy = size * Math.sin((Math.PI * k) / 3);
    ctx.moveTo(x - dx, y - dy);
    ctx.lineTo(x + dx, y + dy);
  }
  ctx.stroke();
}

// The place of a death.
export function drawGrave(ctx, grave) {
  ctx.save();
  ctx.translate(grave.x, grave.y);
  ctx.fillStyle = "rgba(0, 0, 0, 0.4)";
  ctx.beginPath();
  ctx.ellipse(0, 0.22, 0.3, 0.1, 0, 0, 2 * Math.PI);
  ctx.fill();
  ctx.fillStyle = "#8d95ab";
  ctx.beginPath();
  ctx.roundRect(-0.2, -0.26, 0.4, 0.5, [0.2, 0.2, 0.03, 0.03]);
  ctx.fill();
  ctx.fillStyle = seatColour(grave.seat);
  ctx.fillRect(-0.03, -0.16, 0.06, 0.26);
  ctx.fillRect(-0.1, -0.09, 0.2, 0.06);
  ctx.restore();
}
