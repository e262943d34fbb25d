// Paths for several drawings, in the units of the context.

export function circle(ctx, x, y, radius) {
  ctx.beginPath();
  ctx.arc(x, y, Math.max(0, radius), 0, 2 * Math.PI);
}

export function polygon(ctx, x, y, radius, sides, angle = 0) {
  ctx.beginPath();
  for (let k = 0; k < sides; k++) {
    const at = angle + (2 * Math.PI * k) / sides;
    ctx.lineTo(x + radius * Math.cos(at), y + radius * Math.sin(at));
  }
  ctx.closePath();
}

export function star(ctx, x, y, outer, inner, points, angle = 0) {
  ctx.beginPath();
  for (let k = 0; k < 2 * points; k++) {
    const radius = k % 2 ? inner : outer;
    const at = angle + (Math.PI * k) / points;
    ctx.lineTo(x + radius * Math.cos(at), y + radius * Math.sin(at));
  }
  ctx.closePath();
}

// A long diamond that points along `angle`; `ahead` and `behind` are its half lengths.
export function dart(ctx, x, y, ahead, behind, width, angle) {
  const dx = Math.cos(angle);
  const dy = Math.sin(angle);
  ctx.beginPath();
  ctx.moveTo(x + dx * ahead, y + dy * ahead);
  ctx.lineTo(x - dy * width, y + dx * width);
  ctx.lineTo(x - dx * behind, y - dy * behind);
  ctx.lineTo(x + dy * width, y - dx * width);
  ctx.closePath();
}

export function roundedBox(ctx, x, y, width, height, radius) {
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, radius);
}

// A jagged line from one point to another; `offset(k)` in [-1, 1] moves joint k sideways by up to `spread`.
export function zigzag(ctx, x0, y0, x1, y1, joints, spread, offset) {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const length = Math.hypot(dx, dy) || 1;
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  for (let k = 1; k < joints; k++) {
    const share = k / joints;
    const side = offset(k) * spread;
    ctx.lineTo(x0 + dx * share - (dy / length) * side, y0 + dy * share + (dx / length) * side);
  }
  ctx.lineTo(x1, y1);
}
