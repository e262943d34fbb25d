// The policy readout at the latest decision: the probability of each choice, and the expected result.

import { el, setText, setWidth, shortName, show } from "../page/dom.js";
import { seatColour } from "../draw/palette.js";

const SHOWN = 4; // most likely categories of each head

export class ReadoutPanel {
  constructor(root, readout, ticks) {
    this.root = root;
    this.readout = readout;
    this.ticks = ticks;
    this.heads = readout.heads.map((head) => makeHead(head));
    this.value = el("b", {});
    this.curve = el("canvas", { class: "curve", height: 120, width: 560 });
    this.title = el("h2", {});
    root.replaceChildren(
      this.title,
      el("p", { class: "value-line" }, "expects to ", this.value),
      this.curve,
      ...this.heads.map((head) => head.root),
    );
  }

  // Show the readout of `seat` at `tick`, or of the first seat if it has none.
  update(seat, tick) {
    const shown = this.readout.seats.find((entry) => entry.seat === seat) ?? this.readout.seats[0];
    if (!shown) return;
    const at = latest(shown.ticks, tick);
    setText(this.title, `Thoughts of ${shortName(shown.policy)}, seat ${shown.seat + 1}`);
    this.title.title = shown.policy;
    this.title.style.color = seatColour(shown.seat);
    this.drawCurve(shown, tick);
    this.root.classList.toggle("none-yet", at < 0);
    if (at < 0) return;
    setText(this.value, expectation(shown.values[at]));
    this.heads.forEach((head, k) => updateHead(head, shown.chances[k][at], shown.chosen[k][at]));
  }

  drawCurve(shown, tick) {
    const { width, height } = this.curve;
    const ctx = this.curve.getContext("2d");
    ctx.clearRect(0, 0, width, height);
    ctx.strokeStyle = "rgba(160, 180, 230, 0.3)";
    ctx.beginPath();
    ctx.moveTo(0, height / 2);
    ctx.lineTo(width, height / 2);
    ctx.stroke();
    ctx.strokeStyle = seatColour(shown.seat);
    ctx.lineWidth = 3;
    ctx.beginPath();
    shown.ticks.forEach((when, k) => {
      ctx.lineTo((when / this.ticks) * width, height * (0.5 - 0.48 * Math.max(-1, Math.min(1, shown.values[k]))));
    });
    ctx.stroke();
    ctx.fillStyle = "#ffffff";
    ctx.fillRect((tick / this.ticks) * width - 1, 0, 2, height);
  }
}

function expectation(value) {
  const word = value > 0.15 ? "win" : value < -0.15 ? "lose" : "be even";
  return `${word} (${value >= 0 ? "+" : ""}${value.toFixed(2)})`;
}

// The index of the last decision at or before `tick`, -1 for none.
function latest(ticks, tick) {
  let low = 0;
  let high = ticks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ticks[middle] <= tick) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function makeHead(head) {
  const rows = Array.from({ length: Math.min(SHOWN, head.labels.length) }, () => {
    const label = el("span", { class: "choice-label" });
    const fill = el("i", { class: "fill" });
    const percent = el("span", { class: "choice-percent" });
    return { label, fill, percent, root: el("li", {}, label, el("span", { class: "bar" }, fill), percent) };
  });
  return {
    labels: head.labels,
    rows,
    root: el("section", { class: "head" }, el("h3", {}, head.name), el("ul", {}, ...rows.map((row) => row.root))),
  };
}

function updateHead(head, chances, chosen) {
  const order = chances.map((_, k) => k).sort((a, b) => chances[b] - chances[a]);
  head.root.classList.toggle("idle", chosen < 0);
  head.rows.forEach((row, k) => {
    const category = order[k];
    setText(row.label, head.labels[category]);
    setText(row.percent, `${chances[category]} %`);
    setWidth(row.fill, chances[category] / 100);
    row.root.classList.toggle("chosen", category === chosen);
    show(row.root, chances[category] > 0 || category === chosen || k === 0);
  });
}
