// The player's name and school, and the key that owns the name, stored in the browser.

import { local } from "./storage.js";

const STORE = "botgame.profile";
const KEY = "botgame.key";
const DEFAULT = { name: "", school: "any" };

export function loadProfile() {
  try {
    return { ...DEFAULT, ...JSON.parse(local.read(STORE)) };
  } catch {
    return DEFAULT;
  }
}

// The secret that shows the server whose name it is; drawn once.
export function nameKey() {
  const kept = local.read(KEY);
  if (kept) return kept;
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  local.write(KEY, key);
  return key;
}

export function saveProfile(profile) {
  local.write(STORE, JSON.stringify(profile));
}
