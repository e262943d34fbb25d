// Synthesised sounds: short tones and noise, by school and kind of event. Off until the player turns it on.

import { local } from "./storage.js";

const STORE = "botgame.sound";
const RANGE = 14; // cells
const TONES = [
  { base: 150, wave: "sawtooth", noise: 0.5 }, // fire: low and rough
  { base: 520, wave: "triangle", noise: 0.15 }, // ice: clear
  { base: 310, wave: "square", noise: 0.3 }, // storm: buzzing
];

export class Sound {
  constructor() {
    this.on = local.read(STORE) === "on";
    this.context = null;
  }

  toggle() {
    this.on = !this.on;
    local.write(STORE, this.on ? "on" : "off");
    if (this.on) this.tone(660, 0.09, "sine", 0.15);
    return this.on;
  }

  // The sound of an event for a listener at `ears` {x, y}; `schools`: of each seat; `me`: the player's seat or -1.
  play(event, ears, schools, me) {
    if (!this.on) return;
    const near = event.x === undefined ? 1 : 1 - Math.hypot(event.x - ears.x, event.y - ears.y) / RANGE;
    if (near <= 0) return;
    const voice = TONES[schools[event.seat] ?? 0];
    if (event.kind === "cast") this.cast(event.verb, voice, near);
    else if (event.kind === "impact" && event.row === 1) this.noise(0.35, 0.3 * near, voice.base * 3);
    else if (event.kind === "hit") this.noise(0.1, (event.seat === me ? 0.4 : 0.18) * near, 900);
    else if (event.kind === "pickup") this.chime(near);
    else if (event.kind === "kill") this.tone(110, 0.8, "sawtooth", 0.25 * near, 40);
  }

  cast(verb, voice, near) {
    if (verb === 1) this.tone(voice.base * 1.6, 0.09, voice.wave, 0.07 * near, voice.base);
    else if (verb === 2) this.tone(voice.base * 1.2, 0.28, voice.wave, 0.14 * near, voice.base * 2.4);
    else if (verb === 3) this.tone(voice.base * 2, 0.22, "sine", 0.14 * near, voice.base * 0.7);
    else if (verb === 4) this.tone(voice.base, 0.4, "triangle", 0.18 * near, voice.base * 1.5);
    if (verb >= 2) this.noise(0.22, voice.noise * 0.25 * near, voice.base * 4);
  }

  chime(near) {
    this.tone(784, 0.12, "sine", 0.12 * near);
    this.tone(1175, 0.2, "sine", 0.1 * near, 1175, 0.08);
  }

  // Browsers allow sound only after the first key or click, so the context is made on first use.
  ready() {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") this.context.resume();
    return this.context;
  }

  tone(from, seconds, wave, volume, to = from, later = 0) {
    const context = this.ready();
    const start = context.currentTime + later;
    const source = context.createOscillator();
    source.type = wave;
    source.frequency.setValueAtTime(from, start);
    source.frequency.exponentialRampToValueAtTime(Math.max(20, to), start + seconds);
    this.shape(source, start, seconds, volume);
  }

  noise(seconds, volume, cutoff) {
    const context = this.ready();
    const buffer = context.createBuffer(1, Math.ceil(seconds * context.sampleRate), context.sampleRate);
    const samples = buffer.getChannelData(0);
    for (let k = 0; k < samples.length; k++) samples[k] = 2 * Math.random() - 1;
    const source = context.createBufferSource();
    source.buffer = buffer;
    const filter = context.createBiquadFilter();
    filter.type = "lowpass";
    filter.frequency.value = cutoff;
    source.connect(filter);
    this.shape(source, context.currentTime, seconds, volume, filter);
  }

  shape(source, start, seconds, volume, last = source) {
    const gain = this.context.createGain();
    gain.gain.setValueAtTime(volume, start);
    gain.gain.exponentialRampToValueAtTime(0.0005, start + seconds);
    last.connect(gain).connect(this.context.destination);
    source.start(start);
    source.stop(start + seconds);
  }
}
