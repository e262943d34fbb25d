// The darkness over all that one seat does not see.

import { sightPolygon } from "./sight.js";

const PIXELS = 7; // a cell: coarse on purpose, the edge shall be soft and blurring it cheap
const INTO_WALLS = 0.75;

export class Fog {
  constructor(walls) {
    this.walls = walls;
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.canvas.height = walls.length * PIXELS;
  }

  // `eyes`: the place {x, y} of the seat; `sight` in cells.
  draw(ctx, eyes, sight) {
    this.paint(eyes, sight);
    ctx.imageSmoothingQuality = "low";
    ctx.drawImage(this.canvas, 0, 0, this.walls.length, this.walls.length);
  }

  paint(eyes, sight) {
    const fog = this.canvas.getContext("2d");
    fog.setTransform(1, 0, 0, 1, 0, 0);
    fog.globalCompositeOperation = "source-over";
    fog.clearRect(0, 0, this.canvas.width, this.canvas.height);
    fog.fillStyle = "rgba(5, 7, 16, 0.66)";
    fog.fillRect(0, 0, this.canvas.width, this.canvas.height);
    fog.setTransform(PIXELS, 0, 0, PIXELS, 0, 0);
    fog.globalCompositeOperation = "destination-out";
    const light = fog.createRadialGradient(eyes.x, eyes.y, 0, eyes.x, eyes.y, sight);
    light.addColorStop(0, "rgba(0, 0, 0, 1)");
    light.addColorStop(0.9, "rgba(0, 0, 0, 0.97)");
    light.addColorStop(1, "rgba(0, 0, 0, 0)");
    fog.fillStyle = light;
    fog.filter = "blur(1.6px)";
    fog.beginPath();
    for (const [x, y] of sightPolygon(this.walls, eyes.x, eyes.y, sight, INTO_WALLS)) fog.lineTo(x, y);
    fog.fill();
    fog.filter = "none";
  }
}
