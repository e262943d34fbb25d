// The visible area around a point: a polygon among square walls, by rays to every corner and in between.

import { isWall } from "./walls.js";

const BETWEEN = 96; // evenly spread rays
const ASIDE = 0.0007; // radians: a ray on either side of each corner

// The distance in cells until a ray enters a wall, at most `reach` (grid walk of Amanatides and Woo).
export function castRay(walls, x, y, dx, dy, reach) {
  let column = Math.floor(x);
  let row = Math.floor(y);
  const stepX = Math.sign(dx);
  const stepY = Math.sign(dy);
  let toX = stepX ? (stepX > 0 ? column + 1 - x : x - column) / Math.abs(dx) : Infinity;
  let toY = stepY ? (stepY > 0 ? row + 1 - y : y - row) / Math.abs(dy) : Infinity;
  let gone = 0;
  while (gone < reach) {
    if (toX < toY) {
      gone = toX;
      toX += 1 / Math.abs(dx);
      column += stepX;
    } else {
      gone = toY;
      toY += 1 / Math.abs(dy);
      row += stepY;
    }
    if (isWall(walls, column, row)) return Math.min(gone, reach);
  }
  return reach;
}

function cornerAngles(walls, x, y, reach) {
  const angles = [];
  for (let row = Math.max(0, Math.floor(y - reach)); row <= Math.min(walls.length, y + reach + 1); row++) {
    for (let column = Math.max(0, Math.floor(x - reach)); column <= Math.min(walls.length, x + reach + 1); column++) {
      const around = [
        [0, 0],
        [-1, 0],
        [0, -1],
        [-1, -1],
      ].filter(([dx, dy]) => isWall(walls, column + dx, row + dy)).length;
      if (around === 0 || around === 4) continue;
      const angle = Math.atan2(row - y, column - x);
      angles.push(angle - ASIDE, angle + ASIDE);
    }
  }
  return angles;
}

// The corners [[x, y], ...] of the visible area within `reach` cells; `into`: how deep walls are visible.
export function sightPolygon(walls, x, y, reach, into = 0) {
  const angles = cornerAngles(walls, x, y, reach);
  for (let k = 0; k < BETWEEN; k++) angles.push((2 * Math.PI * k) / BETWEEN - Math.PI);
  angles.sort((a, b) => a - b);
  return angles.map((angle) => {
    const dx = Math.cos(angle);
    const dy = Math.sin(angle);
    const far = castRay(walls, x, y, dx, dy, reach);
    const length = Math.min(reach, far + into);
    return [x + dx * length, y + dy * length];
  });
}
