// The line of fire: there are 32 directions of aim, and walls end them.

import { aimBin } from "./input.js";
import { castRay } from "../draw/sight.js";

const MAX_LENGTH = 9; // cells

// `mine`: the player's mage {x, y}; `aim` {dx, dy}: from there to the pointer; `directions`: the 32 unit vectors.
export function drawAim(ctx, walls, mine, aim, directions) {
  const [dx, dy] = directions[aimBin(aim.dx, aim.dy)];
  const reach = castRay(walls, mine.x, mine.y, dx, dy, Math.min(MAX_LENGTH, Math.hypot(aim.dx, aim.dy)));
  const fade = ctx.createLinearGradient(mine.x, mine.y, mine.x + dx * reach, mine.y + dy * reach);
  fade.addColorStop(0, "rgba(255, 255, 255, 0)");
  fade.addColorStop(1, "rgba(255, 255, 255, 0.34)");
  ctx.strokeStyle = fade;
  ctx.lineWidth = 0.045;
  ctx.setLineDash([0.16, 0.16]);
  ctx.beginPath();
  ctx.moveTo(mine.x + 0.7 * dx, mine.y + 0.7 * dy);
  ctx.lineTo(mine.x + reach * dx, mine.y + reach * dy);
  ctx.stroke();
  ctx.setLineDash([]);
}
