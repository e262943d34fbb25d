// An exported model as a policy: decides for any number of rows, with one memory row and one random key for each.

import { decoded, float32 } from "./arrays.mjs";

const OBSERVED = ["scalars", "vectors", "entities", "entity_mask", "raster", "legal"];

export class Policy {
  /** session: an `InferenceSession` of the module `ort`; about: the model's golden vectors, which describe it. */
  constructor(ort, session, about) {
    this.ort = ort;
    this.session = session;
    this.about = about;
    this.temperature = about.temperature;
    this.observed = session.inputNames.filter((name) => OBSERVED.includes(name));
  }

  /** Load a model: its bytes (Uint8Array) and the object in its `.golden.json`. */
  static async load(ort, bytes, about) {
    return new Policy(ort, await ort.InferenceSession.create(bytes), about);
  }

  /** The memory of `rows` seats at the start of a match. */
  initialMemory(rows) {
    const width = this.about.memory_size;
    return float32([rows, width], new Array(rows * width).fill(0));
  }

  /**
   * One decision a row. observation: arrays by name, at least those of `observed`; uniforms: numbers in [0, 1], a
   * column a head (`uniforms` below). Returns { actions: rows of categories, memory, logProbs }.
   */
  async decide(observation, memory, uniforms, temperature = this.temperature) {
    const feeds = { memory: this.tensor(memory), uniforms: this.tensor(uniforms) };
    for (const name of this.observed) {
      if (!observation[name]) throw new Error(`the observation lacks ${name}`);
      feeds[name] = this.tensor(observation[name]);
    }
    feeds.temperature = this.tensor(float32([], [temperature]));
    const found = await this.session.run(feeds);
    return {
      actions: this.rows(found.actions),
      memory: float32(found.next_memory.dims, found.next_memory.data),
      logProbs: found.log_probs.data,
    };
  }

  tensor({ dtype, shape, values }) {
    return new this.ort.Tensor(dtype, values, shape);
  }

  /** Actions as rows of plain numbers. A head without a legal category is marked by -1, which is an error. */
  rows({ dims: [count, width], data }) {
    const rows = Array.from({ length: count }, (_, row) => Array.from(data.slice(row * width, (row + 1) * width), Number));
    rows.forEach((row, number) => {
      const head = row.findIndex((category) => category < 0);
      if (head >= 0) throw new Error(`row ${number} has no legal category for head ${this.about.heads[head].name}`);
    });
    return rows;
  }
}

const MASK = (1n << 64n) - 1n;

/** `columns` numbers in [0, 1) for each random key (BigInt), as botgame draws them (SplitMix64). */
export function uniforms(keys, columns) {
  const numbers = keys.flatMap((key) => Array.from({ length: columns }, (_, column) => unit(key, BigInt(column))));
  return float32([keys.length, columns], numbers);
}

function unit(key, counter) {
  let z = (key + (counter + 1n) * 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
}

/** A random key. */
export function randomKey() {
  return crypto.getRandomValues(new BigUint64Array(1))[0];
}

/** Observations of `{ name: { dtype, shape, data } }`; `row`: they are of one seat and get a first axis of 1. */
export function observed(arrays, row = false) {
  const read = Object.entries(arrays).map(([name, array]) => [name, decoded(array)]);
  if (row) for (const [, array] of read) array.shape = [1, ...array.shape];
  return Object.fromEntries(read);
}
