// The page: checks the model by its golden vectors, then plays matches of the arena on a live server.

import * as ort from "./onnxruntime-web/ort.wasm.bundle.min.mjs";
import { check, passes, summary } from "./golden.mjs";
import { playMatch } from "./match.mjs";
import { Policy } from "./policy.mjs";

const ARENA = "lms";
const SHOWN = 6; // decisions
const element = (id) => document.getElementById(id);

function say(id, text, right) {
  element(id).textContent = text;
  element(id).className = right === undefined ? "" : right ? "right" : "wrong";
}

async function load() {
  ort.env.wasm.numThreads = 1; // more need headers that a plain file server does not send
  const files = ["onnxruntime-web/ort-wasm-simd-threaded.wasm", "model.onnx", "model.golden.json"];
  const [runtime, model, about] = await Promise.all(files.map((name) => fetch(name)));
  ort.env.wasm.wasmBinary = await runtime.arrayBuffer();
  return Policy.load(ort, new Uint8Array(await model.arrayBuffer()), await about.json());
}

/** `verb: bolt, delay: 4`: the labels of an action, numbers where there are none. */
function named(heads, action) {
  return heads.map(({ name, labels }, head) => `${name}: ${labels[action[head]] ?? action[head]}`).join(", ");
}

function watchAddress(address, room) {
  const url = new URL(address.replace(/^ws/, "http"));
  return `${url.origin}/play?room=${encodeURIComponent(room)}&watch=1`;
}

function teller(policy, address) {
  const lines = [];
  return (kind, message) => {
    if (kind === "room" && message.state === "running") {
      const link = document.createElement("a");
      link.href = watchAddress(address, message.room);
      link.target = "_blank";
      link.textContent = `Watch room ${message.room}`;
      element("room").replaceChildren(link);
    }
    if (kind === "act") {
      lines.push(`${message.tick}  ${named(policy.about.heads, message.action)}  (${message.milliseconds.toFixed(1)} ms)`);
      element("decisions").textContent = lines.slice(-SHOWN).join("\n");
    }
  };
}

async function play(policy, form) {
  const { address, opponent, token } = Object.fromEntries(new FormData(form));
  const button = form.querySelector("button");
  button.disabled = true;
  say("result", "");
  try {
    const result = await playMatch(policy, address, { opponent, token, tell: teller(policy, address) });
    say("result", `Place ${result.places[0]} of ${result.places.length} after ${result.duration.toFixed(1)} s`);
  } catch (error) {
    say("result", error.message, false);
  } finally {
    button.disabled = false;
  }
}

async function main() {
  const policy = await load();
  const { game, heads, temperature } = policy.about;
  say("about", `A bot of the game ${game}: it decides ${heads.map(({ name }) => name).join(", ")} at temperature ${temperature}.`);
  const result = await check(policy);
  say("check", summary(result), passes(policy, result));
  const form = element("play");
  form.hidden = game !== ARENA;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    play(policy, form);
  });
}

main().catch((error) => say("about", `The model cannot be played: ${error.message}`, false));
