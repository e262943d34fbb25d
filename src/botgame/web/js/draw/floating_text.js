// Floating text above the field, in CSS pixels: damage, absorbed damage, items, marks.

import { easeOut } from "./easing.js";
import { ITEMS, SHIELD } from "./palette.js";

export const FLOATING_SECONDS = 1;

function words(event) {
  if (event.kind === "hit" && event.damage >= 0.5)
    return [String(Math.round(event.damage)), "#ff8d85", 1 + event.damage / 60];
  if (event.kind === "hit" && event.absorbed >= 0.5) return [`(${Math.round(event.absorbed)})`, SHIELD, 0.9];
  if (event.kind === "pickup") return [`+ ${ITEMS[event.item].label}`, ITEMS[event.item].bright, 0.9];
  if (event.kind === "mark")
    return [event.verdict === "good" ? "good" : "bad", event.verdict === "good" ? "#7dffa8" : "#ff8d85", 1.1];
  return null;
}

export function drawFloatingText(ctx, camera, event, age) {
  const text = words(event);
  if (!text || event.x === undefined) return;
  const t = age / FLOATING_SECONDS;
  const { x, y } = camera.toScreen(event.x, event.y - 0.75 - 0.8 * easeOut(t));
  const size =
    Math.max(11, Math.min(20, camera.scale * 0.36)) * Math.min(1.5, text[2]) * (t < 0.12 ? 1.4 - 3.3 * t : 1);
  ctx.globalAlpha = t < 0.6 ? 1 : 1 - (t - 0.6) / 0.4;
  ctx.font = `700 ${size}px "Segoe UI", system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.lineWidth = 3;
  ctx.strokeStyle = "rgba(6, 8, 16, 0.85)";
  const sway = ((event.tick * 7 + event.seat * 3) % 5) - 2;
  ctx.strokeText(text[0], x + 4 * sway, y);
  ctx.fillStyle = text[1];
  ctx.fillText(text[0], x + 4 * sway, y);
  ctx.globalAlpha = 1;
}
