// Makes scenes for the renderer from snapshots of the server.

import { isWall } from "../draw/walls.js";
import { moved } from "./snapshots.js";

const RECENT = 512; // shots whose first place is kept, for the length of their tails

export class SceneMaker {
  constructor(rules, rate) {
    this.rules = rules;
    this.rate = rate;
    this.origins = new Map(); // shot id -> the first place in view
  }

  // `world`: Snapshots.at(...); `match`: {walls, schools, names, graves}; `me`: the seat that is drawn as the player's,
  // with `mine` {x, y, angle} if its place is predicted; `latest`, `ahead`: then shots are shown `ahead` ticks after the
  // latest snapshot, when an input that is sent now takes effect, so that players dodge what they see.
  make(world, match, me, mine, latest, ahead) {
    const mages = world.mages.map((mage) => this.mage(mage, match, me, mine));
    const shots = mine ? latest.shots.map((shot) => moved(shot, ahead / this.rate)) : world.shots;
    const own = mages.find((mage) => mage.seat === world.view);
    return {
      tick: world.tick,
      cells: match.walls.length,
      walls: match.walls,
      zone: world.zone,
      mages,
      shots: shots.filter(({ x, y }) => !isWall(match.walls, Math.floor(x), Math.floor(y))).map((shot) => this.shot(shot)),
      items: world.items,
      graves: match.graves.filter((grave) => grave.tick <= world.tick),
      eyes: world.view < 0 || !own ? null : { x: own.x, y: own.y },
    };
  }

  mage(mage, match, me, mine) {
    const school = match.schools[mage.seat];
    const place = mage.seat === me && mine ? mine : mage;
    const { absorb } = this.rules.abilities[school][3];
    return {
      seat: mage.seat,
      name: match.names[mage.seat],
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
