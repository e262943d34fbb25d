// Soft round lights, painted once for each colour and then copied: gradients in every frame would be slow.

const SIZE = 64;
const sprites = new Map();

function sprite(colour) {
  let canvas = sprites.get(colour);
  if (!canvas) {
    canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIZE;
    const ctx = canvas.getContext("2d");
    const gradient = ctx.createRadialGradient(SIZE / 2, SIZE / 2, 0, SIZE / 2, SIZE / 2, SIZE / 2);
    gradient.addColorStop(0, colour);
    gradient.addColorStop(0.35, `${colour}88`);
    gradient.addColorStop(1, `${colour}00`);
    ctx.fillStyle = gradient;
    ctx.fillRect(0, 0, SIZE, SIZE);
    sprites.set(colour, canvas);
  }
  return canvas;
}

// Adds light around a point; `colour` is #rrggbb, sizes are in the units of the context.
export function glow(ctx, x, y, radius, colour, alpha = 1) {
  if (alpha <= 0 || radius <= 0) return;
  const mode = ctx.globalCompositeOperation;
  const before = ctx.globalAlpha;
  ctx.globalCompositeOperation = "lighter";
  ctx.globalAlpha = before * Math.min(1, alpha);
  ctx.drawImage(sprite(colour), x - radius, y - radius, 2 * radius, 2 * radius);
  ctx.globalCompositeOperation = mode;
  ctx.globalAlpha = before;
}
