// The colours with a meaning: schools, seats, items, the zone. The colours of panels are in the CSS.

export const SCHOOLS = [
  { name: "pyromancer", core: "#fff1c4", bright: "#ff9a3c", mid: "#e8541e", deep: "#7c1d12", cloth: "#a5301c" },
  { name: "cryomancer", core: "#f2fdff", bright: "#7fdcff", mid: "#3a9fe8", deep: "#143a78", cloth: "#2360ad" },
  { name: "stormcaller", core: "#fffbe0", bright: "#c9a6ff", mid: "#8f5cf0", deep: "#3b1c80", cloth: "#5b31b3" },
];

const SEATS = [
  "#5ab0ff",
  "#ff6b6b",
  "#5fe08a",
  "#ffd84d",
  "#d58cff",
  "#ff9f45",
  "#3fdcc8",
  "#ff86cf",
  "#b5ea3d",
  "#9aa8ff",
  "#f7b18a",
  "#8fe0ff",
  "#ee82f7",
  "#d9dbe2",
  "#e6cf8a",
  "#37c871",
];

export const ITEMS = [
  { name: "health", bright: "#ff8f9c", mid: "#f0435c", label: "health" },
  { name: "mana", bright: "#8fd0ff", mid: "#2f86ff", label: "mana" },
  { name: "rune", bright: "#ffe9a3", mid: "#f5b82e", label: "rune" },
  { name: "chest", bright: "#e8b46a", mid: "#9a6230", label: "chest" },
];

export const ZONE = { edge: "#b8ff5c", haze: "#4f8f1f", next: "#f4f7ff" };
const HEALTH = "#57e389";
export const MANA = "#4d9fff";
export const SHIELD = "#d9f2ff";
export const FROST = "#bfeaff";
export const DANGER = "#ff4d5e";

export function seatColour(seat) {
  return SEATS[seat % SEATS.length];
}

// The index of a school, -1 for `any`.
export function schoolIndex(name) {
  return SCHOOLS.findIndex((school) => school.name === name);
}

// The colour of a health bar that is filled to `share`.
export function healthColour(share) {
  return share > 0.55 ? HEALTH : share > 0.28 ? "#ffc94d" : DANGER;
}
