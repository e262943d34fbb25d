// A recorded match of bots that the lobby plays in a loop, while it is in view and nobody has stopped it.

import { isCalm } from "../draw/calm.js";
import { Effects } from "../draw/effects.js";
import { schoolDot } from "../page/news.js";
import { Stage } from "../draw/stage.js";
import { byId, el, setText, show } from "../page/dom.js";
import { Film } from "../film/film.js";
import { Playhead } from "../film/playhead.js";
import { seatColour } from "../draw/palette.js";

const FRAME_MS = 50; // a picture is drawn at most that often: the lobby costs little
const END_SECONDS = 2; // how long the end is shown

class LandingMatch {
  constructor(film) {
    this.film = film;
    this.head = new Playhead(film.ticks + END_SECONDS * film.rate, film.rate);
    this.head.playing = !isCalm();
    this.effects = new Effects(film.schools, film.rules.abilities, film.rate);
    film.events.forEach((event) => this.effects.add(event));
    this.stage = new Stage(byId("landing-field"), el("canvas"));
    this.stage.begin(film.rules, this.effects, film.rate);
    this.inView = true;
    this.isDrawn = false; // a match that stands still is drawn once
    new IntersectionObserver(([entry]) => (this.inView = entry.isIntersecting)).observe(byId("landing-field"));
    byId("landing-pause").addEventListener("click", () => this.toggle());
    this.fill();
    this.label();
    this.last = performance.now();
    requestAnimationFrame((now) => this.frame(now));
  }

  fill() {
    const line = (name, seat) => {
      const who = el("b", {}, name);
      who.style.color = seatColour(seat);
      return el("li", {}, schoolDot(this.film.schools[seat]), " ", who);
    };
    byId("landing-seats").replaceChildren(...this.film.names.map(line));
    show(byId("landing"), true);
  }

  toggle() {
    this.head.toggle();
    this.label();
  }

  label() {
    setText(byId("landing-pause"), this.head.playing ? "Stop" : "Play it");
  }

  frame(now) {
    requestAnimationFrame((later) => this.frame(later));
    const passed = now - this.last;
    const rests = this.isDrawn && !this.head.playing;
    if (passed < FRAME_MS || !this.inView || rests) return;
    this.last = now;
    this.advance(Math.min(0.25, passed / 1000));
    this.stage.fit(passed / 1000, () => ({ left: 0, right: 0, top: 0, bottom: 0 }));
    this.stage.look(null, this.film.cells, passed / 1000);
    this.stage.draw(this.film.sceneAt(this.head.tick));
    this.isDrawn = this.stage.field.width > 0; // the page has been laid out
  }

  // After the end, the match begins again.
  advance(seconds) {
    const { head } = this;
    head.advance(seconds);
    if (head.tick >= head.ticks) head.toggle();
  }
}

// Without its film, the lobby does without the match.
export async function playLandingMatch() {
  const answer = await fetch("/api/landing").catch(() => null);
  if (answer?.ok) window.landing = new LandingMatch(new Film(await answer.json())); // for tests
}
