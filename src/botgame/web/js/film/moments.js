// The key moments of a film: first blood, changes of the lead, near deaths. They are events like those of the film.

const LEAD = 0.1; // of full health: a smaller difference between two mages is no lead
const NEAR_DEATH = 0.15; // of full health
const RECOVERED = 0.3; // of full health: after that a mage can be near death again
const SURVIVED_SECONDS = 5;

// The key moments by tick.
export function keyMoments(film) {
  const leads = film.mages.length === 2 ? duelLeads(film) : killLeads(film);
  const nearDeaths = film.mages.flatMap((_, seat) => nearDeathsOf(film, seat));
  return [...firstBlood(film), ...leads, ...nearDeaths].sort((a, b) => a.tick - b.tick);
}

// The first hit by another mage.
function firstBlood(film) {
  const hit = film.events.find(({ kind, by, seat, damage }) => kind === "hit" && by >= 0 && by !== seat && damage > 0);
  return hit ? [{ kind: "first_blood", tick: hit.tick, seat: hit.seat, by: hit.by }] : [];
}

// A duel: who has clearly more health. The first lead is no change.
function duelLeads({ mages, rules, ticks }) {
  const found = [];
  const [one, two] = mages.map((mage) => mage.health);
  let leader = -1;
  for (let tick = 0; tick <= ticks && tick < one.length && tick < two.length; tick++) {
    const gap = (one[tick] - two[tick]) / rules.health;
    const ahead = gap > LEAD ? 0 : gap < -LEAD ? 1 : leader;
    if (leader >= 0 && ahead !== leader) found.push({ kind: "lead", tick, seat: ahead });
    leader = ahead;
  }
  return found;
}

// More than two mages: who has most kills, alone.
function killLeads({ graves, mages }) {
  const found = [];
  const kills = mages.map(() => 0);
  let leader = -1;
  for (const { by, tick } of graves) {
    if (by < 0) continue;
    kills[by] += 1;
    const most = Math.max(...kills);
    if (by === leader || kills[by] < most || kills.filter((count) => count === most).length > 1) continue;
    if (leader >= 0) found.push({ kind: "lead", tick, seat: by });
    leader = by;
  }
  return found;
}

// When a mage has almost no health left and lives on for a while.
function nearDeathsOf({ mages, rules, rate, graves }, seat) {
  const { health } = mages[seat];
  const dies = graves.find((grave) => grave.seat === seat)?.tick ?? Infinity;
  const found = [];
  let armed = true;
  for (let tick = 0; tick < health.length; tick++) {
    const share = health[tick] / rules.health;
    if (share > RECOVERED) armed = true;
    if (!armed || share > NEAR_DEATH || dies - tick < SURVIVED_SECONDS * rate) continue;
    found.push({ kind: "near_death", tick, seat, health: Math.ceil(health[tick]) });
    armed = false;
  }
  return found;
}
