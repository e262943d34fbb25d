// How a mage walks: the arithmetic of botgame/lms/simulation/movement.py and geometry.py (a test compares them).

import { isWall } from "../draw/walls.js";

// The nearest place where a circle, whose centre is in a free cell, overlaps no wall: faces first, then corners.
function pushOut(walls, x, y, radius) {
  const column = Math.floor(x);
  const row = Math.floor(y);
  if (isWall(walls, column - 1, row)) x = Math.max(x, column + radius);
  if (isWall(walls, column + 1, row)) x = Math.min(x, column + 1 - radius);
  if (isWall(walls, column, row - 1)) y = Math.max(y, row + radius);
  if (isWall(walls, column, row + 1)) y = Math.min(y, row + 1 - radius);
  for (let sideY = 0; sideY < 2; sideY++) {
    for (let sideX = 0; sideX < 2; sideX++) {
      if (isWall(walls, column - 1 + 2 * sideX, row - 1 + 2 * sideY))
        [x, y] = pushFromPoint(column + sideX, row + sideY, x, y, radius);
    }
  }
  return [x, y];
}

function pushFromPoint(px, py, x, y, radius) {
  const dx = x - px;
  const dy = y - py;
  const squared = dx * dx + dy * dy;
  if (squared >= radius * radius || squared === 0) return [x, y];
  const scale = radius / Math.sqrt(squared);
  return [px + dx * scale, py + dy * scale];
}

// One tick of movement by (vx, vy) cells: small steps, sliding along walls.
export function walk(walls, x, y, vx, vy, radius) {
  const squared = vx * vx + vy * vy;
  const longest = 0.75 * radius;
  const steps = squared <= longest * longest ? 1 : 1 + Math.trunc(Math.sqrt(squared) / longest);
  for (let k = 0; k < steps; k++) [x, y] = pushOut(walls, x + vx / steps, y + vy / steps, radius);
  return [x, y];
}
