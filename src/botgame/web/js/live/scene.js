// From snapshots of the server to a scene for the renderer.

import { moved } from "./snapshots.js";

const RECENT = 512; // shots remembered for the length of their tails

export class SceneMaker {
  // `room`: the latest Room message; `rules`; `names`: what to call each seat.
  constructor(rules, rate) {
    this.rules = rules;
    this.rate = rate;
    this.origins = new Map(); // shot id -> where it was first seen
  }

  // `world`: Snapshots.at(...); `cast`: {walls, schools, names, graves}; `me`: the seat that is drawn as one's own,
  // with `mine` {x, y, angle} when its place is predicted; `latest`, `ahead`: shots are shown where they are when
  // one's inputs count, so that what one dodges is what one sees.
  make(world, cast, me, mine, latest, ahead) {
    const mages = world.mages.map((mage) => this.mage(mage, cast, me, mine));
    const shots = mine ? latest.shots.map((shot) => moved(shot, ahead / this.rate)) : world.shots;
    const own = mages.find((mage) => mage.seat === world.view);
    return {
      tick: world.tick,
      cells: cast.walls.length,
      walls: cast.walls,
      zone: world.zone,
      mages,
      shots: shots.filter((shot) => isFree(cast.walls, shot)).map((shot) => this.shot(shot)),
      items: world.items,
      graves: cast.graves.filter((grave) => grave.tick <= world.tick),
      eyes: world.view < 0 || !own ? null : { x: own.x, y: own.y },
    };
  }

  mage(mage, cast, me, mine) {
    const school = cast.schools[mage.seat];
    const place = mage.seat === me && mine ? mine : mage;
    const { absorb } = this.rules.abilities[school][3];
    return {
      seat: mage.seat,
      name: cast.names[mage.seat],
      school,
      x: place.x,
      y: place.y,
      angle: place.angle ?? Math.atan2(mage.fy, mage.fx),
      hp: mage.hp,
      mana: mage.mana,
      shield: mage.shield,
      ward: absorb > 0 ? mage.shield / absorb : 0,
      slow: mage.slow > 0 && !(mage.shield > 0 && this.rules.abilities[school][3].self_slow > 0),
      rune: mage.rune > 0,
      moving: Math.abs(mage.vx) + Math.abs(mage.vy) > 0.3,
      self: mage.seat === me,
    };
  }

  shot(shot) {
    if (!this.origins.has(shot.id)) {
      this.origins.set(shot.id, { x: shot.x, y: shot.y });
      if (this.origins.size > RECENT) this.origins.delete(this.origins.keys().next().value);
    }
    const origin = this.origins.get(shot.id);
    const speed = Math.hypot(shot.vx, shot.vy) || 1;
    const flown = Math.hypot(shot.x - origin.x, shot.y - origin.y) + 0.3;
    return { ...shot, dx: shot.vx / speed, dy: shot.vy / speed, flown };
  }
}

function isFree(walls, { x, y }) {
  return walls[Math.floor(y)]?.[Math.floor(x)] === "0";
}
