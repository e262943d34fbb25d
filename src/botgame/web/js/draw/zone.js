// The toxic zone: haze outside the safe circle, its burning edge, and the circle that it closes to.

import { hash } from "./noise.js";
import { ZONE } from "./palette.js";
import { circle } from "./shapes.js";

const TILE = 256; // pixels
const TILE_CELLS = 6;
let clouds = null;

// A tile of soft spots that repeats without seams.
function cloudTile() {
  if (clouds) return clouds;
  clouds = document.createElement("canvas");
  clouds.width = clouds.height = TILE;
  const ctx = clouds.getContext("2d");
  for (let k = 0; k < 46; k++) {
    const x = TILE * hash(k, 1);
    const y = TILE * hash(k, 2);
    const radius = 18 + 44 * hash(k, 3);
    for (const dx of [-TILE, 0, TILE]) {
      for (const dy of [-TILE, 0, TILE]) paintSpot(ctx, x + dx, y + dy, radius);
    }
  }
  return clouds;
}

function paintSpot(ctx, x, y, radius) {
  const spot = ctx.createRadialGradient(x, y, 0, x, y, radius);
  spot.addColorStop(0, "rgba(160, 225, 80, 0.16)");
  spot.addColorStop(1, "rgba(110, 180, 40, 0)");
  ctx.fillStyle = spot;
  ctx.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
}

function outside(ctx, zone, cells) {
  ctx.beginPath();
  ctx.rect(0, 0, cells, cells);
  ctx.arc(zone.x, zone.y, Math.max(0, zone.r), 0, 2 * Math.PI, true);
}

function haze(ctx, seconds) {
  const pattern = ctx.createPattern(cloudTile(), "repeat");
  pattern.setTransform(new DOMMatrix().scale(TILE_CELLS / TILE).translate(9 * seconds, -6 * seconds));
  ctx.fillStyle = pattern;
  ctx.fill("evenodd");
}

export function drawZone(ctx, zone, cells, seconds) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, 0, cells, cells);
  ctx.clip();
  outside(ctx, zone, cells);
  ctx.fillStyle = "rgba(40, 78, 18, 0.4)";
  ctx.fill("evenodd");
  haze(ctx, seconds);
  circle(ctx, zone.x, zone.y, zone.r);
  ctx.strokeStyle = ZONE.edge;
  ctx.lineWidth = 0.07;
  ctx.stroke();
  outside(ctx, zone, cells);
  ctx.clip("evenodd");
  drawEdge(ctx, zone, cells, seconds);
  ctx.restore();
}

// Light that bleeds outwards from the edge, so that the dangerous side is clear.
function drawEdge(ctx, zone, cells, seconds) {
  const light = ctx.createRadialGradient(
    zone.x,
    zone.y,
    Math.max(0, zone.r),
    zone.x,
    zone.y,
    Math.max(0, zone.r) + 1.8,
  );
  light.addColorStop(0, `rgba(184, 255, 92, ${0.5 + 0.08 * Math.sin(3 * seconds)})`);
  light.addColorStop(0.3, "rgba(150, 230, 70, 0.2)");
  light.addColorStop(1, "rgba(120, 200, 50, 0)");
  ctx.fillStyle = light;
  ctx.fillRect(0, 0, cells, cells);
}

export function drawNextZone(ctx, zone) {
  if (!(zone.target >= 0) || zone.target >= zone.r - 0.05) return;
  ctx.save();
  circle(ctx, zone.x, zone.y, zone.target);
  ctx.setLineDash([0.32, 0.26]);
  ctx.strokeStyle = "rgba(244, 247, 255, 0.42)";
  ctx.lineWidth = 0.06;
  ctx.stroke();
  ctx.restore();
}
