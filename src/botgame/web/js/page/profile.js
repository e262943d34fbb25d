// The player's name and school, stored in the browser.

import { local } from "./storage.js";

const STORE = "botgame.profile";
const DEFAULT = { name: "", school: "any" };

export function loadProfile() {
  try {
    return { ...DEFAULT, ...JSON.parse(local.read(STORE)) };
  } catch {
    return DEFAULT;
  }
}

export function saveProfile(profile) {
  local.write(STORE, JSON.stringify(profile));
}
