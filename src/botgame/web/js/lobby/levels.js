// The opponents to choose from: levels of a trained bot with their ratings, then all other bots, each with a note.

import { el, shortName } from "../page/dom.js";
import { BOT_NOTES } from "./bot_notes.js";

let levels = new Map(); // by the bot's name

// `lines`: as `welcome` has them.
export function setLevels(lines) {
  levels = new Map(lines.map((line) => [line.bot, line]));
}

export function botOptions(bots) {
  const option = (bot) => el("option", { value: bot }, label(bot));
  const rated = bots.filter((bot) => levels.has(bot)).sort((a, b) => levels.get(a).rating - levels.get(b).rating);
  const others = bots.filter((bot) => !levels.has(bot)).map(option);
  if (rated.length === 0) return others;
  return [
    el("optgroup", { label: "Levels, rated (lms_re has 0)" }, ...rated.map(option)),
    el("optgroup", { label: "Other bots" }, ...others),
  ];
}

export function botNote(bot) {
  const line = levels.get(bot);
  if (!line) return BOT_NOTES[bot] ?? "";
  return [line.note, line.facts].filter(Boolean).join("; ");
}

function label(bot) {
  const line = levels.get(bot);
  if (!line) return shortName(bot);
  const [of] = bot.includes("@") ? bot.split("@level-") : [""];
  const name = of ? `${shortName(of)}, level ${line.level}` : `Level ${line.level}`;
  return `${name}: ${line.rating < 0 ? "−" : "+"}${Math.abs(line.rating)}`;
}
