// The two charts of the training monitor: loss and accuracy over the steps.

import { element, grouped, newId, numbers, svgElement } from "./dom.js";
import { column, figure, halfWindow, joined, smoothed } from "./training_numbers.js";
import { logTicks, lossTick, rateText, ticks } from "./training_numbers.js";

const EPOCH = 5; // numbers an epoch: step, loss, accuracy, validation loss, validation accuracy
const HEIGHT = 270; // of a panel, in pixels
const MARGIN = { left: 58, right: 14, top: 26, bottom: 46 };
const MIDDLE = { "text-anchor": "middle" };
const DASHES = ["7 5", "2 4", "12 4 2 4"]; // of earlier runs

/** From numbers to pixels, straight or logarithmic. */
function scale([lowest, highest], [from, to], log = false) {
  const at = log ? (value) => Math.log10(Math.max(value, lowest)) : (value) => value;
  const [low, high] = [at(lowest), at(highest)];
  return (value) => from + ((at(value) - low) / (high - low || 1)) * (to - from);
}

/** Everything that both panels draw, taken out of the model. */
export function sceneOf(model) {
  const run = model.get("run");
  const rows = joined(numbers(model.get("body")), numbers(model.get("tail")));
  const steps = column(rows, 0);
  const every = steps.length > 1 ? Math.max(1, steps[1] - steps[0]) : 1;
  const total = run.steps ?? steps[steps.length - 1] ?? 0;
  const half = halfWindow(total || steps.length, every);
  const measure = (place) => ({ each: column(rows, place), mean: smoothed(column(rows, place), half) });
  return {
    run,
    steps,
    every,
    loss: measure(1),
    accuracy: measure(2),
    rates: column(rows, 3),
    epochs: validations(model.get("epochs")),
    changes: model.get("changes"),
    earlier: model.get("earlier").map(earlierRun),
  };
}

/** Loss and accuracy of the validation after each epoch. */
function validations(bytes) {
  const rows = numbers(bytes);
  const [steps, loss, accuracy] = [0, 3, 4].map((place) => column(rows, place, EPOCH));
  return { steps, loss, accuracy };
}

/** A run before this one, as it is drawn. */
function earlierRun(run, place) {
  const rows = numbers(run.points);
  const steps = column(rows, 0);
  const half = halfWindow(run.steps ?? steps.length, steps.length > 1 ? Math.max(1, steps[1] - steps[0]) : 1);
  return {
    ...run,
    dash: DASHES[place % DASHES.length],
    steps,
    loss: { mean: smoothed(column(rows, 1), half) },
    accuracy: { mean: smoothed(column(rows, 2), half) },
    epochs: validations(run.epochs),
  };
}

/** The last step that the axis must reach; where nobody knows it, a round number beyond the present one. */
function lastStep(scene) {
  const reached = (run) => run.steps.at(-1) ?? 0;
  const own = scene.run.steps ?? logTicks(1, Math.max(10, reached(scene))).at(-1);
  return Math.max(10, own, ...scene.earlier.map(reached));
}

/** A line through points as the text that SVG wants; points that are no numbers interrupt it. */
function pathText(xs, ys, x, y) {
  let text = "";
  let pen = "M";
  for (let place = 0; place < xs.length; place += 1) {
    if (!Number.isFinite(ys[place])) {
      pen = "M";
      continue;
    }
    text += `${pen}${x(xs[place]).toFixed(1)} ${y(ys[place]).toFixed(1)}`;
    pen = "L";
  }
  return text;
}

/** Highest and lowest that is worth an axis; single steps may leave it. */
function extentOf(scene, name) {
  const own = [...scene[name].mean, ...scene.epochs[name]].filter(Number.isFinite);
  const before = scene.earlier.flatMap((run) => [...run[name].mean]).filter(Number.isFinite);
  const seen = own.length > 1 ? own : before;
  return seen.length ? [seen.reduce((a, b) => Math.min(a, b)), seen.reduce((a, b) => Math.max(a, b))] : null;
}

export function lossAxis(scene, log) {
  const [lowest, highest] = extentOf(scene, "loss") ?? [0.05, 2.3];
  if (!log) return { marks: ticks(0, Math.max(highest, 0.01), 5), log };
  return { marks: logTicks(Math.max(lowest, 1e-6), Math.max(highest, 1e-5)), log };
}

export function accuracyAxis(from) {
  return { marks: ticks(from, 100, 5).map((mark) => Math.max(from, Math.min(100, mark))), log: false };
}

/** One chart: `name` is what it shows of a run, `axis` says how high it reaches. */
export function panel(name, title, axis, onPoint) {
  const tick = (mark) => (name === "loss" ? lossTick(mark) : `${mark} %`);
  const clip = newId("clip");
  const plot = svgElement("svg", { role: "img", height: HEIGHT, class: "plot" });
  const node = element("div", { class: "panel" }, plot);
  let width = 400;
  let toStep = () => 0;
  const point = (event) => onPoint(toStep(event.clientX - plot.getBoundingClientRect().left), event.type);
  for (const kind of ["pointermove", "pointerdown", "pointerleave"]) plot.addEventListener(kind, point);

  const draw = (scene, cursor) => {
    width = Math.max(240, node.clientWidth || width);
    const { marks, log } = axis(scene);
    const range = [marks[0], marks.at(-1)];
    const right = width - MARGIN.right;
    const bottom = HEIGHT - MARGIN.bottom;
    const xMarks = ticks(0, lastStep(scene), width > 420 ? 5 : 3).filter((mark) => mark <= lastStep(scene));
    const x = scale([0, lastStep(scene)], [MARGIN.left, right]);
    const y = scale(range, [bottom, MARGIN.top], log);
    toStep = (pixel) => ((pixel - MARGIN.left) / (right - MARGIN.left)) * lastStep(scene);
    const line = (kind, xs, ys, more = {}) =>
      svgElement("path", { class: kind, d: pathText(xs, ys, x, y), ...more });
    const dots = (kind, epochs, radius) =>
      [...epochs.steps].map((step, place) =>
        Number.isFinite(epochs[name][place])
          ? svgElement("circle", { class: kind, cx: x(step), cy: y(epochs[name][place]), r: radius })
          : null,
      );
    const upright = (kind, step, more = {}) =>
      svgElement("line", { class: kind, x1: x(step), x2: x(step), y1: MARGIN.top, y2: bottom, ...more });
    const label = (kind, text, at, more = {}) => svgElement("text", { class: kind, ...at, ...more }, text);

    const inside = svgElement("g", { "clip-path": `url(#${clip})` });
    for (const run of scene.earlier) {
      inside.append(line("earlier", run.steps, run[name].mean, { "stroke-dasharray": run.dash }));
      inside.append(...dots("earlier-dot", run.epochs, 3.5).filter(Boolean));
    }
    inside.append(line("each", scene.steps, scene[name].each), line("mean", scene.steps, scene[name].mean));
    inside.append(line("validation", scene.epochs.steps, scene.epochs[name]));
    inside.append(...dots("validation-dot", scene.epochs, 5).filter(Boolean));

    plot.setAttribute("width", width);
    plot.setAttribute("aria-label", describedCurve(scene, name, title));
    plot.replaceChildren(
      svgElement("clipPath", { id: clip }, svgElement("rect", whole(right, bottom))),
      ...marks.map((mark) =>
        svgElement("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(mark), y2: y(mark) }),
      ),
      ...marks.map((mark) =>
        label("tick", tick(mark), { x: MARGIN.left - 8, y: y(mark) + 5, "text-anchor": "end" }),
      ),
      ...xMarks.map((mark) => {
        const atEnd = x(mark) > right - 30; // a number centred there would be cut
        const place = atEnd ? { x: right + 6, "text-anchor": "end" } : { x: x(mark), ...MIDDLE };
        return label("tick", grouped(mark), { ...place, y: bottom + 20 });
      }),
      label("axis", "step", { x: (MARGIN.left + right) / 2, y: HEIGHT - 6, ...MIDDLE }),
      ...epochMarks(scene, x, upright, label),
      inside,
      ...scene.changes.map(([step]) => upright("change", step)),
      ...placedLabels(scene.changes, x, right).map(({ text, at, row }) => {
        const y = name === "loss" ? MARGIN.top + 16 + 20 * row : bottom - 10 - 20 * row; // where the curve is not
        return label("change-text", text, { x: at, y });
      }),
      ...(cursor == null
        ? []
        : [
            upright("cursor", scene.steps[cursor]),
            svgElement("circle", {
              class: "cursor-dot",
              cx: x(scene.steps[cursor]),
              cy: Math.min(bottom, Math.max(MARGIN.top, y(scene[name].mean[cursor]))),
              r: 5,
            }),
          ]),
    );
  };
  return { node, draw };
}

/** The plot's inside with room for the dots on its edges. */
function whole(right, bottom) {
  const { left, top } = MARGIN;
  return { x: left, y: top - 6, width: right - left + 6, height: bottom - top + 12 };
}

/** The learning rates beside their lines, in four rows, the newest first: where no room is left, a line stands alone. */
export function placedLabels(changes, x, right) {
  const starts = [Infinity, Infinity, Infinity, Infinity]; // of the label before, in each row
  return changes
    .map(([step, rate], place) => {
      const text = place ? rateText(rate) : `rate ${rateText(rate)}`;
      const length = 8.2 * text.length; // pixels, at the most
      return { text, length, at: Math.min(x(step) + 6, right - length) };
    })
    .reverse()
    .flatMap(({ text, length, at }) => {
      const row = starts.findIndex((start) => at + length + 8 < start);
      if (row < 0) return [];
      starts[row] = at;
      return [{ text, at, row }];
    });
}

/** Where epochs begin, with their numbers where there is room. */
function epochMarks(scene, x, upright, label) {
  const { steps_per_epoch: steps, epochs } = scene.run;
  if (!steps || epochs > 30) return [];
  const room = x(steps) - x(0);
  return Array.from({ length: epochs }, (_, place) => [
    place ? upright("epoch", place * steps) : null,
    room > 26
      ? label("epoch-text", room > 74 ? `epoch ${place + 1}` : String(place + 1), {
          x: x((place + 0.5) * steps),
          y: 16,
          ...MIDDLE,
        })
      : null,
  ])
    .flat()
    .filter(Boolean);
}

/** A chart in one sentence, for those who do not see it. */
function describedCurve(scene, name, title) {
  const { mean } = scene[name];
  if (!mean.length) return `${title}: no step yet`;
  const said = (value) => figure(name, value);
  const validation = [...scene.epochs[name]].filter(Number.isFinite).at(-1);
  const held = validation === undefined ? "" : `, validation ${said(validation)}`;
  return `${title} over the steps: training from ${said(mean[0])} to ${said(mean.at(-1))}${held}`;
}
