// Name, health, ward and mana above each mage, in CSS pixels so that text stays sharp.

import { MANA, SHIELD, healthColour, seatColour } from "./palette.js";

export function drawOverhead(ctx, camera, mage, rules) {
  const { x, y } = camera.toScreen(mage.x, mage.y - 0.68);
  const width = Math.max(34, Math.min(76, camera.scale * 1.35));
  const height = Math.max(4, Math.round(camera.scale * 0.13));
  const left = Math.round(x - width / 2);
  const top = Math.round(y - height);
  bar(ctx, left, top, width, height, mage.hp / rules.health, healthColour(mage.hp / rules.health));
  if (mage.shield > 0) drawShield(ctx, left, top, width, mage.shield / rules.health);
  if (mage.mana !== null)
    bar(ctx, left, top + height + 1, width, Math.max(2, height - 3), mage.mana / rules.mana, MANA);
  drawName(ctx, mage, x, top - 5, camera.scale);
}

function bar(ctx, left, top, width, height, share, colour) {
  ctx.fillStyle = "rgba(5, 7, 14, 0.8)";
  ctx.fillRect(left - 1, top - 1, width + 2, height + 2);
  ctx.fillStyle = colour;
  ctx.fillRect(left, top, Math.max(0, Math.min(1, share)) * width, height);
}

function drawShield(ctx, left, top, width, share) {
  ctx.fillStyle = SHIELD;
  ctx.fillRect(left, top - 4, Math.min(1, share) * width, 3);
}

function drawName(ctx, mage, x, y, scale) {
  const size = Math.max(10, Math.min(14, scale * 0.3));
  ctx.font = `600 ${size}px "Segoe UI", system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.lineWidth = 3;
  ctx.strokeStyle = "rgba(6, 8, 16, 0.8)";
  const name = mage.name.length > 16 ? `${mage.name.slice(0, 15)}…` : mage.name;
  ctx.strokeText(name, x, y);
  ctx.fillStyle = mage.self ? "#ffffff" : seatColour(mage.seat);
  ctx.fillText(name, x, y);
}
