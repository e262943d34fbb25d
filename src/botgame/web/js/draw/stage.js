// The field of a page: a camera, a renderer and a minimap, with as many pixels as the machine can draw in time.

import { Camera, glide } from "./camera.js";
import { Minimap } from "./minimap.js";
import { Renderer } from "./renderer.js";
import { Resolution } from "./resolution.js";

export class Stage {
  // `field`, `minimap`: canvases.
  constructor(field, minimap) {
    this.field = field;
    this.camera = new Camera();
    this.resolution = new Resolution();
    this.minimap = new Minimap(minimap);
    this.renderer = null;
  }

  // Show another match.
  begin(rules, effects, rate) {
    this.renderer = new Renderer(this.field, rules, effects, rate);
    this.camera.fresh = true;
  }

  // A new frame, `seconds` after the last one. `margins(width, height)`: pixels that panels cover, see Camera.
  fit(seconds, margins) {
    this.ratio = this.resolution.next(1000 * seconds);
    if (!this.renderer.resize(this.ratio) && !this.camera.fresh) return;
    const { clientWidth, clientHeight } = this.field;
    this.camera.resize(clientWidth, clientHeight, margins(clientWidth, clientHeight));
  }

  // Glide to a place {x, y}, or with null to a view of all cells; `rate`: of gliding, per second.
  look(place, cells, seconds, rate = 5) {
    if (place) this.camera.follow(place.x, place.y, cells, glide(seconds, rate));
    else this.camera.overview(cells, glide(seconds, rate));
  }

  // Draw a scene; `overlay(ctx)` draws above it in cells. The minimap appears if a part of the arena is out of view.
  draw(scene, overlay = null) {
    const { camera, ratio, renderer } = this;
    if (!this.field.width || !this.field.height) return; // a page that is being laid out
    renderer.draw(scene, camera, ratio);
    if (overlay) {
      camera.apply(renderer.ctx, ratio);
      overlay(renderer.ctx);
    }
    const isPartial = !camera.showsAll(scene.cells);
    this.minimap.show(isPartial);
    if (isPartial) this.minimap.draw(scene, camera, ratio);
  }
}
