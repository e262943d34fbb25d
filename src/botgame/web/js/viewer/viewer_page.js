// The replay viewer: a film, a playhead, a picture, and the controls around them.

import { AbilityBar } from "../page/ability_bar.js";
import { byId, clock, setText, shortName, show } from "../page/dom.js";
import { Effects } from "../draw/effects.js";
import { EventList } from "./event_list.js";
import { askForFile, bindFiles } from "./file_drop.js";
import { filmOfPage } from "../film/film_source.js";
import { SCHOOLS } from "../draw/palette.js";
import { Playhead } from "../film/playhead.js";
import { Stage } from "../draw/stage.js";
import { SeatList } from "../page/seat_list.js";
import { offerReadout } from "./readout_request.js";
import { ReadoutPanel } from "./readout_panel.js";
import { bindShare, momentOfPage } from "./share.js";
import { Timeline } from "./timeline.js";
import { bindKeys } from "./viewer_keys.js";

class Viewer {
  constructor(film) {
    this.film = film;
    this.followed = -1;
    this.fog = false;
    this.head = new Playhead(film.ticks, film.rate);
    this.stage = new Stage(byId("field"), byId("minimap"));
    this.effects = new Effects(film.schools, film.rules.abilities, film.rate);
    film.events.forEach((event) => this.effects.add(event));
    this.stage.begin(film.rules, this.effects, film.rate);
    this.timeline = new Timeline(byId("timeline"), film, (tick) => this.head.seek(tick));
    this.seats = new SeatList(byId("seats"), (seat) => this.follow(seat === this.followed ? -1 : seat));
    this.readout = null;
    if (film.data.thoughts) this.showReadout(film.data.thoughts);
    else offerReadout(byId("thoughts"), film, (readout) => this.showReadout(readout));
    this.events = new EventList(film, (tick) => this.head.seek(tick));
    this.abilities = null;
    this.closing = new AbortController();
    this.fill();
    this.bind();
    this.last = performance.now();
    requestAnimationFrame((now) => this.frame(now));
  }

  // Write what does not change while the film plays.
  fill() {
    const { data } = this.film;
    const winners = data.seats.filter((seat) => seat.place === 1);
    const name = winners.length === 1 ? `${shortName(winners[0].name)} (${SCHOOLS[winners[0].school].name})` : "";
    const verdict = data.is_cut ? "broken off" : name ? `${name} wins` : "a draw";
    setText(byId("title"), `${data.mode}, seed ${data.seed}`);
    this.verdict = `${verdict} after ${clock(data.ticks / this.film.rate)}`;
    document.title = `${data.mode} ${data.seed}`;
    const { names } = this.film;
    this.seats.setSeats(data.seats.map((seat, k) => ({ name: names[k], school: seat.school, note: person(seat) })));
  }

  showReadout(readout) {
    this.film.data.thoughts = readout;
    this.readout = new ReadoutPanel(byId("thoughts"), readout, this.film.ticks);
    show(byId("thoughts"), true);
    this.timeline.base = null; // paint it again, with the curve of expected results
  }

  bind() {
    byId("play").addEventListener("click", () => this.head.toggle());
    byId("slower").addEventListener("click", () => this.head.faster(-1));
    byId("faster").addEventListener("click", () => this.head.faster(1));
    byId("back").addEventListener("click", () => this.head.seek(this.head.tick - 5 * this.film.rate));
    byId("ahead").addEventListener("click", () => this.head.seek(this.head.tick + 5 * this.film.rate));
    byId("everything").addEventListener("click", () => this.follow(-1));
    byId("fog").addEventListener("click", () => this.toggleFog());
    byId("previous-moment").addEventListener("click", () => this.goTo(this.events.previous(this.head.tick)));
    byId("next-moment").addEventListener("click", () => this.goTo(this.events.next(this.head.tick)));
    bindShare(this.film, () => this.head.tick / this.film.rate);
    bindKeys(this, this.closing.signal);
    this.follow(-1);
  }

  // To a place in the film, if there is one.
  goTo(tick) {
    if (tick !== null) this.head.seek(tick);
  }

  // Stop, because another film is shown.
  close() {
    this.closing.abort();
  }

  follow(seat) {
    this.followed = seat < this.film.mages.length ? seat : -1;
    if (this.followed < 0) this.fog = false;
    const { rules, schools, rate } = this.film;
    const school = schools[this.followed];
    this.abilities =
      this.followed < 0 ? null : new AbilityBar(byId("abilities"), school, rules.abilities[school], [], rate);
    show(byId("abilities"), this.abilities !== null);
    byId("everything").setAttribute("aria-pressed", String(this.followed < 0));
    byId("fog").setAttribute("aria-pressed", String(this.fog));
    byId("fog").disabled = this.followed < 0;
  }

  toggleFog() {
    this.fog = this.followed >= 0 && !this.fog;
    byId("fog").setAttribute("aria-pressed", String(this.fog));
  }

  frame(now) {
    if (this.closing.signal.aborted) return;
    const seconds = Math.min(0.25, (now - this.last) / 1000);
    this.last = now;
    this.head.advance(seconds);
    this.stage.fit(seconds, () => ({ left: 0, right: 0, top: 0, bottom: 0 }));
    const followed = this.followed < 0 ? null : this.film.placeOf(this.followed, this.head.tick);
    this.stage.look(followed, this.film.cells, seconds);
    const scene = this.film.sceneAt(this.head.tick, this.fog ? this.followed : -1, this.followed);
    this.stage.draw(scene);
    this.timeline.draw(this.head.tick, this.stage.resolution.most);
    this.write(scene);
    requestAnimationFrame((later) => this.frame(later));
  }

  // The line about the moment: how the match ended only once its end is shown.
  headline() {
    const { tick } = this.head;
    if (tick >= this.film.ticks) return this.verdict;
    const seconds = Math.ceil((this.film.data.countdown_ticks - tick) / this.film.rate);
    return seconds > 0 ? `begins in ${seconds} s` : "";
  }

  // Write what changes beside the picture.
  write(scene) {
    const { film, head } = this;
    setText(byId("time"), `${clock(head.tick / film.rate)} / ${clock(film.ticks / film.rate)}`);
    this.timeline.say(head.tick);
    setText(byId("verdict"), this.headline());
    setText(byId("speed"), `${head.speed}×`);
    byId("play").classList.toggle("playing", head.playing);
    byId("play").setAttribute("aria-label", head.playing ? "pause" : "play");
    const states = film.mages.map((_, seat) => {
      const mage = film.mageAt(seat, head.tick);
      return { hp: mage?.hp ?? 0, mana: mage?.mana ?? 0, alive: mage !== null, kills: film.kills(seat, head.tick) };
    });
    this.seats.update(states, this.followed, film.rules);
    this.abilities?.update(film.cooldowns(this.followed, head.tick), film.mageAt(this.followed, head.tick)?.mana ?? 0);
    this.readout?.update(this.followed, head.tick);
    this.events.update(scene.tick);
  }
}

function person(seat) {
  return seat.controller === "human" ? "person" : "";
}

const blank = document.body.cloneNode(true); // the page without a film

// Show a film in place of the one that is shown.
function showFilm(film) {
  window.viewer?.close();
  document.body.replaceWith(blank.cloneNode(true));
  window.viewer = new Viewer(film); // for tests and the browser's console
  return window.viewer;
}

const HINT = "Choose a replay file, or drop one onto this page. The server reads it and keeps nothing.";
const isExported = document.getElementById("film") !== null; // then there is no server

filmOfPage().then(
  (film) => (film ? showFilm(film).head.seek(momentOfPage() * film.rate) : askForFile(HINT)),
  (error) => askForFile(error.message),
);
if (!isExported) bindFiles(showFilm);
