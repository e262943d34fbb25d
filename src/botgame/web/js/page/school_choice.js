// Buttons to choose a school, with a line about the chosen one.

import { paintIcon } from "../draw/ability_icon.js";
import { SCHOOLS, schoolIndex } from "../draw/palette.js";
import { byId, el, setText } from "./dom.js";

const NOTES = {
  any: "Drawn at random.",
  pyromancer: "Pyromancer: burst and area. Fireball, flame rush, ember ward.",
  cryomancer: "Cryomancer: slows and blocks. Frost lance, ice slide, ice block.",
  stormcaller: "Stormcaller: mobile, long range. Lightning, blink, gust.",
};

// Fills `#schools` and `#school-note`; a click changes `profile.school` and calls `onChange()`.
export function fillSchools(profile, onChange) {
  const choose = (name) => {
    profile.school = name;
    onChange();
    fillSchools(profile, onChange);
    byId("schools").querySelector('[aria-pressed="true"]').focus();
  };
  const names = ["any", ...SCHOOLS.map((school) => school.name)];
  byId("schools").replaceChildren(...names.map((name) => schoolButton(name, name === profile.school, choose)));
  setText(byId("school-note"), NOTES[profile.school]);
}

function schoolButton(name, pressed, choose) {
  const button = el("button", { type: "button", class: "school", "aria-pressed": String(pressed) });
  if (name === "any") button.append(el("span", { class: "any" }), "any");
  else {
    const icon = el("canvas", { width: 112, height: 112 });
    paintIcon(icon, schoolIndex(name), 1);
    button.append(icon, name);
  }
  button.addEventListener("click", () => choose(name));
  return button;
}
