// The four abilities of a mage: picture, key, cost, and a ring that closes while the ability cools down.

import { paintIcon } from "../draw/ability_icon.js";
import { el, setText } from "./dom.js";
import { DANGER, SCHOOLS } from "../draw/palette.js";

const SIZE = 112; // pixels of the picture; CSS shows it at half of that

export class AbilityBar {
  // `abilities`: the four rows of the school; `keys`: their key labels.
  constructor(root, school, abilities, keys, rate) {
    this.rate = rate;
    this.slots = abilities.map((ability, row) => makeSlot(school, ability, row, keys[row] ?? ""));
    root.replaceChildren(...this.slots.map((slot) => slot.root));
  }

  // `cooldowns`: ticks left of each; `mana`: of the mage; `queued`: verb that waits, 0 for none.
  update(cooldowns, mana, queued = 0) {
    this.slots.forEach((slot, row) => {
      const full = slot.ability.cooldown * this.rate;
      const left = Math.max(0, Math.min(1, cooldowns[row] / full));
      const poor = mana !== null && mana < slot.ability.mana;
      paintRing(slot, left, poor, queued === row + 1);
      const seconds = cooldowns[row] / this.rate;
      setText(
        slot.timer,
        left > 0 && full > this.rate ? (seconds < 1 ? seconds.toFixed(1) : String(Math.ceil(seconds))) : "",
      );
      slot.root.classList.toggle("poor", poor);
      slot.root.classList.toggle("ready", left === 0 && !poor);
    });
  }

  setKeys(keys) {
    this.slots.forEach((slot, row) => setText(slot.key, keys[row] ?? ""));
  }
}

function makeSlot(school, ability, row, key) {
  const icon = el("canvas", { width: SIZE, height: SIZE, class: "ability-icon" });
  const ring = el("canvas", { width: SIZE, height: SIZE, class: "ability-ring" });
  paintIcon(icon, school, row);
  const timer = el("span", { class: "ability-timer" });
  const keyLabel = el("kbd", { class: "ability-key" }, key);
  const cost = el("span", { class: "ability-cost" }, String(ability.mana));
  const name = el("span", { class: "ability-name" }, ability.name.replaceAll("_", " "));
  const root = el("div", { class: "ability", title: describe(ability) }, icon, ring, timer, keyLabel, cost, name);
  return { root, ring, timer, key: keyLabel, ability, colour: SCHOOLS[school].bright, last: "" };
}

function describe(ability) {
  const parts = [ability.name.replaceAll("_", " "), `${ability.mana} mana`, `${ability.cooldown} s`];
  if (ability.damage) parts.push(`${ability.damage} damage`);
  if (ability.absorb) parts.push(`absorbs ${ability.absorb}`);
  return parts.join(", ");
}

// The part that still cools down is dark, clockwise from the top; a ready ability has a bright rim.
function paintRing(slot, left, poor, queued) {
  const state = `${Math.round(left * 180)}${poor}${queued}`;
  if (state === slot.last) return;
  slot.last = state;
  const ctx = slot.ring.getContext("2d");
  const middle = SIZE / 2;
  ctx.clearRect(0, 0, SIZE, SIZE);
  if (left > 0) {
    ctx.fillStyle = "rgba(4, 6, 14, 0.74)";
    ctx.beginPath();
    ctx.moveTo(middle, middle);
    ctx.arc(middle, middle, SIZE, -Math.PI / 2 + 2 * Math.PI * (1 - left), 1.5 * Math.PI);
    ctx.closePath();
    ctx.fill();
  }
  ctx.lineWidth = 7;
  ctx.strokeStyle = poor ? DANGER : slot.colour;
  ctx.globalAlpha = left > 0 ? 0.9 : poor ? 0.8 : 1;
  ctx.beginPath();
  ctx.arc(middle, middle, middle - 6, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * (1 - left));
  ctx.stroke();
  if (!queued) return;
  ctx.strokeStyle = "#ffffff";
  ctx.setLineDash([12, 8]);
  ctx.stroke();
  ctx.setLineDash([]);
}
