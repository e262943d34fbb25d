// The whole arena in a corner: walls, zone, what is in sight, and the part that the window shows.

import { ITEMS, ZONE, seatColour } from "./palette.js";
import { circle } from "./shapes.js";

export class Minimap {
  constructor(canvas) {
    this.canvas = canvas;
    this.base = null;
    this.walls = null;
  }

  show(visible) {
    if (this.canvas.hidden === visible) this.canvas.hidden = !visible;
  }

  draw(scene, camera, ratio) {
    const size = this.canvas.clientWidth * ratio;
    if (!size) return;
    if (this.canvas.width !== size) this.canvas.width = this.canvas.height = size;
    const ctx = this.canvas.getContext("2d");
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, size, size);
    const scale = size / scene.cells;
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    this.drawWalls(ctx, scene.walls);
    drawZone(ctx, scene);
    for (const item of scene.items) dot(ctx, item.x, item.y, 0.35, ITEMS[item.kind].mid);
    for (const mage of scene.mages) drawMage(ctx, mage);
    const seen = camera.window();
    ctx.strokeStyle = "rgba(255, 255, 255, 0.65)";
    ctx.lineWidth = 0.25;
    ctx.strokeRect(seen.x, seen.y, seen.width, seen.height);
  }

  drawWalls(ctx, walls) {
    ctx.fillStyle = "rgba(20, 26, 42, 0.9)";
    ctx.fillRect(0, 0, walls.length, walls.length);
    ctx.fillStyle = "#6c7794";
    walls.forEach((line, row) => {
      for (let column = 0; column < line.length; column++)
        if (line[column] === "1") ctx.fillRect(column, row, 1.02, 1.02);
    });
  }
}

function drawZone(ctx, scene) {
  ctx.fillStyle = "rgba(120, 190, 40, 0.3)";
  ctx.beginPath();
  ctx.rect(0, 0, scene.cells, scene.cells);
  ctx.arc(scene.zone.x, scene.zone.y, scene.zone.r, 0, 2 * Math.PI, true);
  ctx.fill("evenodd");
  ctx.strokeStyle = ZONE.edge;
  ctx.lineWidth = 0.3;
  circle(ctx, scene.zone.x, scene.zone.y, scene.zone.r);
  ctx.stroke();
  if (scene.zone.target >= 0 && scene.zone.target < scene.zone.r) {
    ctx.strokeStyle = "rgba(255, 255, 255, 0.5)";
    circle(ctx, scene.zone.x, scene.zone.y, scene.zone.target);
    ctx.stroke();
  }
}

function dot(ctx, x, y, radius, colour) {
  ctx.fillStyle = colour;
  circle(ctx, x, y, radius);
  ctx.fill();
}

function drawMage(ctx, mage) {
  if (mage.self) dot(ctx, mage.x, mage.y, 1.15, "#ffffff");
  dot(ctx, mage.x, mage.y, 0.8, seatColour(mage.seat));
}
