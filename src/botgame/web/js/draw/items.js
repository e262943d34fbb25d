// The items on the ground: a flask, a crystal, a rune, a chest, each with its shape and colour.

import { glow } from "./glow.js";
import { ITEMS } from "./palette.js";
import { circle, polygon, roundedBox, star } from "./shapes.js";

const DRAWINGS = [drawHealth, drawMana, drawRune, drawChest];

export function drawItem(ctx, item, seconds) {
  const colours = ITEMS[item.kind];
  const bob = item.kind === 3 ? 0 : 0.06 * Math.sin(2.4 * seconds + item.x * 3 + item.y);
  ctx.save();
  ctx.translate(item.x, item.y);
  ctx.fillStyle = "rgba(0, 0, 0, 0.4)";
  ctx.beginPath();
  ctx.ellipse(0, 0.28, 0.26, 0.1, 0, 0, 2 * Math.PI);
  ctx.fill();
  ctx.translate(0, bob - 0.02);
  glow(ctx, 0, 0, 0.75, colours.mid, 0.55 + 0.1 * Math.sin(3 * seconds + item.x));
  DRAWINGS[item.kind](ctx, colours, seconds);
  ctx.restore();
}

function drawHealth(ctx, colours) {
  ctx.fillStyle = colours.mid;
  circle(ctx, 0, 0.05, 0.27);
  ctx.fill();
  ctx.fillStyle = "#ffd9de";
  ctx.fillRect(-0.08, -0.33, 0.16, 0.14);
  ctx.fillStyle = "#ffffff";
  ctx.fillRect(-0.055, -0.1, 0.11, 0.32);
  ctx.fillRect(-0.16, 0.005, 0.32, 0.11);
  ctx.strokeStyle = "rgba(255, 235, 238, 0.9)";
  ctx.lineWidth = 0.045;
  circle(ctx, 0, 0.05, 0.27);
  ctx.stroke();
}

function drawMana(ctx, colours) {
  ctx.fillStyle = colours.mid;
  ctx.beginPath();
  ctx.moveTo(0, -0.36);
  ctx.lineTo(0.24, -0.04);
  ctx.lineTo(0, 0.32);
  ctx.lineTo(-0.24, -0.04);
  ctx.closePath();
  ctx.fill();
  ctx.fillStyle = colours.bright;
  ctx.beginPath();
  ctx.moveTo(0, -0.36);
  ctx.lineTo(0.24, -0.04);
  ctx.lineTo(0, 0.02);
  ctx.closePath();
  ctx.fill();
  ctx.fillStyle = "rgba(255, 255, 255, 0.85)";
  ctx.beginPath();
  ctx.moveTo(0, -0.36);
  ctx.lineTo(-0.24, -0.04);
  ctx.lineTo(0, 0.02);
  ctx.closePath();
  ctx.fill();
}

function drawRune(ctx, colours, seconds) {
  ctx.strokeStyle = colours.bright;
  ctx.lineWidth = 0.05;
  polygon(ctx, 0, 0, 0.38, 6, 0.7 * seconds);
  ctx.stroke();
  ctx.fillStyle = colours.mid;
  star(ctx, 0, 0, 0.29, 0.12, 4, -0.9 * seconds);
  ctx.fill();
  ctx.fillStyle = "#fffbe8";
  circle(ctx, 0, 0, 0.08);
  ctx.fill();
}

function drawChest(ctx, colours) {
  ctx.fillStyle = "#5e3a1c";
  roundedBox(ctx, -0.36, -0.24, 0.72, 0.5, 0.06);
  ctx.fill();
  ctx.fillStyle = colours.mid;
  roundedBox(ctx, -0.36, -0.24, 0.72, 0.24, 0.09);
  ctx.fill();
  ctx.fillStyle = "#ffd56b";
  ctx.fillRect(-0.36, -0.02, 0.72, 0.055);
  ctx.fillRect(-0.27, -0.24, 0.06, 0.5);
  ctx.fillRect(0.21, -0.24, 0.06, 0.5);
  roundedBox(ctx, -0.08, -0.07, 0.16, 0.17, 0.03);
  ctx.fill();
  ctx.fillStyle = "#4a2c12";
  circle(ctx, 0, 0.01, 0.035);
  ctx.fill();
}
