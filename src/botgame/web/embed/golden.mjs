// Does this program run the model right? Decides the golden vectors again and compares.
import { observed, uniforms } from "./policy.mjs";

const TIMED = 100;

/** Returns { rows, equal, error, milliseconds }: decisions, equal ones, largest error of a number, time of one. */
export async function check(policy) {
  const { keys, inputs, outputs, heads } = policy.about;
  const wanted = observed(outputs);
  const seen = observed(inputs);
  const drawn = uniforms(keys.map(BigInt), heads.length);
  const draws = difference(drawn.values, seen.uniforms.values);
  if (draws > 0) throw new Error(`uniforms differ by ${draws} from those of the golden keys`);
  const found = await policy.decide(seen, seen.memory, drawn, seen.temperature.values[0]);
  const width = heads.length;
  const equal = found.actions.filter((row, number) =>
    row.every((category, head) => category === Number(wanted.actions.values[number * width + head])),
  ).length;
  const legal = (_, place) => seen.legal.values[place] !== 0;
  const numbers = difference(found.logProbs.filter(legal), wanted.log_probs.values.filter(legal));
  const error = Math.max(numbers, difference(found.memory.values, wanted.next_memory.values));
  return { rows: keys.length, equal, error, milliseconds: await timed(policy, seen, drawn) };
}

/** Whether the result of `check` is right. */
export function passes(policy, result) {
  return result.equal === result.rows && result.error <= policy.about.tolerance;
}

/** A line for people. */
export function summary(result) {
  const { rows, equal, error, milliseconds } = result;
  return `${equal} of ${rows} golden decisions equal, numbers within ${error.toExponential(1)}, ${milliseconds.toFixed(2)} ms a decision`;
}

function difference(one, other) {
  return one.reduce((most, value, place) => Math.max(most, Math.abs(value - other[place])), 0);
}

/** Milliseconds of a decision for one row, the mean of many. */
async function timed(policy, seen, drawn) {
  const first = ({ dtype, shape: [rows, ...rest], values }) => ({
    dtype,
    shape: [1, ...rest],
    values: values.slice(0, values.length / rows),
  });
  const observation = Object.fromEntries(policy.observed.map((name) => [name, first(seen[name])]));
  const row = [observation, first(seen.memory), first(drawn)];
  await policy.decide(...row);
  const start = performance.now();
  for (let call = 0; call < TIMED; call++) await policy.decide(...row);
  return (performance.now() - start) / TIMED;
}
