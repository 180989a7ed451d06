// An image beside one map of one layer: layers and channels to choose, and what a unit sees lit up.
// It draws what cnnlab.widgets.layer_choice holds; two explorers are built around it.

import { element, newId, numbers, svgElement } from "./dom.js";
import { choices, inFirstRow } from "./choices.js";
import { css, extent, grey, mapColours, paint } from "./colours.js";
import { fitted, shortNumber } from "./short_numbers.js";
import { tell } from "./kernel_line.js";
import { channelsOf, drawnSize, keptPlace, largest, movedTo, numberOf, seeing } from "./unit_fields.js";
import { seen, seenText, unfolded, unitAt } from "./unit_fields.js";

const GAP = 64; // screen pixels between image and map, where the sight lines run
const WIDEST = 308; // of the image and of the map: 11 screen pixels for one of 28
const NUMBERS_FROM = 44; // screen pixels of a unit in which its number can be read
const UNIT_ROOM = 5; // characters in it

/** A number of a map; only 0 is written 0, for the colours show the smallest ones, too. */
export const mapNumber = shortNumber;

/** The same in the room that a unit has. */
export function inUnit(value) {
  return fitted(value, Math.abs(value) >= 100 ? 0 : 1, UNIT_ROOM);
}

/** Side of one pixel on the screen, whole, so that all are equal. */
function pixelSide(space, ...sizes) {
  return Math.max(1, Math.floor(space / Math.max(...sizes)));
}

/** Whether a view is of the image and the layer that are chosen. */
function isWanted(model, view) {
  return view?.index === model.get("index") && view.layer === model.get("layer");
}

/** What is to be drawn: Python's view of what is chosen, else the one sent ahead, else what there is. */
export function viewOf(model, drawn) {
  const view = model.get("view");
  if (isWanted(model, view)) return view;
  const usable = (one) => isWanted(model, one) && one.weights === view.weights;
  return model.get("ahead").find(usable) ?? (usable(drawn) ? drawn : view);
}

/** A view from Python with its layer, and its numbers as such. */
function readView(model, view) {
  const layer = model.get("layers").find((entry) => entry.name === view.layer);
  if (!view.size) return null;
  return { ...view, layer, pixels: numbers(view.pixels, Uint8Array), maps: numbers(view.maps) };
}

/** What there is to know about a layer that has no channels. */
function aboutRow({ folds, rows }) {
  if (folds) return `The maps before it stand one behind the other: ${folds.join(" × ")} numbers.`;
  return rows ? "Each unit is one number, made of all that came before: it has no place in the image." : "";
}

/**
 * The parts of the view, to be placed by an explorer: `layers`, `stage`, `channels`; `draw()` shows
 * the state anew, `stop()` ends it.
 */
export function layerView(model) {
  let view = null; // what is drawn
  let source = null; // the view from Python that it was made of
  let wasAhead = false; // whether that was sent ahead
  let colours = mapColours([]);
  let pointed = null; // the unit under the mouse; the chosen one otherwise
  let spot = null; // the pixel of the image under the mouse
  let placed = null; // the view from Python since which a place was chosen, and the layer that it is of
  let stood = {}; // the layer that was drawn last as the one that is chosen: its channel and unit

  const layers = choices({
    role: "radiogroup",
    label: "layer",
    className: "layers",
    onChoose: (number) => chooseLayer(model.get("layers")[number]),
  });
  const channels = choices({
    role: "listbox",
    label: "channel",
    className: "channels",
    columns: inFirstRow,
    onChoose: (number) => choosePlace({ channel: number }),
  });
  const channelTitle = element("h3");
  const rowText = element("p", { class: "quiet" });
  const panel = element("div", { class: "channel-panel" }, channelTitle, channels.node, rowText);

  const imageTitle = element("h3");
  const mapTitle = element("h3");
  const image = element("canvas", { role: "img", class: "image" });
  const map = element("canvas", { role: "img", class: "map" });
  const sight = svgElement("svg", { class: "sight", "aria-hidden": "true" });
  const told = newId("unit");
  const readout = element("p", { class: "readout number", id: told, "aria-live": "polite" });
  const hint = element("p", { class: "hint quiet" });
  hint.textContent = "Point at a unit of the map, or at a pixel of the image.";
  const hand = element(
    "div",
    { class: "hand", tabindex: 0, role: "application", "aria-describedby": told },
    map,
  );
  hand.setAttribute("aria-label", "unit of the map; the arrow keys move");
  const legend = element("div", { class: "legend number" });
  const box = element("div", { class: "box" }, image, hand, sight);
  const titles = element("div", { class: "titles" }, imageTitle, mapTitle);
  const below = element("div", { class: "below" }, hint, legend);
  const stage = element("div", { class: "stage" }, titles, box, below, readout);

  let place = null; // where image and map lie in the box, in screen pixels

  /** Lay image and map out for the width there is. */
  function arrange() {
    const space = stage.clientWidth || 2 * WIDEST + GAP;
    const side = Math.min(WIDEST, Math.floor((space - GAP) / 2));
    const [height, width] = view.size;
    const drawn = view.layer ? drawnSize(view.layer) : { rows: 1, columns: 1, n: 0 };
    const pixel = pixelSide(side, height, width);
    const unit = pixelSide(side, drawn.rows, drawn.columns);
    const full = pixel * Math.max(height, width);
    place = {
      pixel,
      unit,
      drawn,
      full,
      imageTop: (full - pixel * height) / 2,
      mapLeft: full + GAP,
      mapTop: Math.max(0, Math.floor((full - unit * drawn.rows) / 2)),
    };
    box.style.width = `${2 * full + GAP}px`;
    box.style.height = `${full}px`;
    image.style.top = `${place.imageTop}px`;
    hand.style.left = `${place.mapLeft}px`;
    hand.style.top = `${place.mapTop}px`;
    titles.style.gridTemplateColumns = `${full}px ${full}px`;
    titles.style.columnGap = `${GAP}px`;
    legend.style.width = hint.style.width = `${full}px`;
    sight.setAttribute("viewBox", `0 0 ${2 * full + GAP} ${full}`);
  }

  /** Channel and unit on a layer: those of the model are of another one until Python has answered. */
  function placeOn(layer) {
    const said = model.get("view");
    const name = placed?.since === said ? placed.layer : said.layer;
    const before = model.get("layers").find((entry) => entry.name === name);
    return keptPlace({ channel: model.get("channel"), unit: model.get("unit") }, before, layer);
  }

  /** Channel and unit of the layer that is drawn; while it is late they stay where they were. */
  function standing() {
    const { name } = view.layer;
    const isLast = stood.name === name && model.get("layer") !== name;
    if (!isLast) stood = { name, ...placeOn(view.layer) };
    return stood;
  }

  /** Choose a layer. Channel and unit go with it: Python may hear of several choices at once. */
  function chooseLayer(layer) {
    const place = placeOn(layer);
    placed = { since: model.get("view"), layer: layer.name };
    tell(model, { layer: layer.name, ...place });
  }

  /** Choose a channel or a unit of the layer that is drawn, unless it is late. */
  function choosePlace(changes) {
    if (view.layer.name !== model.get("layer")) return drawMap();
    const { channel, unit } = standing();
    placed = { since: model.get("view"), layer: view.layer.name };
    tell(model, { channel, unit, ...changes });
  }

  /** The numbers of the chosen channel. */
  function chosenMap() {
    const { n } = drawnSize(view.layer);
    const { channel } = standing();
    return view.maps.subarray(channel * n, (channel + 1) * n);
  }

  /** What is to be drawn now; the network may fail since something was sent ahead, and then nothing is. */
  const best = () => viewOf(model, wasAhead && !model.get("ahead").length ? null : source);
  const isLate = () => Boolean(source) && !(isWanted(model, source) && best() === source);

  /** While Python is at work on what was chosen, what is drawn is another image, and looks like it. */
  function showLate() {
    stage.classList.toggle("late", isLate());
    stage.setAttribute("aria-busy", String(isLate() && !model.get("problem"))); // a refusal is an answer, too
  }

  /** Everything: another image, layer or set of layers. */
  function draw() {
    const from = best();
    const next = readView(model, from);
    if (!next || (next.layer && next.maps.length !== next.layer.shape.reduce((a, b) => a * b))) return;
    const otherLayer = next.layer?.name !== view?.layer?.name;
    if (from !== source) wasAhead = from !== model.get("view");
    [view, source] = [next, from];
    showLate();
    if (otherLayer) pointed = spot = null;
    arrange();
    drawImage();
    const named = model.get("layers");
    layers.show(named.indexOf(view.layer));
    stage.classList.toggle("no-layer", !view.layer);
    panel.hidden = !view.layer;
    if (!view.layer) return sight.replaceChildren();
    colours = mapColours(view.maps); // one scale for all channels, so that they can be compared
    drawChannels();
    drawLegend();
    drawMap();
  }

  function drawImage() {
    const [height, width] = view.size;
    paint(image, width, height, place.pixel, (x, y) => grey(view.pixels[y * width + x], 0, 255));
    image.setAttribute("aria-label", `the image, ${height} by ${width} pixels`);
    imageTitle.textContent = `the image, ${height} × ${width}`;
  }

  function drawChannels() {
    const { shape, name } = view.layer;
    const count = channelsOf(view.layer);
    const isMap = shape.length === 3;
    const channelCount = `${count} channel${count === 1 ? "" : "s"}`;
    channelTitle.textContent = `${name}: ${isMap ? channelCount : "a row"}`;
    channels.node.hidden = !isMap;
    rowText.textContent = isMap ? "" : aboutRow(view.layer);
    if (!isMap) return;
    const [, height, width] = shape;
    if (channels.node.childElementCount !== count) {
      const tile = count <= 12 ? 76 : count <= 24 ? 68 : count <= 36 ? 56 : 46;
      channels.node.style.setProperty("--tile", `${tile}px`);
      channels.fill(
        Array.from({ length: count }, (_, channel) =>
          element(
            "div",
            { class: "channel", "aria-label": `channel ${channel}`, title: `channel ${channel}` },
            element("canvas", { "aria-hidden": "true" }),
          ),
        ),
      );
    }
    [...channels.node.children].forEach((item, channel) => {
      const start = channel * height * width;
      // how large it is on the screen, the style sheet says
      paint(item.firstChild, width, height, 1, (x, y) => colours.colour(view.maps[start + y * width + x]));
    });
  }

  function drawLegend() {
    const [lowest, highest] = extent(view.maps);
    const reach = colours.reach;
    const ends = colours.signed ? [-reach, 0, reach] : [0, reach];
    const stops = ends.map((value) => css(colours.colour(value))).join(", ");
    legend.replaceChildren(
      ...ends.map((value) => element("span", {}, mapNumber(value))),
      element("div", { class: "scale", style: `background: linear-gradient(to right, ${stops})` }),
    );
    legend.title = `the numbers of ${view.layer.name} run from ${mapNumber(lowest)} to ${mapNumber(highest)}`;
  }

  function drawMap() {
    const { rows, columns, n } = place.drawn;
    const values = chosenMap();
    const isMap = view.layer.shape.length === 3;
    const { channel } = standing();
    const name = isMap ? `${view.layer.name}, channel ${channel}` : view.layer.name;
    paint(map, columns, rows, place.unit, (x, y) => {
      const number = y * columns + x;
      return number < n ? colours.colour(values[number]) : [128, 128, 128];
    });
    if (isMap) channels.show(channel);
    mapTitle.textContent = isMap ? `${name}: ${rows} × ${columns}` : `${name}: ${n} units in a row`;
    map.setAttribute("aria-label", `${name}, ${isMap ? `${rows} by ${columns}` : n} units`);
    drawSight();
  }

  /** The unit pointed at or chosen, the patch that it sees, and the lines between them. */
  function drawSight() {
    if (!view?.layer) return;
    if (spot) return drawSpot();
    const { layer } = view;
    const unit = pointed ?? clampedUnit();
    const number = numberOf(layer, unit);
    const values = chosenMap();
    const patch = seen(layer, unit, ...view.size);
    const at = unitBox(number);
    const marks = [...numbersInUnits(values), ...unitNumbers()];
    if (patch && patch.height && patch.width) {
      const from = patchBox(patch);
      marks.push(dimmed(from), cone(from, at), ...framed(from));
    }
    marks.push(...framed(at));
    sight.replaceChildren(...marks);
    readout.replaceChildren(
      element("b", {}, `${unitName(unit)}: ${mapNumber(values[number], 3)}`),
      ` ${unitOrigin(unit)}${seenText(layer, unit, ...view.size)}`,
    );
  }

  /** The pixel pointed at, and all units that see it. */
  function drawSpot() {
    const block = seeing(view.layer, ...spot);
    const from = patchBox({ top: spot[0], left: spot[1], height: 1, width: 1 });
    const marks = [...numbersInUnits(chosenMap()), ...unitNumbers(), ...framed(from)];
    let text = "The units of a row each see one place, or all of them: point at one.";
    if (view.layer.shape.length === 3) text = "No unit of this map sees it.";
    if (block) {
      const { unit, mapLeft, mapTop } = place;
      const at = {
        x: mapLeft + block.left * unit,
        y: mapTop + block.top * unit,
        width: block.width * unit,
        height: block.height * unit,
      };
      marks.push(cone(from, at), ...framed(at));
      const n = block.height * block.width;
      text = n === 1 ? "1 unit sees it." : `${block.height} × ${block.width} = ${n} units see it.`;
    }
    sight.replaceChildren(...marks);
    readout.replaceChildren(element("b", {}, `pixel in row ${spot[0]}, column ${spot[1]}:`), ` ${text}`);
  }

  function clampedUnit() {
    const { n } = drawnSize(view.layer);
    const number = numberOf(view.layer, standing().unit);
    return unitAt(view.layer, Math.max(0, Math.min(number, n - 1)));
  }

  function unitName([row, column]) {
    return view.layer.shape.length === 3 ? `unit in row ${row}, column ${column}` : `unit ${column}`;
  }

  /** Where a number of a flatten layer stood before. */
  function unitOrigin([, number]) {
    if (!view.layer.folds) return "";
    const { channel, row, column } = unfolded(view.layer.folds, number);
    return `It was channel ${channel}, row ${row}, column ${column}. `;
  }

  function unitBox(number) {
    const { columns } = place.drawn;
    const { unit, mapLeft, mapTop } = place;
    const [x, y] = [mapLeft + (number % columns) * unit, mapTop + Math.floor(number / columns) * unit];
    return { x, y, width: unit, height: unit };
  }

  function patchBox({ top, left, height, width }) {
    const { pixel, imageTop } = place;
    return { x: left * pixel, y: imageTop + top * pixel, width: width * pixel, height: height * pixel };
  }

  /** A frame that shows on every colour: light on dark. */
  function framed(at) {
    return ["outer", "inner"].map((name) => svgElement("rect", { ...at, class: `frame ${name}` }));
  }

  /** A veil over the image with a hole where the unit looks. */
  function dimmed({ x, y, width, height }) {
    const { full, pixel } = place;
    const [rows, columns] = view.size;
    const all = `M0 ${place.imageTop}h${columns * pixel}v${rows * pixel}h${-columns * pixel}z`;
    return svgElement("path", {
      class: "veil",
      "fill-rule": "evenodd",
      d: `${full ? all : ""}M${x} ${y}h${width}v${height}h${-width}z`,
    });
  }

  /** From the patch in the image to the unit in the map: two lines, and a beam between image and map. */
  function cone(from, at) {
    const right = from.x + from.width;
    const { full, mapLeft } = place;
    const on = (x, y1, y2) => y1 + ((y2 - y1) * (x - right)) / (at.x - right); // the line's height at x
    const [top, low] = [(x) => on(x, from.y, at.y), (x) => on(x, from.y + from.height, at.y + at.height)];
    const beam = `M${full} ${top(full)}L${mapLeft} ${top(mapLeft)}V${low(mapLeft)}L${full} ${low(full)}z`;
    const upper = `M${right} ${top(right)}L${at.x} ${at.y}`;
    const lower = `M${right} ${low(right)}L${at.x} ${at.y + at.height}`;
    return svgElement(
      "g",
      {},
      svgElement("path", { class: "beam", d: beam }),
      svgElement("path", { class: "sight-line", d: upper + lower }),
    );
  }

  /** The numbers themselves, where a unit is large enough to hold one. */
  function numbersInUnits(values) {
    if (place.unit < NUMBERS_FROM) return [];
    return [...values].map((value, number) => {
      const at = unitBox(number);
      const [red, green, blue] = colours.colour(value);
      const light = 0.299 * red + 0.587 * green + 0.114 * blue > 140;
      const place = { x: at.x + at.width / 2, y: at.y + at.height / 2 };
      return svgElement("text", { ...place, class: light ? "on-light" : "on-dark" }, inUnit(value));
    });
  }

  /** Under a short row of units, which one is which. */
  function unitNumbers() {
    const { rows, n } = place.drawn;
    if (view.layer.shape.length === 3 || rows > 1) return [];
    return Array.from({ length: n }, (_, number) => {
      const at = unitBox(number);
      const below = { x: at.x + at.width / 2, y: at.y + at.height + 14 };
      return svgElement("text", { ...below, class: "name" }, String(number));
    });
  }

  /** The cell of a canvas under the mouse: [row, column]. */
  function cellUnder(event, canvas, rows, columns) {
    const bounds = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - bounds.top) / bounds.height) * rows);
    const column = Math.floor(((event.clientX - bounds.left) / bounds.width) * columns);
    return row >= 0 && row < rows && column >= 0 && column < columns ? [row, column] : null;
  }

  function unitUnder(event) {
    const { rows, columns, n } = place.drawn;
    const cell = cellUnder(event, map, rows, columns);
    const number = cell ? cell[0] * columns + cell[1] : n;
    return number < n ? unitAt(view.layer, number) : null;
  }

  const keep = (unit) => unit && choosePlace({ unit });
  map.addEventListener("pointermove", (event) => {
    if (!view?.layer) return;
    pointed = unitUnder(event);
    drawSight();
  });
  map.addEventListener("pointerleave", () => {
    pointed = null;
    drawSight();
  });
  map.addEventListener("click", (event) => view?.layer && keep(unitUnder(event)));
  image.addEventListener("pointermove", (event) => {
    spot = view ? cellUnder(event, image, ...view.size) : null;
    drawSight();
  });
  image.addEventListener("pointerleave", () => {
    spot = null;
    drawSight();
  });
  hand.addEventListener("keydown", (event) => {
    if (!view?.layer) return;
    const { columns, n } = place.drawn;
    const number = movedTo(event.key, numberOf(view.layer, clampedUnit()), n, columns);
    const turn = { PageUp: -1, PageDown: 1 }[event.key];
    if (number === null && !turn) return;
    event.preventDefault();
    pointed = null;
    if (turn) {
      const count = channelsOf(view.layer);
      return choosePlace({ channel: (standing().channel + turn + count) % count });
    }
    keep(unitAt(view.layer, number));
  });

  /** The buttons of the layers. */
  function fillLayers() {
    layers.fill(
      model.get("layers").map(({ name, kind, shape }) =>
        element(
          "button",
          { type: "button", title: kind },
          element("b", {}, name),
          element("span", { class: "number" }, shape.join(" × ")),
        ),
      ),
    );
    draw();
  }

  const onChoice = () => (isWanted(model, best()) ? draw() : showLate());
  const onAhead = () => best() !== source && onChoice();
  const onChannel = () => view?.layer && drawMap();
  const onUnit = () => view?.layer && drawSight();
  model.on("change:layers", fillLayers);
  model.on("change:view", draw);
  model.on("change:index", onChoice);
  model.on("change:layer", onChoice);
  model.on("change:ahead", onAhead);
  model.on("change:problem", showLate);
  model.on("change:channel", onChannel);
  model.on("change:unit", onUnit);
  let width = 0;
  const resized = new ResizeObserver(() => {
    if (stage.clientWidth === width || !view) return;
    width = stage.clientWidth;
    arrange();
    drawImage();
    if (view.layer) drawMap();
  });
  resized.observe(stage);
  fillLayers();
  return {
    layers: layers.node,
    stage,
    channels: panel,
    /** What Python said of the image that is drawn. */
    said: () => source?.said ?? "",
    isLate,
    /** Show an image that is at hand already, until its maps arrive. */
    preview(pixels) {
      if (!view) return;
      view.pixels = pixels;
      drawImage();
    },
    /** Choose the unit with the largest number. */
    strongest() {
      if (view?.layer) keep(unitAt(view.layer, largest(chosenMap())));
    },
    stop() {
      resized.disconnect();
      model.off("change:layers", fillLayers);
      model.off("change:view", draw);
      model.off("change:index", onChoice);
      model.off("change:layer", onChoice);
      model.off("change:ahead", onAhead);
      model.off("change:problem", showLate);
      model.off("change:channel", onChannel);
      model.off("change:unit", onUnit);
    },
  };
}
