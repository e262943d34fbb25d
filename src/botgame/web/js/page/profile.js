// Who one is: name and school, kept in this browser.

const STORE = "botgame.profile";
const NOBODY = { name: "", school: "any" };

export function loadProfile(storage = localStorage) {
  try {
    return { ...NOBODY, ...JSON.parse(storage.getItem(STORE)) };
  } catch {
    return NOBODY;
  }
}

export function saveProfile(profile, storage = localStorage) {
  storage.setItem(STORE, JSON.stringify(profile));
}
