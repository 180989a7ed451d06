// The network as boxes in oblique projection: one scale for all heights and widths, one for all depths.
import { svgElement } from "./dom.js";
import { product } from "./network_sizes.js";
import { digit } from "./network_digit.js";

const GAP = 12; // screen pixels between two volumes, at least
const LARGEST = 6.6; // screen pixels of one map pixel
const DEPTH = { along: 0.19, up: 0.12 }; // of one channel, in map pixels
const SHARES = [[1], [0.57, 0.43], [0.42, 0.3, 0.28]]; // of the blocks: maps shrink from one to the next
const NARROW = 700; // pixels; below it (see the style sheet) the last column holds no controls
const NARROW_SHARES = [[1], [0.56, 0.44], [0.36, 0.32, 0.32]];
const USUAL_CHANNELS = [32, 64, 64]; // of each block: the scale is made for these
const TALLEST = 30; // map pixels of height that the scale is made for
const LABELS = { wide: 104, compact: 80, bar: 54 }; // pixels of "64 × 28 × 28", "64×28×28", "50176"
const LABEL = 44; // screen pixels of height of a label's two lines
const BAR = 16; // screen pixels
const USUAL_BAR = 1024; // numbers of a bar as tall as the image

/** How wide the columns are: labels and image on the left, each block, the fully connected layers. */
export function networkColumns(width, blocks) {
  const narrow = width <= NARROW;
  const left = narrow ? 104 : Math.min(192, Math.max(108, 0.16 * width));
  const head = narrow ? 124 : Math.min(220, Math.max(184, 0.19 * width));
  const shares = (narrow ? NARROW_SHARES : SHARES)[blocks - 1];
  return { left, head, blocks: shares.map((share) => share * (width - left - head)) };
}

/** Width of a volume in map pixels, as it usually is: each pooling halves the map. */
function usualWidth(row) {
  if (row.place === "image") return 28;
  if (row.place === "head") return 1;
  const map = 28 / 2 ** (row.place + (kindOf(row) === "pool" ? 1 : 0));
  return map + DEPTH.along * USUAL_CHANNELS[row.place];
}

/** The drawn layers with the slot that each stands in; slots depend on the structure, not on sizes. */
function slots(rows, columns) {
  const drawn = rows.map((row, index) => ({ row, index })).filter(({ row }) => row.on === null);
  const widths = { image: columns.left, ...columns.blocks, head: columns.head };
  let x = 0;
  for (const place of ["image", ...columns.blocks.keys(), "head"]) {
    const here = drawn.filter(({ row }) => row.place === place);
    const sum = here.reduce((total, { row }) => total + usualWidth(row), 0);
    for (const slot of here) {
      slot.x = x;
      slot.width = (usualWidth(slot.row) / sum) * widths[place];
      slot.centre = slot.x + slot.width / 2;
      x += slot.width;
    }
  }
  return drawn;
}

function kindOf(row) {
  if (row.place === "image") return "image";
  return row.name.startsWith("pool") ? "pool" : "conv";
}

/**
 * All that is drawn, in screen pixels.
 *
 * The scale follows from the structure. It shrinks only where a map is wider or deeper than usual, so
 * that moving a slider changes the volumes and moves nothing else.
 */
export function arranged({ rows, flatten }, width, blocks) {
  const columns = networkColumns(width, blocks);
  const all = slots(rows, columns);
  const maps = all.filter(({ row }) => row.place !== "head");
  const room = (slot) => slot.width - GAP;
  const usual = Math.min(LARGEST, ...maps.map((slot) => room(slot) / usualWidth(slot.row)));
  const fits = maps
    .filter(({ row }) => row.shape)
    .flatMap((slot) => {
      const [channels, height, wide] = slot.row.shape;
      return [room(slot) / (wide + DEPTH.along * channels), (TALLEST * usual) / height];
    });
  const scale = Math.min(usual, ...fits);
  const half = (TALLEST * usual) / 2;
  const middle = half + 4 * usual + 6; // room for depth and padding
  const { lines, compact } = labelPlan(all);
  const most = Math.max(USUAL_BAR, flatten ?? 0);
  const shapes = all.map((slot, number) => {
    const label = middle + half + 22 + (number % lines) * LABEL;
    if (slot.row.place !== "head") return { ...slot, label, ...box(slot, scale, middle) };
    const [count] = slot.row.shape ?? [0];
    const length = 2 * half * Math.sqrt(count / most);
    return { ...slot, label, bar: true, left: slot.centre - BAR / 2, top: middle - length / 2, length };
  });
  return { columns, scale, shapes, compact, height: middle + half + 22 + (lines - 1) * LABEL + 28 };
}

function box({ row, centre }, scale, middle) {
  // A layer that does not fit is shown by its window, which is too large.
  const [channels, height, wide] = row.shape ?? [0, row.window?.k ?? 1, row.window?.k ?? 1];
  const [along, up] = [DEPTH.along * channels * scale, DEPTH.up * channels * scale];
  return {
    along,
    up,
    wide: wide * scale,
    high: height * scale,
    left: centre - (wide * scale + along) / 2,
    top: middle - (height * scale) / 2,
  };
}

/** In how many lines the labels must stand, and how wide they may be, so that none covers its neighbour. */
function labelPlan(all) {
  const free = (lines, needed) =>
    all.every((slot, number) => {
      const next = all[number + lines];
      const width = ({ row }) => (row.place === "head" ? LABELS.bar : needed);
      return !next || next.centre - slot.centre >= (width(slot) + width(next)) / 2;
    });
  if (free(1, LABELS.wide)) return { lines: 1, compact: false };
  return { lines: [1, 2].find((lines) => free(lines, LABELS.compact)) ?? 3, compact: true };
}

/**
 * What one unit in the middle of a layer sees of every map before it, from the image on: the first and
 * the end of its pixels along one side. A fully connected unit sees the whole last map.
 */
export function cone(rows, index) {
  const target = rows[index].on ?? index;
  const maps = rows.filter((row, number) => row.on === null && row.shape?.length === 3 && number <= target);
  if (!maps.length) return [];
  const last = maps[maps.length - 1];
  const middle = Math.floor(last.shape[2] / 2);
  let [from, to] = rows[target] === last ? [middle, middle + 1] : [0, last.shape[2]];
  const seen = [{ row: last, from, to }];
  for (let number = maps.length - 1; number > 0; number -= 1) {
    const { k, stride, left } = maps[number].window;
    [from, to] = [from * stride - left, (to - 1) * stride - left + k];
    seen.unshift({ row: maps[number - 1], from, to });
  }
  return seen;
}

/** Everything inside the SVG; `lit` is the row that is looked at, or null. */
export function networkShapes(made, { shapes, scale, compact }, lit) {
  const { rows } = made;
  const lastMap = rows.findLastIndex((row) => row.on === null && row.shape?.length === 3);
  const looked = lit === null || !rows[lit].shape ? lastMap : lit;
  const litRow = lit === null ? null : (rows[lit].on ?? lit);
  const boxes = shapes.filter((shape) => !shape.bar);
  const bars = shapes.filter((shape) => shape.bar && shape.row.shape);
  return [
    ...fans(boxes, bars, made),
    ...shapes.map((shape) =>
      svgElement(
        "g",
        { class: `network-layer${shape.index === litRow ? " lit" : ""}`, "data-row": shape.index },
        ...hit(shape),
        ...(shape.bar ? drawnBar(shape) : drawnBox(shape, rows, scale)),
        ...labelled(shape, compact),
      ),
    ),
    ...drawnCone(cone(rows, looked), boxes, scale),
  ];
}

/** An invisible area that makes a thin layer easy to point at. */
function hit({ x, width, label }) {
  return [svgElement("rect", { class: "network-hit", x, y: 0, width, height: label + 28 })];
}

function drawnBox(shape, rows, scale) {
  const { row, left, top, wide, high, along, up } = shape;
  if (row.problem) return [svgElement("rect", { class: "network-misfit", ...place(shape) })];
  if (!row.shape) return [];
  const kind = kindOf(row);
  const right = left + wide;
  const face = (name, x, side) =>
    svgElement("path", {
      class: `network-${name} ${kind}`,
      d: `M${x} ${top}l${along} ${-up}${side}l${-along} ${up}z`,
    });
  return [
    face("top", left, `h${wide}`),
    face("side", right, `v${high}`),
    svgElement("path", { class: "network-slices", d: slices(shape) }),
    svgElement("rect", { class: `network-front ${kind}`, ...place(shape) }),
    ...(row.place === "image" ? [digit(left, top, scale)] : []),
    ...edges(shape, rows, scale),
  ];
}

function place({ left, top, wide, high }) {
  return { x: left, y: top, width: wide, height: high };
}

/** A line for each channel, as long as they can be told apart. */
function slices({ row, left, top, wide, high, along, up }) {
  const channels = row.shape[0];
  const step = Math.max(1, Math.ceil((2.4 * channels) / Math.hypot(along, up)));
  let path = "";
  for (let channel = step; channel < channels; channel += step) {
    const [x, y] = [(along * channel) / channels, (up * channel) / channels];
    path += `M${left + x} ${top - y}h${wide}v${high}`;
  }
  return path;
}

/** What the next layer adds around a map, and what it never reads. */
function edges({ row, left, top, wide, high }, rows, scale) {
  const next = rows.slice(rows.indexOf(row) + 1).find((other) => other.on === null);
  if (!next?.window) return [];
  const drawn = [];
  const { left: before, right: behind } = next.window;
  if (before + behind && next.shape) {
    const [x, y] = [left - before * scale, top - before * scale];
    const more = (before + behind) * scale;
    const size = { width: wide + more, height: high + more };
    drawn.push(svgElement("rect", { class: "network-padding", x, y, ...size }));
  }
  if (next.unread) {
    const strip = next.unread * scale;
    const [right, bottom] = [left + wide, top + high];
    const d = `M${right - strip} ${top}H${right}V${bottom}H${left}V${bottom - strip}H${right - strip}z`;
    drawn.push(svgElement("path", { class: "network-unread", d }));
  }
  return drawn;
}

function drawnBar({ row, left, top, length }) {
  if (!row.shape) return [];
  const kind = row.name === "flatten" ? "flat" : "conv";
  return [
    svgElement("rect", { class: `network-front ${kind}`, x: left, y: top, width: BAR, height: length }),
  ];
}

/** From all numbers of the last map to the flatten, and from each bar to the next: all are connected. */
function fans(boxes, bars, { problem, broken }) {
  const last = boxes[boxes.length - 1];
  if (problem || !bars.length) return [];
  const end = last.left + last.wide + last.along;
  const start = { left: end - BAR, top: last.top - last.up, length: last.high };
  return bars.map((bar, number) => {
    const from = number ? bars[number - 1] : start;
    const x = from.left + BAR;
    return svgElement("path", {
      class: `network-fan${broken && bar.row.name === "fc1" ? " broken" : ""}`,
      d: `M${x} ${from.top}L${bar.left} ${bar.top}v${bar.length}L${x} ${from.top + from.length}z`,
    });
  });
}

/** Windows on the front faces, and the rays between them. */
function drawnCone(seen, boxes, scale) {
  const windows = seen.map(({ row, from, to }) => {
    const shape = boxes.find((other) => other.row === row);
    const [first, end] = [Math.max(0, from), Math.min(row.shape[2], to)];
    return { x: shape.left + first * scale, y: shape.top + first * scale, side: (end - first) * scale };
  });
  const rays = windows.slice(1).map((to, number) => {
    const from = windows[number];
    const x = from.x + from.side;
    return svgElement("path", {
      class: "network-ray",
      d: `M${x} ${from.y}L${to.x} ${to.y}v${to.side}L${x} ${from.y + from.side}z`,
    });
  });
  return [
    ...rays,
    ...windows.map(({ x, y, side }) =>
      svgElement("rect", { class: "network-window", x, y, width: side, height: side }),
    ),
  ];
}

function labelled({ row, centre, label }, compact) {
  const known = row.shape && (compact ? row.shape.join("×") : product(row.shape));
  const [name, size] = [row.name, known ?? (row.problem ? "does not fit" : "—")];
  const text = (string, y, kind) =>
    svgElement("text", { class: `network-label ${kind}`, x: centre, y }, string);
  return [text(name, label, "name"), text(size, label + 20, row.problem ? "wrong" : "size")];
}
