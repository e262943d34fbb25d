// A rating over matches as a picture: a line, with a band of one standard deviation.

const WIDTH = 460;
const HEIGHT = 170;
const LEFT = 46; // room for the labels
const MARGIN = 16;

// `changes`: [{after, sigma}, ...], the oldest first, at least one.
export function ratingCurve(changes) {
  const highest = Math.max(...changes.map(({ after, sigma }) => after + Math.min(sigma, 200)), 0);
  const lowest = Math.min(...changes.map(({ after, sigma }) => after - Math.min(sigma, 200)), 0);
  const x = (k) => LEFT + (k / Math.max(1, changes.length - 1)) * (WIDTH - LEFT - MARGIN);
  const y = (points) => MARGIN + ((highest - points) / (highest - lowest || 1)) * (HEIGHT - 2 * MARGIN);
  const inside = (points) => y(Math.max(lowest, Math.min(highest, points)));
  const upper = changes.map(({ after, sigma }, k) => `${x(k)},${inside(after + sigma)}`);
  const lower = changes.map(({ after, sigma }, k) => `${x(k)},${inside(after - sigma)}`);
  const last = changes.at(-1).after;
  return shape(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Rating after each match, now ${Math.round(last)}` },
    ...[lowest, 0, highest].flatMap((points) => mark(points, y(points))),
    shape("polygon", { class: "band", points: [...upper, ...lower.reverse()].join(" ") }),
    shape("polyline", { class: "line", points: changes.map(({ after }, k) => `${x(k)},${y(after)}`).join(" ") }),
    shape("circle", { class: "end", cx: x(changes.length - 1), cy: y(last), r: 5 }),
  );
}

function mark(points, y) {
  const label = shape("text", { x: LEFT - 8, y: y + 5 });
  label.textContent = String(Math.round(points));
  return [shape("line", { class: "mark", x1: LEFT, x2: WIDTH - MARGIN, y1: y, y2: y }), label];
}

function shape(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
