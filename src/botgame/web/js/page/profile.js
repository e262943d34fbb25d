// The player's name and school, and the key that owns the name, stored in the browser.

import { local } from "./storage.js";

const STORE = "botgame.profile";
const KEY = "botgame.key";
const KEPT_SECONDS = 400 * 24 * 3600; // as long as browsers keep cookies
const DEFAULT = { name: "", school: "any" };

export function loadProfile() {
  try {
    return { ...DEFAULT, ...JSON.parse(local.read(STORE)) };
  } catch {
    return DEFAULT;
  }
}

// The secret that shows the server whose name it is; drawn once. A cookie holds it too, because a server on this machine
// may listen at another port the next time, and cookies are the same for all ports.
export function nameKey() {
  const key = local.read(KEY) ?? cookie(KEY) ?? drawnKey();
  local.write(KEY, key);
  document.cookie = `${KEY}=${key}; path=/; max-age=${KEPT_SECONDS}; samesite=strict`;
  return key;
}

const drawnKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const cookie = (name) => document.cookie.match(new RegExp(`(?:^|; )${name}=([0-9a-f]+)`))?.[1] ?? null;

export function saveProfile(profile) {
  local.write(STORE, JSON.stringify(profile));
}
