// The arithmetic of the training monitor: curves, axes, and how numbers are written.

const POINT = 4; // numbers a point: step, loss, accuracy, learning rate
const HIGHEST_RATE = 10;

/** Rows of a curve: those in `body`, and those of `tail` that come after them. */
export function joined(body, tail, width = POINT) {
  const last = body.length ? body[body.length - width] : -1;
  let first = 0;
  while (first < tail.length && tail[first] <= last) first += width;
  const all = new Float32Array(body.length + tail.length - first);
  all.set(body);
  all.set(tail.subarray(first), body.length);
  return all;
}

/** One column of rows. */
export function column(rows, place, width = POINT) {
  return Float32Array.from({ length: rows.length / width }, (_, row) => rows[row * width + place]);
}

/** How many neighbours on each side a smoothed value is made of: about 3 % of the run in all. */
export function halfWindow(steps, every) {
  return Math.round(Math.min(40, Math.max(1, steps / 60)) / every);
}

/** Mean of each value with its neighbours; at the start fewer of them, so that the first fall is kept. */
export function smoothed(values, half) {
  const sums = new Float64Array(values.length + 1);
  for (let place = 0; place < values.length; place += 1) sums[place + 1] = sums[place] + values[place];
  return Float32Array.from(values, (_, place) => {
    const first = Math.max(0, place - Math.min(half, place));
    const end = Math.min(values.length, place + Math.min(half, place) + 1);
    return (sums[end] - sums[first]) / (end - first);
  });
}

/** Round numbers from `lowest` to `highest` or a little beyond, about `count` of them. */
export function ticks(lowest, highest, count = 5) {
  const rough = (highest - lowest || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((part) => part * power).find((size) => size >= rough * 0.999);
  const first = Math.floor(lowest / step + 1e-9);
  const last = Math.ceil(highest / step - 1e-9);
  const mark = (place) => Number(((first + place) * step).toPrecision(10));
  return Array.from({ length: last - first + 1 }, (_, place) => mark(place));
}

/** 1, 2 and 5 times the powers of ten around a range, or the powers alone where these are many. */
export function logTicks(lowest, highest) {
  const all = [];
  for (let power = -9; power <= 9; power += 1)
    for (const part of [1, 2, 5]) all.push(Number((part * 10 ** power).toPrecision(3)));
  const first = all.findLastIndex((tick) => tick <= lowest * 1.0001);
  const last = all.findIndex((tick) => tick >= highest * 0.9999);
  const found = all.slice(Math.max(0, first), last < 0 ? all.length : Math.max(last, first + 1) + 1);
  if (found.length <= 8) return found;
  const power = (tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6);
  return found.filter((tick, place) => place === 0 || place === found.length - 1 || power(tick));
}

/** The place of the point that is nearest to a step; steps rise. */
export function nearest(steps, step) {
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low > 0 && step - steps[low - 1] < steps[low] - step ? low - 1 : low;
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A learning rate as people write it: 0.001, and 3 × 10⁻⁶ for the very small. */
export function rateText(rate) {
  if (rate === 0) return "0";
  if (rate >= 1e-5) return String(Number(rate.toPrecision(3)));
  const [digits, power] = rate.toExponential(1).split("e");
  return `${Number(digits)} × 10${[...power].map((sign) => RAISED[sign] ?? "⁻").join("")}`;
}

/** A loss at an axis, where there is little room: 0.5, 40, and 2.5e9 when the weights explode. */
export function lossTick(loss) {
  if (loss === 0 || (loss >= 1e-5 && loss < 1e5)) return rateText(loss);
  return loss.toExponential(1).replace(".0e", "e").replace("e+", "e").replace("e-", "e−");
}

/** Seconds as people say them. */
export function timeText(seconds) {
  if (seconds == null) return "–";
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const rounded = seconds < 600 ? Math.round(seconds / 5) * 5 : Math.round(seconds / 60) * 60;
  const [hours, minutes] = [Math.floor(rounded / 3600), Math.floor((rounded % 3600) / 60)];
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  return rounded % 60 ? `${minutes} min ${rounded % 60} s` : `${minutes} min`;
}

/** What was typed as a learning rate: { rate }, or { problem } in words. */
export function typedRate(text) {
  const typed = text.trim().replace("−", "-").replace(/^(\d*),(\d+)$/, "$1.$2");
  if (typed === "") return { problem: "The field is empty: write a learning rate such as 0.001." };
  const rate = Number(typed);
  const said = `The learning rate ${text.trim()} is`;
  if (!Number.isFinite(rate)) return { problem: `${said} no number: write one such as 0.001.` };
  if (rate <= 0)
    return { problem: `${said} not above 0: write one such as 0.001; to wait, use Pause.` };
  if (rate > HIGHEST_RATE)
    return { problem: `${said} above ${HIGHEST_RATE}: 0.0001 to 1 is usual.` };
  return { rate };
}

/** A loss or an accuracy, written. */
export function figure(name, value) {
  if (!Number.isFinite(value)) return "–";
  if (name !== "loss") return `${value.toFixed(1)} %`;
  return value >= 1e5 ? lossTick(value) : value.toFixed(value < 0.1 ? 4 : value < 1000 ? 3 : 0);
}

/** Two digits are all that is steady. */
export function roundedSpeed(speed) {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(speed)) - 1);
  return Math.round(speed / unit) * unit;
}
