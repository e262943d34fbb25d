// Spectating: the seat that is followed, and what to do with it: mark it, take it over.

import { TICK_RATE } from "../page/connection.js";
import { byId, setText, show } from "../page/dom.js";
import { toast } from "../page/toast.js";

export class Spectator {
  // `send(type, fields)` sends a message to the server.
  constructor(send) {
    this.send = send;
    this.followed = -1;
    this.fog = false;
    this.seats = [];
    this.me = -1; // the player's seat, -1 for a spectator
    this.late = 0; // ticks between what happens and what a spectator sees
    for (const action of ["good", "bad", "take", "fog", "next", "overview"]) {
      byId(`do-${action}`).addEventListener("click", () => this.act(action));
    }
  }

  // Handle a new Room message.
  setRoom(room, names) {
    this.seats = room.seats.map((seat) => ({ ...seat, name: names[seat.seat] }));
    if (room.seat !== this.me) this.followed = room.seat < 0 ? this.me : -1; // keep following a seat that was given back
    this.me = room.seat;
    this.late = room.delay_ticks;
    this.write();
  }

  follow(seat) {
    this.followed = seat >= 0 && seat < this.seats.length ? seat : -1;
    if (this.followed < 0) this.fog = false;
    this.sendFollow();
  }

  act(action) {
    if (action === "good" || action === "bad") this.mark(action);
    else if (action === "take") this.take();
    else if (action === "overview") this.follow(-1);
    else if (action === "next") this.follow((Math.max(this.followed, -1) + 1) % this.seats.length);
    else if (action === "fog") this.toggleFog();
    else return false;
    return true;
  }

  toggleFog() {
    if (this.me >= 0) return;
    if (this.followed < 0) this.followed = 0;
    this.fog = !this.fog;
    this.sendFollow();
  }

  sendFollow() {
    if (this.me < 0) this.send("follow", { seat: this.fog ? this.followed : -1 });
    this.write();
  }

  // The seat that marks are about: the followed one, or the opponent of a player in a duel.
  get target() {
    if (this.followed >= 0) return this.followed;
    return this.me >= 0 && this.seats.length === 2 ? 1 - this.me : this.me;
  }

  mark(verdict) {
    if (this.target < 0) toast("Choose a seat first: click it in the list");
    else this.send("mark", { seat: this.target, verdict });
  }

  // Take over the followed bot, or give the seat back.
  take() {
    if (this.me >= 0) this.send("release");
    else if (this.followed < 0) toast("Choose a bot first: click it in the list");
    else this.send("take", { seat: this.followed });
  }

  write() {
    const name = this.seats[this.followed]?.name;
    const late = this.late > 0 ? `, ${Math.round(this.late / TICK_RATE)} s late` : "";
    setText(byId("watched"), (name ? `Following ${name}${this.fog ? ", with its fog" : ""}` : "Showing everything") + late);
    byId("do-fog").setAttribute("aria-pressed", String(this.fog));
    byId("do-overview").setAttribute("aria-pressed", String(this.followed < 0));
    show(byId("watch-bar"), this.me < 0);
  }
}
