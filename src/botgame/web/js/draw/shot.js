// Spells in flight: a small bolt, and the spell of each school: an orb, a spear, a stroke.

import { hash, signed } from "./noise.js";
import { clamp } from "./easing.js";
import { glow } from "./glow.js";
import { SCHOOLS } from "./palette.js";
import { circle, dart, star, zigzag } from "./shapes.js";

const DRAWINGS = [
  [drawSpark, drawFireball],
  [drawShard, drawLance],
  [drawCrackle, drawLightning],
];

// `shot`: x, y, dx, dy (unit vector), flown (cells since the cast), id, school, row (0 bolt, 1 offence).
export function drawShot(ctx, shot, seconds) {
  ctx.save();
  ctx.lineCap = "round";
  DRAWINGS[shot.school][shot.row](ctx, shot, SCHOOLS[shot.school], seconds);
  ctx.restore();
}

// A tail of `length` cells at most, thick and bright at the head.
function tail(ctx, shot, length, width, colour, alpha = 0.7) {
  const reach = clamp(shot.flown, 0, length);
  if (reach < 0.05) return;
  const x = shot.x - shot.dx * reach;
  const y = shot.y - shot.dy * reach;
  const fade = ctx.createLinearGradient(shot.x, shot.y, x, y);
  fade.addColorStop(0, colour);
  fade.addColorStop(1, `${colour}00`);
  ctx.save();
  ctx.globalCompositeOperation = "lighter";
  ctx.globalAlpha = alpha;
  ctx.fillStyle = fade;
  ctx.beginPath();
  ctx.moveTo(shot.x - shot.dy * width, shot.y + shot.dx * width);
  ctx.lineTo(x, y);
  ctx.lineTo(shot.x + shot.dy * width, shot.y - shot.dx * width);
  ctx.closePath();
  ctx.fill();
  ctx.restore();
}

function drawSpark(ctx, shot, school) {
  tail(ctx, shot, 1.1, 0.13, school.bright);
  glow(ctx, shot.x, shot.y, 0.5, school.mid, 0.9);
  ctx.fillStyle = school.bright;
  circle(ctx, shot.x, shot.y, 0.15);
  ctx.fill();
  ctx.fillStyle = school.core;
  circle(ctx, shot.x + 0.03 * shot.dx, shot.y + 0.03 * shot.dy, 0.085);
  ctx.fill();
}

function drawShard(ctx, shot, school) {
  tail(ctx, shot, 0.9, 0.09, school.bright, 0.6);
  glow(ctx, shot.x, shot.y, 0.45, school.mid, 0.85);
  const angle = Math.atan2(shot.dy, shot.dx);
  ctx.fillStyle = school.bright;
  dart(ctx, shot.x, shot.y, 0.28, 0.2, 0.11, angle);
  ctx.fill();
  ctx.fillStyle = "#ffffff";
  dart(ctx, shot.x, shot.y, 0.2, 0.1, 0.045, angle);
  ctx.fill();
}

function drawCrackle(ctx, shot, school, seconds) {
  const beat = Math.floor(seconds * 24) + shot.id * 31;
  const reach = clamp(shot.flown, 0, 0.8);
  ctx.strokeStyle = school.bright;
  ctx.lineWidth = 0.05;
  zigzag(ctx, shot.x, shot.y, shot.x - shot.dx * reach, shot.y - shot.dy * reach, 4, 0.13, (k) => signed(beat, k));
  ctx.stroke();
  glow(ctx, shot.x, shot.y, 0.5, school.mid, 0.95);
  ctx.fillStyle = school.core;
  star(ctx, shot.x, shot.y, 0.21, 0.07, 4, 8 * seconds + shot.id);
  ctx.fill();
}

function drawFireball(ctx, shot, school, seconds) {
  tail(ctx, shot, 2.4, 0.34, school.mid, 0.8);
  tail(ctx, shot, 1.5, 0.2, "#ffd27a", 0.8);
  for (let k = 1; k < 7; k++) {
    const back = 0.28 * k - 0.2 * hash(Math.floor(seconds * 15), k);
    if (back > shot.flown) break;
    const side = 0.14 * signed(shot.id * 7 + k, Math.floor(seconds * 15));
    const x = shot.x - shot.dx * back - shot.dy * side;
    glow(
      ctx,
      x,
      shot.y - shot.dy * back + shot.dx * side,
      0.4 - 0.045 * k,
      k < 4 ? school.bright : school.mid,
      0.7 - 0.08 * k,
    );
  }
  glow(ctx, shot.x, shot.y, 1.25, school.mid, 0.95);
  ctx.fillStyle = school.mid;
  circle(ctx, shot.x, shot.y, 0.31 + 0.02 * Math.sin(30 * seconds));
  ctx.fill();
  ctx.fillStyle = school.bright;
  circle(ctx, shot.x + 0.04 * shot.dx, shot.y + 0.04 * shot.dy, 0.22);
  ctx.fill();
  ctx.fillStyle = school.core;
  circle(ctx, shot.x + 0.08 * shot.dx, shot.y + 0.08 * shot.dy, 0.12);
  ctx.fill();
}

function drawLance(ctx, shot, school) {
  tail(ctx, shot, 3, 0.16, school.bright, 0.55);
  glow(ctx, shot.x, shot.y, 0.9, school.mid, 0.9);
  const angle = Math.atan2(shot.dy, shot.dx);
  ctx.fillStyle = school.mid;
  dart(ctx, shot.x, shot.y, 0.55, 0.75, 0.17, angle);
  ctx.fill();
  ctx.fillStyle = school.core;
  dart(ctx, shot.x, shot.y, 0.5, 0.55, 0.08, angle);
  ctx.fill();
  ctx.strokeStyle = school.core;
  ctx.lineWidth = 0.035;
  for (const side of [-1, 1]) {
    ctx.beginPath();
    ctx.moveTo(shot.x - shot.dx * 0.1, shot.y - shot.dy * 0.1);
    ctx.lineTo(shot.x - shot.dx * 0.45 - shot.dy * 0.26 * side, shot.y - shot.dy * 0.45 + shot.dx * 0.26 * side);
    ctx.stroke();
  }
  for (let k = 0; k < 5; k++) {
    const back = 0.5 + 0.45 * k;
    if (back > shot.flown) break;
    const side = 0.2 * signed(k, shot.id);
    glow(
      ctx,
      shot.x - shot.dx * back - shot.dy * side,
      shot.y - shot.dy * back + shot.dx * side,
      0.13,
      school.core,
      0.8 - 0.14 * k,
    );
  }
}

function drawLightning(ctx, shot, school, seconds) {
  const beat = Math.floor(seconds * 30) + shot.id * 17;
  const reach = clamp(shot.flown, 0, 3.4);
  const x = shot.x - shot.dx * reach;
  const y = shot.y - shot.dy * reach;
  const joints = Math.max(2, Math.round(reach * 3));
  ctx.save();
  ctx.globalCompositeOperation = "lighter";
  ctx.strokeStyle = school.mid;
  ctx.lineWidth = 0.26;
  ctx.globalAlpha = 0.35;
  zigzag(ctx, shot.x, shot.y, x, y, joints, 0.2, (k) => signed(beat, k));
  ctx.stroke();
  ctx.globalAlpha = 1;
  ctx.strokeStyle = school.bright;
  ctx.lineWidth = 0.1;
  ctx.stroke();
  ctx.strokeStyle = school.core;
  ctx.lineWidth = 0.045;
  ctx.stroke();
  for (let k = 0; k < 3; k++) drawBranch(ctx, shot, school, beat + k, reach * (0.2 + 0.25 * k));
  ctx.restore();
  glow(ctx, shot.x, shot.y, 0.85, school.bright, 1);
  ctx.fillStyle = "#ffffff";
  star(ctx, shot.x, shot.y, 0.3, 0.09, 5, 12 * seconds);
  ctx.fill();
}

function drawBranch(ctx, shot, school, beat, back) {
  const x = shot.x - shot.dx * back;
  const y = shot.y - shot.dy * back;
  const side = 0.7 * signed(beat, 5);
  ctx.strokeStyle = school.bright;
  ctx.lineWidth = 0.035;
  const tipX = x - shot.dx * 0.35 - shot.dy * side;
  zigzag(ctx, x, y, tipX, y - shot.dy * 0.35 + shot.dx * side, 3, 0.12, (k) => signed(beat * 3, k));
  ctx.stroke();
}
