// What pages do to their elements. Text from the network only becomes textContent.

export const byId = (id) => document.getElementById(id);

// el("li", { class: "seat", title: "..." }, "text", child, ...)
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

// Change an element only if it differs: layout takes time.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setWidth(element, share) {
  const width = `${Math.round(1000 * Math.max(0, Math.min(1, share))) / 10}%`;
  if (element.style.width !== width) element.style.width = width;
}

export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

// Seconds as minutes and seconds, `1:05`.
export function clock(time) {
  const seconds = Math.max(0, time);
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

// `artifacts/alphastar/pi_rl.pt` is shown as `pi_rl`, `human:Ada` as `Ada`.
export function shortName(name) {
  const person = /^(human|remote):(.+)$/.exec(name);
  if (person) return person[2];
  const last = name.split(/[\\/]/).pop();
  return last.replace(/\.(pt|onnx)$/, "") || name;
}

// The name to show for a seat of a room: only the names of bots are shortened, so that a person called `x/lms_re` is
// not taken for one.
export const playerName = (seat) => (seat.bot && seat.name === seat.bot ? shortName(seat.name) : seat.name);

// Names of seats; equal ones are numbered from 1.
export function numbered(names) {
  const isAlone = (name) => names.indexOf(name) === names.lastIndexOf(name);
  const before = (name, seat) => names.slice(0, seat).filter((other) => other === name).length;
  return names.map((name, seat) => (isAlone(name) ? name : `${name} ${before(name, seat) + 1}`));
}
