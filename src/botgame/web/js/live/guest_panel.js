// The panel to choose a name and a school before a match: for a guest by link, and where a name belongs to somebody else.

import { byId, setText, show } from "../page/dom.js";
import { loadProfile, saveProfile } from "../page/profile.js";
import { fillSchools } from "../page/school_choice.js";

// Calls `onJoin()` once the choices are stored, or `onWatch()`.
export function bindGuest(onJoin, onWatch) {
  const profile = loadProfile();
  const keep = () => {
    profile.name = byId("guest-name").value.trim();
    saveProfile(profile);
  };
  byId("guest-name").value = profile.name;
  fillSchools(profile, keep);
  byId("guest-form").addEventListener("submit", (event) => {
    event.preventDefault();
    keep();
    show(byId("guest"), false);
    onJoin();
  });
  byId("guest-watch").addEventListener("click", () => {
    show(byId("guest"), false);
    onWatch();
  });
}

// `note`: why the panel is shown, and what to do.
export function askGuest(note) {
  setText(byId("guest-note"), note);
  show(byId("guest"), true);
  byId("guest-name").focus();
}
