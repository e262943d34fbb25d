// Plays one match on a live server (`python -m botgame.server.live`): it simulates and observes, the model decides.

import { observed, uniforms } from "./policy.mjs";

/**
 * Play against a bot of the server, and resolve with its `result` message.
 *
 * address: ws://HOST:PORT/ws. tell(kind, message): called for every `room` and `observation`, and with "act" and
 * { tick, action, milliseconds } for every decision. seed: of the arena; the server draws one if it is left out.
 */
export function playMatch(policy, address, { opponent, name = "model", token = "", seed, duration = 120, tell = () => {} }) {
  const socket = new WebSocket(address);
  const send = (message) => socket.send(JSON.stringify(message));
  let memory = policy.initialMemory(1);
  let last = Promise.resolve();

  async function decide(message) {
    const start = performance.now();
    const drawn = uniforms([BigInt(message.key)], policy.about.heads.length);
    const found = await policy.decide(observed(message.arrays, true), memory, drawn);
    memory = found.memory;
    send({ type: "act", tick: message.tick, action: found.actions[0] });
    tell("act", { tick: message.tick, action: found.actions[0], milliseconds: performance.now() - start });
  }

  function begin(welcome) {
    if (welcome.spec !== policy.about.spec) throw new Error("the server's arena is not the game of this model");
    send({ type: "create", seats: 2, bots: [opponent], observe: true, name, duration, seed });
  }

  return new Promise((resolve, reject) => {
    const fail = (error) => {
      reject(error);
      socket.close();
    };
    const answers = {
      welcome: begin,
      room: (message) => tell("room", message),
      observation: (message) => {
        tell("observation", message);
        last = last.then(() => decide(message)).catch(fail);
      },
      result: (message) => {
        resolve(message);
        socket.close();
      },
      error: (message) => fail(new Error(`${message.code}: ${message.message}`)),
    };
    socket.onopen = () => send({ type: "hello", protocol: 1, game: "lms-arena", token });
    socket.onclose = () => reject(new Error(`${address} closed the connection, or there is no match server`));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      try {
        answers[message.type]?.(message);
      } catch (error) {
        fail(error);
      }
    };
  });
}
