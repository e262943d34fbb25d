// The connection to the match server: one WebSocket, JSON messages with a `type`, see botgame/server/protocol.py. It
// sends `hello`, measures the round trip, and reconnects when the connection is lost.

import { session } from "./storage.js";

// As in botgame/server/protocol.py (a test compares them).
export const PROTOCOL = 1;
export const GAME = "lms-arena";
export const TICK_RATE = 30;
export const FATAL_CODES = ["protocol", "token", "malformed", "too_fast", "too_slow", "silent", "full", "replaced"];

const PING_MS = 2000;
const RETRY_MS = [250, 500, 1000, 2000, 3000, 4000, 5000, 5000, 5000];

export class Connection {
  // Calls `handlers[type](message)` for messages of the server, `open(welcome)` after each welcome, `lost(seconds)` when
  // the connection is lost, with the time until the next try, and `failed(text)` when it gives up.
  constructor(url, token, handlers) {
    this.url = url;
    this.token = token;
    this.handlers = handlers;
    this.rtt = 0; // ms, smoothed
    this.tries = 0;
    this.closed = false;
    this.reason = "";
    this.connect();
    this.timer = setInterval(() => this.send("ping", { t: performance.now() }), PING_MS);
  }

  connect() {
    this.socket = new WebSocket(this.url);
    this.socket.addEventListener("open", () =>
      this.send("hello", { protocol: PROTOCOL, game: GAME, token: this.token }),
    );
    this.socket.addEventListener("message", (event) => this.receive(event.data));
    this.socket.addEventListener("close", () => this.retry());
  }

  send(type, fields = {}) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type, ...fields }));
  }

  receive(text) {
    const message = JSON.parse(text);
    if (message.type === "pong") this.measure(performance.now() - message.t);
    if (message.type === "error" && FATAL_CODES.includes(message.code)) this.reason = message.message;
    this.handlers[message.type]?.(message);
    if (message.type !== "welcome") return;
    this.tries = 0;
    this.handlers.open?.(message);
  }

  measure(took) {
    this.rtt = this.rtt === 0 ? took : this.rtt + 0.2 * (took - this.rtt);
  }

  retry() {
    if (this.closed) return;
    if (this.reason || this.tries >= RETRY_MS.length) {
      this.close();
      this.handlers.failed?.(this.reason || "the server does not answer");
      return;
    }
    this.handlers.lost?.(RETRY_MS[this.tries] / 1000);
    setTimeout(() => !this.closed && this.connect(), RETRY_MS[this.tries]);
    this.tries += 1;
  }

  close() {
    this.closed = true;
    clearInterval(this.timer);
    this.socket.close();
  }
}

// The address of the server's WebSocket.
export function socketUrl() {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
}

const TOKEN = "botgame.token";
let isTokenStored = true;

// The operator's token: from `?token=`, then stored for this tab.
export function operatorToken() {
  const given = new URLSearchParams(location.search).get("token");
  if (given !== null) isTokenStored = session.write(TOKEN, given);
  return session.read(TOKEN) ?? "";
}

// An address of our own, with the operator's token in it where the browser does not store that.
export function withToken(address) {
  if (isTokenStored) return address;
  const url = new URL(address, location.href);
  url.searchParams.set("token", operatorToken());
  return url.pathname + url.search;
}
