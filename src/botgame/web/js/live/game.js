// A live match on the page: messages in, pictures and inputs out.

import { byId, el, numbered, playerName, setText, show } from "../page/dom.js";
import { drawAim } from "./aim_line.js";
import { Effects } from "../draw/effects.js";
import { Hud } from "./hud.js";
import { withToken } from "../page/connection.js";
import { aimBin } from "./input.js";
import { DELAY_TICKS, Snapshots } from "./snapshots.js";
import { SceneMaker } from "./scene.js";
import { isNews, newsLine } from "../page/news.js";
import { schoolIndex } from "../draw/palette.js";
import { Predictor } from "./prediction.js";
import { Stage } from "../draw/stage.js";
import { SeatList } from "../page/seat_list.js";

const NEWS_SHOWN = 7;
const BOLT_REPEAT_MS = 150;

export class Game {
  // `welcome`: the server's message; `send(type, fields)`; `input`, `sound`, `spectator`, `keymap`: see their modules.
  constructor(welcome, send, { input, sound, spectator, keymap, rtt }) {
    Object.assign(this, { welcome, send, input, sound, spectator, rtt });
    this.rate = welcome.tick_rate;
    this.rules = { ...welcome.rules, abilities: welcome.schools.map((school) => welcome.abilities[school]) };
    this.stage = new Stage(byId("field"), byId("minimap"));
    this.hud = new Hud(this.rules, this.rate, keymap);
    this.seats = new SeatList(byId("seats"), (seat) => spectator.follow(seat === spectator.followed ? -1 : seat));
    this.guide = null; // of a guided match
    this.room = null;
    this.seq = 0;
    this.boltAt = 0;
    this.last = performance.now();
  }

  // ---- messages of the server

  setRoom(room) {
    const fresh = !this.room || this.room.room !== room.room || this.room.seed !== room.seed;
    const begun = this.room?.state === "waiting" && room.state === "running";
    this.room = room;
    this.names = numbered(room.seats.map((seat) => playerName(seat) || seat.controller));
    this.schools = room.seats.map((seat) => Math.max(0, schoolIndex(seat.school)));
    if (fresh || begun) this.begin();
    this.effects.schools = this.schools;
    this.seats.setSeats(
      room.seats.map((seat) => ({
        name: this.names[seat.seat],
        school: schoolIndex(seat.school),
        note: note(seat, room.seat),
      })),
    );
    byId("seats").classList.toggle("many", room.seats.length > 6);
    if (room.seat >= 0) this.hud.setSchool(this.schools[room.seat]);
    if (this.predictor && room.seat !== this.held) this.predictor.base = null;
    this.held = room.seat;
  }

  // Reset everything that belongs to one match.
  begin() {
    this.snapshots = new Snapshots(this.rate);
    this.effects = new Effects(this.schools, this.rules.abilities, this.rate);
    this.stage.begin(this.rules, this.effects, this.rate);
    this.scenes = new SceneMaker(this.rules, this.rate);
    this.predictor = new Predictor(this.room.walls, this.welcome.moves, this.rules, this.rate);
    this.graves = [];
    this.known = this.room.seats.map(() => ({ hp: null, mana: null, alive: true, kills: 0 }));
    byId("news").replaceChildren();
  }

  // A player who is out sees the match some seconds late from now on.
  goBack(tick) {
    const graves = this.graves.filter((grave) => grave.tick <= tick);
    this.begin();
    this.graves = graves;
  }

  setState(state, now) {
    const begins = !this.mayAct;
    if (state.tick < this.snapshots.latest?.tick) this.goBack(state.tick);
    this.snapshots.push(state, now);
    for (const event of state.events) this.handleEvent(event, state);
    this.remember(state);
    const mage = this.ownMage(state);
    this.guide?.update(state, mage);
    if (mage && state.you) this.predictor.reconcile(state.tick, mage, state.ack, this.predictedTick(now));
    if (begins && this.input.move !== 0) this.sendInput(); // a key that is held already counts from now on
  }

  handleEvent(event, state) {
    const mage = state.mages.find((one) => one.seat === event.seat);
    const placed = event.x === undefined && mage ? { ...event, x: mage.x, y: mage.y } : event;
    this.effects.add(placed);
    const ears = this.ownMage(state) ?? { x: this.stage.camera.x, y: this.stage.camera.y };
    this.sound.play(placed, ears, this.schools, this.room.seat);
    if (event.kind === "kill") {
      this.graves.push(event);
      this.known[event.seat].alive = false;
      if (event.by >= 0) this.known[event.by].kills += 1;
    }
    if (!isNews(event)) return;
    byId("news").prepend(
      newsLine(
        event,
        this.names.map((name) => ({ name })),
        this.rate,
      ),
    );
    while (byId("news").children.length > NEWS_SHOWN) byId("news").lastChild.remove();
  }

  // Store what the list of seats shows; of mages out of sight only whether they are alive.
  remember(state) {
    for (const known of this.known) known.hp = known.mana = null;
    for (const mage of state.mages) {
      const known = this.known[mage.seat];
      Object.assign(known, { hp: mage.hp, mana: mage.mana, alive: mage.alive });
      known.kills = Math.max(known.kills, mage.kills);
    }
  }

  // ---- the player's input

  get isPlaying() {
    return (
      this.room?.state === "running" &&
      Boolean(this.snapshots.latest?.you) &&
      this.snapshots.latest.you.seat === this.room.seat
    );
  }

  // Whether the player's mage has died and the match goes on.
  get isOut() {
    return this.room.seat >= 0 && this.room.state === "running" && this.snapshots.latest !== undefined && !this.isPlaying;
  }

  // Whether another person or program plays; then a player who is out sees the match late.
  get couldHelp() {
    const { seat: me, seats } = this.room;
    return seats.some(({ seat, controller }) => seat !== me && controller !== "bot" && this.known[seat].alive);
  }

  // Whether the player's inputs count: not in the countdown.
  get mayAct() {
    return this.isPlaying && this.snapshots.latest.tick >= this.room.countdown_ticks;
  }

  sendInput(verb = 0) {
    if (!this.mayAct) return;
    this.seq += 1;
    const { move } = this.input;
    const aim = aimBin(this.aim.dx, this.aim.dy);
    this.send("input", { seq: this.seq, move, verb, aim });
    this.predictor.sent(this.seq, move, this.predictedTick(performance.now()));
    if (verb === 1) this.boltAt = performance.now();
  }

  // Cast bolts as long as the button is held.
  repeatBolt(now) {
    const { you } = this.snapshots.latest;
    const ready =
      you.cooldowns[0] <= 1 && you.queued === 0 && you.mana >= this.rules.abilities[this.schools[you.seat]][0].mana;
    if (this.input.held.has("bolt") && ready && now - this.boltAt > BOLT_REPEAT_MS) this.sendInput(1);
  }

  // The vector from the player's mage to the pointer, in cells.
  get aim() {
    const mine = this.mine ?? { x: this.stage.camera.x, y: this.stage.camera.y };
    const at = this.stage.camera.toCells(this.input.mouse.x, this.input.mouse.y);
    return { dx: at.x - mine.x, dy: at.y - mine.y };
  }

  // The tick at which an input that is sent now takes effect.
  predictedTick(now) {
    return this.snapshots.tickAt(now) + (this.rtt() * this.rate) / 1000 + 0.5;
  }

  ownMage(state) {
    return state.mages.find((mage) => mage.seat === this.room.seat && mage.alive) ?? null;
  }

  // ---- pictures

  frame(now) {
    const seconds = Math.min(0.25, (now - this.last) / 1000);
    this.last = now;
    if (!this.room || !this.snapshots) return;
    this.stage.fit(seconds, margins);
    const world = this.snapshots.at(this.snapshots.tickAt(now) - DELAY_TICKS);
    const scene = world ? this.live(world, now, seconds) : this.empty();
    this.aimCamera(scene, seconds);
    this.stage.draw(scene, this.mine && ((ctx) => this.drawAim(ctx)));
    if (world) this.write();
  }

  live(world, now, seconds) {
    const playing = this.isPlaying && this.predictor.base !== null;
    const target = this.predictedTick(now);
    this.mine = null;
    if (playing) {
      this.predictor.fade(seconds);
      this.mine = this.predictor.place(target);
      const { dx, dy } = this.aim;
      this.mine.angle = Math.atan2(dy, dx);
      this.repeatBolt(now);
    }
    const me = playing ? this.room.seat : this.spectator.followed;
    const match = { walls: this.room.walls, schools: this.schools, names: this.names, graves: this.graves };
    const { latest } = this.snapshots;
    this.effects.prune(world.tick);
    return this.scenes.make(world, match, me, this.mine, latest, Math.max(0, target - latest.tick));
  }

  // The scene before the first tick.
  empty() {
    const cells = this.room.walls.length;
    const zone = { x: cells / 2, y: cells / 2, r: cells, target: -1 };
    return { tick: 0, cells, walls: this.room.walls, zone, mages: [], shots: [], items: [], graves: [], eyes: null };
  }

  drawAim(ctx) {
    drawAim(ctx, this.room.walls, this.mine, this.aim, this.welcome.directions);
  }

  aimCamera(scene, seconds) {
    const seat = this.mine ? this.room.seat : this.spectator.followed;
    const mage = scene.mages.find((one) => one.seat === seat);
    if (this.mine) this.stage.look(this.mine, scene.cells, seconds, 14);
    else if (mage || seat < 0) this.stage.look(mage ?? null, scene.cells, seconds); // else its mage is out of sight
  }

  write() {
    const { latest } = this.snapshots;
    const mage = this.isPlaying ? this.ownMage(latest) : null;
    const alive = this.known.filter((one) => one.alive).length;
    this.hud.showMatch(latest, this.room.duration_ticks, alive, this.known.length, mage);
    show(byId("own"), mage !== null);
    if (mage) this.hud.showSelf(mage, latest.you);
    show(byId("release-hint"), mage !== null && this.room.seats[this.room.seat].bot !== "");
    const countdown = Math.ceil((this.room.countdown_ticks - latest.tick) / this.rate);
    setText(byId("countdown"), countdown > 0 ? String(countdown) : "");
    this.seats.update(this.known, this.spectator.followed, this.rules);
    setText(byId("ping"), `${Math.round(this.rtt())} ms`);
    this.hud.showOut(this.isOut, this.couldHelp ? this.room.delay_ticks : 0);
  }
}

// Pixels that the panels of the page cover.
function margins(width, height) {
  return { left: 0, right: 0, top: width > 1.25 * height ? 28 : 60, bottom: 78 };
}

function note(seat, me) {
  if (seat.seat === me) return "you";
  if (seat.controller === "open") return "free";
  if (!seat.connected) return "away";
  return seat.controller === "bot" ? "bot" : seat.controller === "client" ? "program" : "person";
}

// End the page with a text and a way out; `room`: the name of a room that can be watched, if there is one.
export function failure(text, room = "") {
  const choices = [el("a", { class: "button", href: withToken("/") }, "Back to the lobby")];
  const watch = withToken(`/play?${new URLSearchParams({ room, watch: "1" })}`);
  if (room) choices.unshift(el("a", { class: "button", href: watch }, "Watch the match"));
  const lines = [el("p", {}, text), el("p", { class: "choices" }, ...choices)];
  document.body.replaceChildren(el("div", { class: "failure", role: "alert" }, ...lines));
}
