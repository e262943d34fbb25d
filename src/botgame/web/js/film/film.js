// A recorded match as a function of time: `sceneAt(tick)` for any tick, also a fractional one.
//
// A film (botgame/lms/replay/showing/film.py) holds the changes of each quantity in a column; here they become values.

import { numbered, shortName } from "../page/dom.js";
import { lerp, turn } from "../draw/easing.js";

const SLOW = 1;
const RUNE = 8;
const JUMP = 0.8; // cells in one tick: a blink, which is not smoothed

function sums(changes, scale = 1) {
  const values = new Float64Array(changes.length);
  let total = 0;
  changes.forEach((change, k) => {
    total += change;
    values[k] = total / scale;
  });
  return values;
}

export class Film {
  constructor(data) {
    this.data = data;
    this.rate = data.tick_rate;
    this.ticks = data.ticks;
    this.cells = data.walls.length;
    this.rules = data.rules;
    this.schools = data.seats.map((seat) => seat.school);
    this.names = numbered(data.seats.map((seat) => shortName(seat.name)));
    this.mages = data.mages.map((columns) => decode(columns, data.scale));
    this.zoneRadius = sums(data.zone.r, data.scale.zone);
    this.events = data.events.map((event) => this.complete(event));
    this.graves = this.events.filter((event) => event.kind === "kill");
    this.casts = this.data.seats.map((_, seat) => this.events.filter((e) => e.kind === "cast" && e.seat === seat));
  }

  // A mark gets the place of its seat at that moment.
  complete(event) {
    if (event.kind !== "mark") return event;
    const mage = this.mages[event.seat];
    const at = Math.min(event.tick, mage.x.length - 1);
    return { ...event, x: mage.x[at], y: mage.y[at] };
  }

  // `view`: the seat whose fog is shown, -1 for everything; `self`: the seat that is followed, -1 for none.
  sceneAt(tick, view = -1, self = -1) {
    const at = Math.max(0, Math.min(tick, this.ticks));
    const seen = view < 0 ? -1 : this.visible(view, at);
    const mages = [];
    this.mages.forEach((_, seat) => {
      const shown = view < 0 || seat === view || (seen >> seat) & 1;
      const mage = shown && this.mageAt(seat, at);
      if (mage) mages.push({ ...mage, self: seat === self });
    });
    return {
      tick: at,
      cells: this.cells,
      walls: this.data.walls,
      zone: this.zoneAt(at),
      mages,
      shots: this.shotsAt(at),
      items: this.data.items.filter((item) => item.taken < 0 || item.taken > at),
      graves: this.graves.filter((grave) => grave.tick <= at),
      eyes: view < 0 ? null : this.placeOf(view, at),
    };
  }

  mageAt(seat, tick) {
    const mage = this.mages[seat];
    const last = mage.x.length - 1;
    if (tick > last && last < this.ticks) return null;
    const now = Math.min(Math.floor(tick), last);
    const next = Math.min(now + 1, last);
    const share = tick - now;
    const gap = Math.hypot(mage.x[next] - mage.x[now], mage.y[next] - mage.y[now]);
    const smooth = gap > JUMP ? Math.round(share) : share;
    const ability = this.rules.abilities[this.schools[seat]][3];
    return {
      seat,
      name: this.names[seat],
      school: this.schools[seat],
      x: lerp(mage.x[now], mage.x[next], smooth),
      y: lerp(mage.y[now], mage.y[next], smooth),
      angle: turn(mage.face[now], mage.face[next], share),
      hp: mage.health[now],
      mana: mage.mana[now],
      shield: mage.shield[now],
      ward: ability.absorb > 0 ? mage.shield[now] / ability.absorb : 0,
      slow: (mage.status[now] & SLOW) !== 0,
      rune: (mage.status[now] & RUNE) !== 0,
      moving: gap > 0.01,
    };
  }

  // The place of a seat, for a dead one the place of its death.
  placeOf(seat, tick) {
    const mage = this.mages[seat];
    const now = Math.min(Math.floor(tick), mage.x.length - 1);
    return this.mageAt(seat, Math.min(tick, mage.x.length - 1)) ?? { x: mage.x[now], y: mage.y[now] };
  }

  visible(seat, tick) {
    const column = this.mages[seat].visible;
    return column[Math.min(Math.floor(tick), column.length - 1)];
  }

  zoneAt(tick) {
    const now = Math.floor(tick);
    const next = Math.min(now + 1, this.ticks);
    const phase = this.data.zone.phases.find(([, close]) => close > tick);
    const [closes, closed, target] = phase ?? [0, 0, 0];
    const { x, y } = this.data.zone;
    return { x, y, r: lerp(this.zoneRadius[now], this.zoneRadius[next], tick - now), target, closes, closed };
  }

  shotsAt(tick) {
    const flying = [];
    this.data.shots.forEach(([owner, row, start, x0, y0, end, x1, y1], id) => {
      if (tick < start || tick >= end) return;
      const share = (tick - start) / (end - start);
      const length = Math.hypot(x1 - x0, y1 - y0) || 1;
      flying.push({
        id,
        row,
        owner,
        school: this.schools[owner],
        x: lerp(x0, x1, share),
        y: lerp(y0, y1, share),
        dx: (x1 - x0) / length,
        dy: (y1 - y0) / length,
        flown: length * share,
      });
    });
    return flying;
  }

  // The ticks until bolt, offence, mobility and defence of a seat have cooled down.
  cooldowns(seat, tick) {
    const left = [0, 0, 0, 0];
    for (const cast of this.casts[seat]) {
      if (cast.tick > tick) break;
      if (cast.verb > 4) continue;
      const cooldown = this.data.cooldowns[this.schools[seat]][cast.verb - 1];
      left[cast.verb - 1] = Math.max(0, cast.tick + cooldown - tick);
    }
    return left;
  }

  kills(seat, tick) {
    return this.graves.filter((grave) => grave.by === seat && grave.tick <= tick).length;
  }
}

function decode(columns, scale) {
  const face = sums(columns.face, scale.face / (2 * Math.PI));
  const plain = Object.fromEntries(
    ["x", "y", "health", "mana", "shield"].map((name) => [name, sums(columns[name], scale[name])]),
  );
  return { ...plain, face, status: sums(columns.status), visible: sums(columns.visible) };
}
