// The panels of the player's mage, the time and the zone.

import { AbilityBar } from "../page/ability_bar.js";
import { byId, clock, setText, setWidth, show } from "../page/dom.js";
import { SLOTS } from "../page/keymap.js";

export class Hud {
  constructor(rules, rate, keymap) {
    this.rules = rules;
    this.rate = rate;
    this.keymap = keymap;
    this.school = -1;
    this.bar = null;
  }

  // Show the ability bar of a school; `force`: also if it is shown already, because the keys have changed.
  setSchool(school, force = false) {
    if (school === this.school && !force) return;
    this.school = school;
    const keys = SLOTS.map((action) => this.keymap.label(action));
    this.bar = new AbilityBar(byId("abilities"), school, this.rules.abilities[school], keys, this.rate);
  }

  // `mage`: the player's in the latest snapshot; `you`: the message's part for the player only.
  showSelf(mage, you) {
    setWidth(byId("own-health"), mage.hp / this.rules.health);
    setWidth(byId("own-shield"), mage.shield / this.rules.health);
    setWidth(byId("own-mana"), you.mana / this.rules.mana);
    setText(
      byId("own-health-text"),
      mage.shield > 0 ? `${Math.ceil(mage.hp)} + ${Math.ceil(mage.shield)}` : String(Math.ceil(mage.hp)),
    );
    setText(byId("own-mana-text"), String(Math.floor(you.mana)));
    this.bar?.update(you.cooldowns, you.mana, you.queued);
    show(byId("chest-hint"), you.chest);
    setText(byId("chest-key"), this.keymap.label("interact"));
    show(byId("cap-hint"), you.budget <= 4);
    setText(byId("cap-hint"), you.budget === 0 ? "too many actions: wait" : `${you.budget} actions left`);
  }

  // Say that the player is out and sees the rest, `late` ticks after it happens.
  showOut(isOut, late) {
    const delay = late > 0 ? `, ${Math.round(late / this.rate)} s late` : "";
    setText(byId("out-note"), `You are out; this is the rest of the match${delay}`);
    show(byId("out-note"), isOut);
  }

  // Show the time left, the zone's next phase, the number of living mages, and a red rim in danger.
  showMatch(state, duration, alive, seats, mage) {
    setText(byId("clock"), clock((duration - state.tick) / this.rate));
    setText(byId("alive"), `${alive} of ${seats} alive`);
    const { zone } = state;
    const seconds = Math.ceil((zone.closes - state.tick) / this.rate);
    setText(
      byId("zone"),
      seconds > 0
        ? `zone shrinks in ${seconds} s`
        : state.tick < zone.closed
          ? "the zone is shrinking"
          : "the zone has closed",
    );
    byId("zone").classList.toggle("urgent", seconds <= 5);
    const outside = Boolean(mage) && Math.hypot(mage.x - zone.x, mage.y - zone.y) >= zone.r;
    byId("danger").classList.toggle("zone", outside);
    byId("danger").classList.toggle("low", Boolean(mage) && !outside && mage.hp < 0.25 * this.rules.health);
    show(byId("zone-warning"), outside);
  }
}
