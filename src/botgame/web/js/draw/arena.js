// Floor and walls. They never change, so they are painted once for each match and size, and then copied.

import { hash, signed } from "./noise.js";
import { circle, polygon, star } from "./shapes.js";
import { isWall } from "./walls.js";

const WALL_HEIGHT = 0.3; // of a cell: the front face, inside the wall's own cell so that footprints stay honest
const MOST_PIXELS = 2200;
const STEADY_FRAMES = 8;

export class ArenaLayer {
  constructor(walls) {
    this.walls = walls; // strings of 0 and 1
    this.cells = walls.length;
    this.picture = null;
    this.pixels = 0; // a cell, as painted
    this.wanted = 0;
    this.steady = 0;
  }

  // `scale`: device pixels for each cell.
  draw(ctx, scale) {
    const wanted = Math.max(1, Math.min(Math.round(scale), Math.floor(MOST_PIXELS / this.cells)));
    this.steady = wanted === this.wanted ? this.steady + 1 : 0; // a camera that glides would paint every frame
    this.wanted = wanted;
    if (!this.picture || (this.pixels !== wanted && this.steady > STEADY_FRAMES)) this.paint(wanted);
    ctx.drawImage(this.picture, 0, 0, this.cells, this.cells);
  }

  paint(pixels) {
    this.pixels = pixels;
    const canvas = new OffscreenCanvas(pixels * this.cells, pixels * this.cells);
    const ctx = canvas.getContext("2d");
    ctx.scale(pixels, pixels);
    paintFloor(ctx, this.cells);
    paintEmblem(ctx, this.cells / 2);
    paintShadows(ctx, this.walls);
    paintWalls(ctx, this.walls);
    this.picture = canvas.transferToImageBitmap(); // a canvas might be painted again whenever it is copied
  }
}

function isBorder(walls, row, column) {
  const last = walls.length - 1;
  return row === 0 || column === 0 || row === last || column === last;
}

function paintFloor(ctx, cells) {
  ctx.fillStyle = "#232b3f";
  ctx.fillRect(0, 0, cells, cells);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) paintTile(ctx, row, column);
  }
  const light = ctx.createRadialGradient(cells / 2, cells / 2, cells * 0.08, cells / 2, cells / 2, cells * 0.72);
  light.addColorStop(0, "rgba(150, 175, 235, 0.13)");
  light.addColorStop(0.55, "rgba(70, 90, 150, 0.03)");
  light.addColorStop(1, "rgba(4, 6, 14, 0.5)");
  ctx.fillStyle = light;
  ctx.fillRect(0, 0, cells, cells);
}

function paintTile(ctx, row, column) {
  const shade = hash(row, column);
  const lightness = 19.5 + 4.5 * shade + ((row + column) % 2 ? 0.9 : 0);
  ctx.fillStyle = `hsl(${222 + 10 * hash(column, row)}, 27%, ${lightness}%)`;
  ctx.fillRect(column + 0.02, row + 0.02, 0.96, 0.96);
  ctx.fillStyle = "rgba(190, 205, 255, 0.05)";
  ctx.fillRect(column + 0.02, row + 0.02, 0.96, 0.035);
  ctx.fillStyle = "rgba(0, 0, 0, 0.22)";
  ctx.fillRect(column + 0.02, row + 0.945, 0.96, 0.035);
  for (let k = 0; k < 3; k++) {
    ctx.fillStyle = hash(row * 7 + k, column) > 0.5 ? "rgba(255, 255, 255, 0.03)" : "rgba(0, 0, 0, 0.1)";
    const size = 0.04 + 0.07 * hash(row, column * 5 + k);
    ctx.fillRect(
      column + 0.1 + 0.75 * hash(row + k, column * 3),
      row + 0.1 + 0.75 * hash(row * 3, column + k),
      size,
      size,
    );
  }
  if (shade > 0.955) paintCrack(ctx, row, column);
}

function paintCrack(ctx, row, column) {
  ctx.strokeStyle = "rgba(8, 10, 20, 0.4)";
  ctx.lineWidth = 0.025;
  const turn = 2 * Math.PI * hash(row, column + 50);
  ctx.beginPath();
  ctx.moveTo(column + 0.5 + 0.4 * Math.cos(turn), row + 0.5 + 0.4 * Math.sin(turn));
  for (let k = 1; k <= 3; k++) {
    const along = 0.4 - 0.22 * k;
    const aside = 0.16 * signed(row * 11 + k, column);
    ctx.lineTo(
      column + 0.5 + along * Math.cos(turn) - aside * Math.sin(turn),
      row + 0.5 + along * Math.sin(turn) + aside * Math.cos(turn),
    );
  }
  ctx.stroke();
}

// An inlaid circle in the middle, where the zone ends.
function paintEmblem(ctx, middle) {
  ctx.save();
  ctx.translate(middle, middle);
  ctx.strokeStyle = "rgba(216, 190, 128, 0.26)";
  ctx.lineWidth = 0.05;
  for (const radius of [0.75, 1.32, 2.6, 2.9]) {
    circle(ctx, 0, 0, radius);
    ctx.stroke();
  }
  ctx.lineWidth = 0.04;
  for (const turn of [0, Math.PI / 3]) {
    polygon(ctx, 0, 0, 2.6, 3, turn - Math.PI / 2);
    ctx.stroke();
  }
  for (let k = 0; k < 36; k++) {
    const at = (2 * Math.PI * k) / 36;
    const inner = k % 3 ? 2.78 : 2.66;
    ctx.beginPath();
    ctx.moveTo(inner * Math.cos(at), inner * Math.sin(at));
    ctx.lineTo(2.9 * Math.cos(at), 2.9 * Math.sin(at));
    ctx.stroke();
  }
  ctx.fillStyle = "rgba(216, 190, 128, 0.1)";
  star(ctx, 0, 0, 0.75, 0.2, 6, 0);
  ctx.fill();
  ctx.restore();
}

function forEachWall(walls, draw) {
  for (let row = 0; row < walls.length; row++) {
    for (let column = 0; column < walls.length; column++) {
      if (isWall(walls, column, row)) draw(row, column);
    }
  }
}

function paintShadows(ctx, walls) {
  ctx.save();
  ctx.filter = "blur(4px)";
  ctx.fillStyle = "rgba(3, 5, 12, 0.6)";
  ctx.beginPath();
  forEachWall(walls, (row, column) => ctx.rect(column + 0.05, row + 0.12, 1.08, 1.08));
  ctx.fill(); // once: every fill is blurred by itself
  ctx.restore();
}

function paintWalls(ctx, walls) {
  forEachWall(walls, (row, column) => {
    const front = isWall(walls, column, row + 1) ? 0 : WALL_HEIGHT;
    paintTop(ctx, row, column, front, isBorder(walls, row, column));
    if (front) paintFront(ctx, row, column);
  });
  forEachWall(walls, (row, column) => paintEdges(ctx, walls, row, column));
}

function paintTop(ctx, row, column, front, border) {
  const lightness = (border ? 17 : 39) + 4 * hash(row * 3 + 1, column * 5 + 2);
  ctx.fillStyle = `hsl(222, ${border ? 26 : 18}%, ${lightness}%)`;
  ctx.fillRect(column - 0.005, row - 0.005, 1.01, 1.01 - front);
  ctx.fillStyle = "rgba(12, 16, 30, 0.16)";
  for (let k = 0; k < 4; k++) {
    const size = 0.05 + 0.1 * hash(row + k, column * 13);
    ctx.fillRect(column + 0.8 * hash(row, column + k * 7), row + (0.8 - front) * hash(row * 5 + k, column), size, size);
  }
}

function paintFront(ctx, row, column) {
  const face = ctx.createLinearGradient(0, row + 1 - WALL_HEIGHT, 0, row + 1);
  face.addColorStop(0, "#3a4258");
  face.addColorStop(1, "#1d2334");
  ctx.fillStyle = face;
  ctx.fillRect(column - 0.005, row + 1 - WALL_HEIGHT, 1.01, WALL_HEIGHT);
  ctx.fillStyle = "rgba(5, 8, 18, 0.5)";
  const joint = row % 2 ? 0.3 : 0.68;
  ctx.fillRect(column + joint, row + 1 - WALL_HEIGHT, 0.03, WALL_HEIGHT);
}

// Light on the upper and left edges of a block, dark on the right, and the rim above the front face.
function paintEdges(ctx, walls, row, column) {
  const front = isWall(walls, column, row + 1) ? 0 : WALL_HEIGHT;
  if (!isWall(walls, column, row - 1)) {
    ctx.fillStyle = "rgba(205, 218, 255, 0.5)";
    ctx.fillRect(column, row, 1, 0.05);
  }
  if (!isWall(walls, column - 1, row)) {
    ctx.fillStyle = "rgba(190, 205, 250, 0.28)";
    ctx.fillRect(column, row, 0.045, 1 - front);
  }
  if (!isWall(walls, column + 1, row)) {
    ctx.fillStyle = "rgba(6, 9, 20, 0.45)";
    ctx.fillRect(column + 0.955, row, 0.045, 1 - front);
  }
  if (front) {
    ctx.fillStyle = "rgba(200, 214, 255, 0.32)";
    ctx.fillRect(column, row + 1 - WALL_HEIGHT - 0.03, 1, 0.04);
  }
}
