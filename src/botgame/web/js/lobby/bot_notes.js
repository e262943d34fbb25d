// What the bots that come with the game are like, in a line each (a test compares the names with the game's).

export const BOT_NOTES = {
  champion: "the trained network: plays all schools, strongest",
  champion_300ms: "a trained network with a person's reaction: strong, but no faster than you",
  lms_re: "the expert's rules: escapes the zone, dodges, leads its shots",
  rusher: "runs at you and fights close",
  kiter: "keeps its distance and shoots",
  looter: "collects items and chests first",
  camper: "waits behind cover near the middle",
  legacy: "simple reflexes: an easy opponent",
  random: "acts at random",
  idle: "stands still: for trying the keys",
};
