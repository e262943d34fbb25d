// What has happened up to the moment that is shown, as a list; a click leads to the moment.

import { byId, el, show } from "../page/dom.js";
import { isNews, newsLine } from "../page/news.js";
import { keyMoments } from "../film/moments.js";

const LEAD_SECONDS = 1; // a click goes to so long before an event

export class EventList {
  // Calls `onSeek(tick)` for a click on a line.
  constructor(film, onSeek) {
    const moments = keyMoments(film);
    const deaths = film.graves.map(({ tick }) => tick);
    this.lead = LEAD_SECONDS * film.rate;
    this.stops = this.spaced([...moments.map(({ tick }) => tick), ...deaths]);
    const events = [...film.events.filter(isNews), ...moments].sort((a, b) => a.tick - b.tick);
    const seats = film.names.map((name) => ({ name }));
    this.lines = events.map((event) => ({ tick: event.tick, line: this.line(event, seats, film.rate, onSeek) }));
    byId("news").replaceChildren(...this.lines.map(({ line }) => line));
  }

  // The line of an event, as a button.
  line(event, seats, rate, onSeek) {
    const line = newsLine(event, seats, rate);
    const go = el("button", { type: "button", onclick: () => onSeek(this.before(event.tick)) }, ...line.childNodes);
    line.replaceChildren(go);
    return line;
  }

  // Where to stop for key moments; those within a second are one stop.
  spaced(ticks) {
    const stops = [];
    for (const tick of ticks.sort((a, b) => a - b).map((one) => this.before(one)))
      if (!stops.length || tick >= stops.at(-1) + this.lead) stops.push(tick);
    return stops;
  }

  before(tick) {
    return Math.max(0, tick - this.lead);
  }

  // Show what has happened at `tick`, and nothing of what is to come.
  update(tick) {
    for (const entry of this.lines) show(entry.line, entry.tick <= tick);
    show(byId("no-news"), !this.lines.some((entry) => entry.tick <= tick));
  }

  // Where to go for the next key moment after `tick`, or the last one before it; null for none.
  next(tick) {
    return this.stops.find((stop) => stop > tick) ?? null;
  }

  previous(tick) {
    return this.stops.findLast((stop) => stop <= tick - this.lead) ?? null;
  }
}
