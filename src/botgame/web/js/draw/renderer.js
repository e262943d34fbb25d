// Draws one scene, from the floor up. It keeps only prepared layers between two pictures.
//
// A scene: {tick, cells, walls, zone {x, y, r, target}, mages [...], shots [...], items [...], graves [...],
// eyes: {x, y} of the seat whose fog is shown, or null}. `film/film.js` and `live/scene.js` make scenes.

import { ArenaLayer } from "./arena.js";
import { isCalm } from "./calm.js";
import { Fog } from "./fog.js";
import { drawItem } from "./items.js";
import { drawGrave, drawMage } from "./mage.js";
import { drawShot } from "./shot.js";
import { drawWard } from "./ward.js";
import { drawNextZone, drawZone } from "./zone.js";
import { drawOverhead } from "./overhead.js";

export class Renderer {
  constructor(canvas, rules, effects, rate) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d", { alpha: false });
    this.rules = rules;
    this.effects = effects;
    this.rate = rate;
    this.arena = null;
    this.fog = null;
    this.night = null;
  }

  // Fit the canvas to its box on the page; `ratio`: device pixels for each CSS pixel. True if its size has changed.
  resize(ratio) {
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (this.canvas.width === width && this.canvas.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    return true;
  }

  draw(scene, camera, ratio) {
    this.prepare(scene.walls);
    const { ctx } = this;
    this.drawNight();
    camera.apply(ctx, ratio);
    this.drawGround(scene, camera, ratio);
    this.drawLife(scene);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const mage of scene.mages) drawOverhead(ctx, camera, mage, this.rules);
    this.effects.drawFloatingTexts(ctx, camera, scene.tick);
  }

  // The background: dark, with a little light behind the arena.
  drawNight() {
    const { ctx, canvas } = this;
    if (this.night?.width !== canvas.width || this.night?.height !== canvas.height)
      this.night = paintNight(canvas.width, canvas.height);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(this.night, 0, 0);
  }

  prepare(walls) {
    if (this.arena && this.arena.walls === walls) return;
    this.arena = new ArenaLayer(walls);
    this.fog = new Fog(walls);
  }

  drawGround(scene, camera, ratio) {
    const { ctx } = this;
    this.arena.draw(ctx, camera.scale * ratio);
    this.effects.drawScars(ctx, scene.tick);
    for (const grave of scene.graves) drawGrave(ctx, grave);
    if (scene.eyes) this.fog.draw(ctx, scene.eyes, this.rules.sight);
    drawZone(ctx, scene.zone, scene.cells, this.seconds(scene));
    drawNextZone(ctx, scene.zone);
  }

  // The time for what moves only for its looks.
  seconds(scene) {
    return isCalm() ? 0 : scene.tick / this.rate;
  }

  drawLife(scene) {
    const { ctx } = this;
    const seconds = this.seconds(scene);
    const flashes = this.effects.flashes(scene.tick);
    for (const item of scene.items) drawItem(ctx, item, seconds);
    for (const mage of scene.mages) {
      drawMage(ctx, { ...mage, flash: flashes.get(mage.seat) ?? 0 }, seconds);
      drawWard(ctx, mage, seconds);
    }
    for (const shot of scene.shots) drawShot(ctx, shot, seconds);
    this.effects.drawAbove(ctx, scene.tick);
  }
}

function paintNight(width, height) {
  const night = document.createElement("canvas");
  night.width = width;
  night.height = height;
  const ctx = night.getContext("2d", { alpha: false });
  const light = ctx.createRadialGradient(width / 2, height / 2, height * 0.4, width / 2, height / 2, width * 0.6);
  light.addColorStop(0, "#17203a");
  light.addColorStop(1, "#05070e");
  ctx.fillStyle = light;
  ctx.fillRect(0, 0, width, height);
  return night;
}
