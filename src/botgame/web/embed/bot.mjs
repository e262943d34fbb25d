// The model in Node.js 22 or later:
//     node bot.mjs check                                    decide the golden vectors again
//     node bot.mjs play ws://127.0.0.1:8000/ws lms_re       play a match on a live server

import { readFileSync } from "node:fs";
import * as ort from "./onnxruntime-web/ort.wasm.bundle.min.mjs";
import { check, passes, summary } from "./golden.mjs";
import { playMatch } from "./match.mjs";
import { Policy } from "./policy.mjs";

const file = (name) => readFileSync(new URL(name, import.meta.url));

async function main([command, address, opponent, seed]) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = file("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  const policy = await Policy.load(ort, file("model.onnx"), JSON.parse(file("model.golden.json")));
  if (command === "check") {
    const result = await check(policy);
    console.log(summary(result));
    return passes(policy, result) ? 0 : 1;
  }
  if (command === "play" && opponent) {
    const times = [];
    const tell = (kind, message) => kind === "act" && times.push(message.milliseconds);
    const result = await playMatch(policy, address, { opponent, seed: seed && Number(seed), tell });
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    console.log(`place ${result.places[0]} after ${result.duration} s, ${times.length} decisions of ${mean.toFixed(1)} ms`);
    return 0;
  }
  console.error("use: node bot.mjs check | node bot.mjs play ws://HOST:PORT/ws BOT [SEED]");
  return 2;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    console.error(`error: ${error.message}`);
    process.exit(1);
  },
);
