// The player's name and school, stored in the browser.

const STORE = "botgame.profile";
const DEFAULT = { name: "", school: "any" };

export function loadProfile(storage = localStorage) {
  try {
    return { ...DEFAULT, ...JSON.parse(storage.getItem(STORE)) };
  } catch {
    return DEFAULT;
  }
}

export function saveProfile(profile, storage = localStorage) {
  storage.setItem(STORE, JSON.stringify(profile));
}
