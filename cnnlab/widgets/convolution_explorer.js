// The ConvolutionExplorer: padded input, window, sum, feature map. All of it is computed and drawn here, so
// that no key waits for Python, which only hears of it.
import { MEDIUM_KERNEL, OPERATIONS, PATTERNS, PRESETS, SMALL_KERNEL, featureMap, mapSize, pattern, presetKernel } from "./convolution.js";
import { cellTexts, keptImage, partInFull, refusal, resizedKernel, sumTexts, windowAt } from "./convolution.js";
import { asNumber, digitsFor, fitted, notUsable, shortNumber } from "./short_numbers.js";
import { paddingSides, reach, unread } from "./sizes.js";
import { PADDING, css, extent, grey, mapColours, paint, readableOn, signed } from "./colours.js";
import { button, checkbox, element, frame, newId, numbers, select, slider } from "./dom.js";
import { UNHEARD_CHANGES, kernelLine, listen, tell } from "./kernel_line.js";

const OWN = "your own";
const DRAWN_HERE = "drawn by you";
const BOX = 342; // screen pixels of the largest map, so that nothing moves when sizes change
const INPUT_NAME = "input; arrow keys move the window";
const PEN_NAME = "input; arrow keys move the drawing cursor, Space puts ink or takes it, Delete wipes, Escape ends";
const DRAWING_HELP =
  "Draw with the mouse (right button wipes), or with keys on the input: arrows move the cursor, Space puts ink " +
  "or takes it, Delete wipes. To move the window again: Escape, or the button Draw.";
const FULL_INK = 255;
const SPEEDS = { slow: 700, normal: 180, fast: 15 }; // milliseconds for one output pixel
const REST = 300; // milliseconds

function render({ model, el }) {
  const { root, stop } = frame({ model, el }, "Convolution explorer", "convolution_explorer");
  const line = kernelLine(model, UNHEARD_CHANGES);
  root.append(line.node);
  const view = build(root);
  const state = { place: 0, revealed: Infinity, timer: 0, settings: null, map: null, pen: [0, 0] };

  // ---- the model ---------------------------------------------------------------------------------

  function read() {
    const [height, width, size] = ["height", "width", "size"].map((name) => model.get(name));
    return {
      height,
      width,
      size,
      pixels: fitting(numbers(model.get("pixels")), height * width),
      weights: fitting(numbers(model.get("weights")), size * size),
      bias: model.get("bias"),
      padding: model.get("padding"),
      stride: model.get("stride"),
      dilation: model.get("dilation"),
      operation: model.get("operation"),
    };
  }

  /** Set traits and show them at once; Python hears of it, and nobody waits for it. */
  function change(values) {
    state.own = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.set("problem", "");
    state.own = false;
    update();
    clearTimeout(state.unsent);
    state.unsent = setTimeout(send); // after the drawing, and once for changes that follow each other
  }

  function send() {
    clearTimeout(state.unsent);
    state.unsent = undefined;
    tellPlace();
    tell(model);
  }

  function learnt(name) {
    const { names = [], size, biases } = model.get("learnt") ?? {};
    const number = names.indexOf(name);
    if (number < 0) return null;
    const all = numbers(model.get("learnt_weights"));
    return { weights: all.slice(number * size * size, (number + 1) * size * size), size, bias: biases[number] };
  }

  function chooseKernel(name) {
    if (name === OWN) return change({ kernel_name: OWN });
    const found = learnt(name);
    if (found) return change({ kernel_name: name, size: found.size, weights: bytes(found.weights), bias: found.bias });
    change({ kernel_name: name, weights: bytes(presetKernel(name, model.get("size"))), bias: 0 });
  }

  function chooseSize(size) {
    const name = model.get("kernel_name");
    const weights = PRESETS.includes(name) ? presetKernel(name, size) : resizedKernel(state.settings.weights, size);
    const kept = PRESETS.includes(name) ? name : OWN; // a learnt kernel that is cut is no longer that kernel
    change({ size, weights: bytes(weights), kernel_name: kept });
  }

  function editWeight(place, value) {
    const weights = state.settings.weights.slice();
    weights[place] = value;
    change({ weights: bytes(weights), kernel_name: OWN });
  }

  function chooseImage(source) {
    const { height, width, pixels } = state.settings;
    keepImage();
    showSource(source);
    draw(source === DRAWN_HERE);
    const made = {
      [DRAWN_HERE]: drawing() ?? { height, width, pixels: new Float32Array(pixels.length) },
      image: state.given ?? keptImage(model.get("given")),
    }[source];
    if (PATTERNS.includes(source)) return change({ index: null, pixels: bytes(pattern(source, height, width)) });
    if (source === DRAWN_HERE) return drawn(made);
    if (made) return change({ index: null, ...made, pixels: bytes(made.pixels) });
    chooseIndex(state.digit?.index ?? 0);
  }

  /** Keep the image that is shown, to come back to. */
  function keepImage() {
    const { height, width, pixels } = state.settings;
    const kept = { height, width, pixels };
    if (state.source === "digit") state.digit = { ...kept, index: model.get("index") };
    else if (state.source === "image") state.given = kept;
  }

  /** The entry of the list that says what is shown; Python may have set it. */
  function sourceShown() {
    if (model.get("count") && model.get("index") !== null) return "digit";
    const { height, width, pixels } = state.settings;
    const made = drawing();
    if (made?.width === width && equal(made.pixels, pixels)) return DRAWN_HERE;
    return PATTERNS.find((name) => equal(pattern(name, height, width), pixels)) ?? "image";
  }

  function showSource(source) {
    if (!view.source.input.querySelector(`[value="${source}"]`))
      view.source.fill([...(model.get("count") ? ["digit"] : []), "image", DRAWN_HERE, ...PATTERNS]);
    view.source.value = state.source = source;
    view.brush.hidden = source !== DRAWN_HERE;
    view.indexField.hidden = source !== "digit";
  }

  /** What was drawn on this explorer, in any of its views; null if nothing was. */
  function drawing() {
    return keptImage(model.get("drawn"));
  }

  /** Show a drawing, and keep it for when something else has taken its place. */
  function drawn({ height, width, pixels }) {
    const made = { height, width, pixels: bytes(pixels) };
    change({ drawn: made, index: null, ...made });
  }

  function clearDrawing() {
    drawn({ ...state.settings, pixels: new Float32Array(state.settings.pixels.length) });
  }

  function chooseIndex(index) {
    const values = { index };
    const { height, width } = state.digit ?? {};
    const area = height * width;
    const known = numbers(model.get("library"), Uint8Array);
    if (state.digit?.index === index) Object.assign(values, { height, width, pixels: bytes(state.digit.pixels) });
    else if ((index + 1) * area <= known.length) {
      Object.assign(values, { height, width });
      values.pixels = bytes(Float32Array.from(known.slice(index * area, (index + 1) * area)));
    }
    change(values); // further images are Python's to send
  }

  // ---- where the window stands -------------------------------------------------------------------

  function moveTo(place, revealed = Infinity) {
    if (!state.map) return;
    const last = state.map.values.length - 1;
    state.place = Math.min(last, Math.max(0, place));
    state.revealed = revealed === Infinity ? Infinity : state.place + 1;
    drawPosition();
    clearTimeout(state.unsent);
    state.unsent = setTimeout(send, REST); // Python hears of the place when the window rests
  }

  function tellPlace() {
    if (!state.map) return;
    state.own = true;
    model.set("row", Math.floor(state.place / state.map.columns));
    model.set("column", state.place % state.map.columns);
    state.own = false;
  }

  function play(on) {
    const ran = state.timer;
    clearInterval(state.timer);
    state.timer = 0;
    if (on && state.map) {
      const last = state.map.values.length - 1;
      if (state.revealed === Infinity || state.place >= last) moveTo(0, 0);
      state.timer = setInterval(() => {
        if (!root.isConnected) return play(false); // the output was cleared
        if (!state.map || state.place >= state.map.values.length - 1) return play(false);
        moveTo(state.place + 1, 0);
        listen(model); // nothing is sent before the window rests
      }, SPEEDS[view.speed.value]);
    }
    view.play.textContent = state.timer ? "Pause" : "Play";
    view.sum.setAttribute("aria-live", state.timer ? "off" : "polite");
    if (ran && !state.timer) drawWindow(state.settings); // the sum where it stopped is spoken
  }

  /** Move by keys on the feature map or the input: rows and columns, ends, play and pause. */
  function keys(event) {
    if (!state.map) return;
    const { columns, rows } = state.map;
    const to = reached(event.key, [Math.floor(state.place / columns), state.place % columns], rows, columns);
    if (to) {
      play(false);
      moveTo(to[0] * columns + to[1]);
    } else if (event.key === " ") play(!state.timer);
    else return;
    event.preventDefault();
  }

  // ---- drawing -----------------------------------------------------------------------------------

  /** Row and column on the new map of the window that stands where the old one stood. */
  function kept({ stride }, before) {
    if (!state.map) return [0, 0];
    const old = [Math.floor(state.place / state.map.columns), state.place % state.map.columns];
    return old.map((step) => Math.max(0, Math.round((step * state.stride - state.before + before) / stride)));
  }

  /** After any change of settings: compute, then draw all. */
  function update() {
    const settings = read();
    const why = refusal(settings);
    const [before, behind] = paddingSides(settings.padding, settings.size, settings.dilation);
    const [row, column] = kept(settings, before); // the window stays over the same pixels
    state.settings = settings;
    state.map = featureMap(settings);
    const padded = [settings.height + before + behind, settings.width + before + behind];
    const widest = Math.max(...padded, ...(state.map ? [state.map.rows, state.map.columns] : []));
    state.side = Math.max(3, Math.floor(BOX / widest));
    state.before = before;
    state.stride = settings.stride;
    state.padded = padded;
    if (state.map) {
      const { rows, columns } = state.map;
      state.place = Math.min(row, rows - 1) * columns + Math.min(column, columns - 1);
      state.revealed = state.timer ? state.place + 1 : Infinity; // a window that walks goes on
      state.colours = mapColours(state.map.values);
      drawLegend();
      view.outputTitle.textContent = `Feature map ${state.map.rows} × ${state.map.columns}`;
      view.scrub.range(0, state.map.values.length - 1);
    } else play(false);
    state.painted = null;
    showControls(settings);
    drawInput(settings);
    view.formula.replaceChildren(...formula(settings, why));
    view.refusal.textContent = why;
    view.refusal.hidden = !why;
    view.output.hidden = view.outputOver.hidden = Boolean(why);
    for (const node of [view.play, view.back, view.step, view.scrub.input]) node.disabled = Boolean(why);
    drawPosition();
  }

  function showControls(settings) {
    const pooling = settings.operation !== "convolution";
    view.operation.value = settings.operation;
    view.size.value = settings.size;
    view.same.value = settings.padding === "same";
    if (settings.padding !== "same") view.padding.value = settings.padding;
    view.padding.input.disabled = settings.padding === "same";
    view.stride.value = settings.stride;
    view.dilation.value = settings.dilation;
    view.kernel.value = model.get("kernel_name");
    view.kernel.node.hidden = view.biasField.hidden = pooling;
    if (document.activeElement !== view.bias) view.bias.value = fitted(settings.bias, 3, 7);
    if (document.activeElement !== view.index) view.index.value = model.get("index");
  }

  function drawInput({ height, width, pixels, operation }) {
    const [lowest, highest] = extent(pixels);
    const top = highest > 1 && highest <= 255 && lowest >= 0 ? 255 : highest;
    const bottom = Math.min(0, lowest);
    state.grey = (value) => grey(value, bottom, top);
    const [rows, columns] = state.padded;
    paint(view.input, columns, rows, state.side, (x, y) => {
      const [r, c] = [y - state.before, x - state.before];
      const inside = r >= 0 && r < height && c >= 0 && c < width;
      return inside ? state.grey(pixels[r * width + c]) : PADDING;
    });
    const grown = columns > width;
    const kind = operation === "max pooling" ? "−∞" : "0";
    view.inputTitle.textContent = grown
      ? `Input ${height} × ${width}, padded to ${rows} × ${columns}`
      : `Input ${height} × ${width}`;
    view.inputNote.textContent = grown ? `The blue border is padding, filled with ${kind}.` : "";
  }

  /** After a move of the window: everything that depends on where it stands. */
  function drawPosition() {
    const { settings, map } = state;
    drawInputOver(settings);
    drawWindow(settings);
    if (!map) {
      view.outputTitle.textContent = "No feature map";
      view.sum.replaceChildren();
      view.legend.replaceChildren();
      view.count.textContent = "";
      return;
    }
    const { rows, columns, values } = map;
    if (state.painted !== state.revealed) drawOutput(map);
    const over = overlay(view.outputOver, columns * state.side, rows * state.side);
    const [row, column] = [Math.floor(state.place / columns), state.place % columns];
    outline(over, column * state.side, row * state.side, state.side, state.side);
    view.scrub.value = state.place;
    view.count.textContent = `${state.place + 1} of ${values.length}`;
  }

  /** The feature map, as far as the window has come. */
  function drawOutput({ rows, columns, values }) {
    const hiddenColour = [128, 134, 140];
    paint(view.output, columns, rows, state.side, (x, y) => {
      const place = y * columns + x;
      return place < state.revealed ? state.colours.colour(values[place]) : hiddenColour;
    });
    state.painted = state.revealed;
  }

  function drawLegend() {
    const { signed: both, reach: most } = state.colours;
    const text = shortNumber(most, most >= 100 ? 0 : Math.max(2, digitsFor(most)));
    view.legend.className = both ? "legend signed" : "legend";
    view.legend.replaceChildren(
      element("span", {}, both ? `−${text}` : "0"),
      element("i", { class: "bar" }),
      element("span", {}, both ? `+${text}` : text),
    );
  }

  /** The window's outline and the pixels that it reads, and the strip that no window reads. */
  function drawInputOver(settings) {
    const { side, padded, map } = state;
    const context = overlay(view.inputOver, padded[1] * side, padded[0] * side);
    const { size, stride, dilation, height, width, padding } = settings;
    if (map) {
      const right = unread(width, size, padding, stride, dilation) * side;
      const below = unread(height, size, padding, stride, dilation) * side;
      const ends = [(state.before + width) * side, (state.before + height) * side];
      const start = state.before * side;
      hatch(context, ends[0] - right, start, right, height * side);
      hatch(context, start, ends[1] - below, width * side - right, below);
    }
    const [row, column] = map ? [Math.floor(state.place / map.columns), state.place % map.columns] : [0, 0];
    const [x, y] = [column * stride * side, row * stride * side];
    const covers = reach(size, dilation) * side;
    if (dilation > 1) {
      context.lineWidth = 1.5;
      context.strokeStyle = "#f28e3b";
      for (let i = 0; i < size; i += 1)
        for (let j = 0; j < size; j += 1)
          context.strokeRect(x + j * dilation * side + 0.5, y + i * dilation * side + 0.5, side - 1, side - 1);
    }
    outline(context, x, y, covers, covers);
    if (view.drawing) drawPen(context, settings);
  }

  /** The drawing cursor, and in words where it is. */
  function drawPen(context, { height, width, pixels }) {
    const [row, column] = [Math.min(height - 1, state.pen[0]), Math.min(width - 1, state.pen[1])];
    state.pen = [row, column]; // the image may have shrunk
    const { side, before } = state;
    outline(context, (column + before) * side, (row + before) * side, side, side, "#56b4e9");
    const level = pixels[row * width + column];
    const text = `Cursor: row ${row}, column ${column}, ${level ? `ink ${shortNumber(level)}` : "no ink"}.`;
    if (view.penText.textContent !== text) view.penText.textContent = text; // it is spoken
  }

  /** The numbers under the window, each with its weight and product, and their sum. */
  function drawWindow(settings) {
    const { size, operation } = settings;
    const convolving = operation === "convolution";
    if (view.cells.length !== size * size) showCells(size);
    view.windowTitle.textContent = windowHeading(convolving, size);
    view.grid.classList.toggle("plain", !convolving);
    const [row, column] = state.map
      ? [Math.floor(state.place / state.map.columns), state.place % state.map.columns]
      : [0, 0];
    const parts = windowAt(settings, row, column);
    const strongest = Math.max(...parts.map((part) => Math.abs(part.product)).filter(Number.isFinite), 0);
    const best = operation === "max pooling" && state.map ? parts.findIndex((part) => part.pixel === state.map.values[state.place]) : -1;
    const texts = cellTexts(parts, size);
    parts.forEach((part, place) => {
      const cell = view.cells[place];
      const shade = part.inside ? state.grey(part.pixel) : PADDING;
      cell.pixel.textContent = texts[place].pixel;
      cell.pixel.style.background = css(shade);
      cell.pixel.style.color = readableOn(shade);
      cell.weight.hidden = cell.product.hidden = !convolving;
      if (document.activeElement !== cell.weight) {
        cell.weight.value = texts[place].weight;
        cell.weight.classList.toggle("long", texts[place].weight.includes("e"));
        cell.weight.classList.remove("wrong");
      }
      const tint = signed(part.product, strongest);
      cell.product.textContent = texts[place].product;
      cell.product.style.background = css(tint);
      cell.product.style.color = readableOn(tint);
      cell.node.classList.toggle("best", place === best);
    });
    view.parts = parts;
    if (state.map) view.sum.replaceChildren(...sumOf(settings, parts, row, column, state.map.values[state.place]));
  }

  /** The cells of a kernel size, kept once they are made. */
  function showCells(size) {
    const focused = view.cells.findIndex((cell) => cell.weight === document.activeElement);
    view.cells = view.made[size] ??= Array.from({ length: size * size }, (_, place) => makeCell(place, size));
    view.grid.className = size > MEDIUM_KERNEL ? "grid many" : size > SMALL_KERNEL ? "grid medium" : "grid";
    view.grid.style.gridTemplateColumns = `repeat(${size}, minmax(0, 1fr))`;
    view.grid.style.setProperty("--k", size);
    view.grid.replaceChildren(...view.cells.map((cell) => cell.node));
    if (focused >= 0) view.cells[Math.min(focused, size * size - 1)].weight.focus();
  }

  /** A field shows the number in force again when it is left, and nothing is amiss any more. */
  function leaveField(show) {
    if (model.get("problem")) model.set("problem", "");
    show();
  }

  function makeCell(place, size) {
    const pixel = element("span", { class: "pixel" });
    const weight = element("input", {
      type: "text",
      inputmode: "decimal",
      "aria-label": `weight, row ${Math.floor(place / size) + 1}, column ${(place % size) + 1}`,
      oninput: () => takeWeight(place),
      onblur: () => leaveField(() => drawWindow(state.settings)),
      onkeydown: (event) => moveBetweenWeights(event, place, size),
    });
    const product = element("span", { class: "product" });
    const node = element("div", { class: "cell" }, pixel, weight, product);
    node.addEventListener("pointermove", () => (node.title = partInFull(view.parts[place], state.settings.operation)));
    return { node, pixel, weight, product };
  }

  function takeWeight(place) {
    const field = view.cells[place].weight;
    const value = asNumber(field.value);
    field.classList.toggle("wrong", value === null);
    if (value === null) {
      const left = field.value.trim() ? notUsable(field.value) : "a weight is missing";
      return model.set("problem", `${left}: the kernel keeps its old weight until you write one, such as 0.5 or −1.`);
    }
    editWeight(place, value);
  }

  function moveBetweenWeights(event, place, size) {
    const step = { ArrowUp: -size, ArrowDown: size, Enter: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = view.cells[place + step]?.weight;
    next?.focus();
    next?.select();
  }

  // ---- the controls ------------------------------------------------------------------------------

  function build(root) {
    const count = model.get("count");
    const sources = [count ? "digit" : "image", DRAWN_HERE, ...PATTERNS];
    const names = model.get("learnt")?.names ?? [];
    const view = { cells: [], made: {}, drawing: false };
    view.source = select({ label: "image", options: sources, value: sources[0], onChange: chooseImage });
    const indexId = newId("index");
    view.index = element("input", { type: "number", id: indexId, min: 0, max: Math.max(0, count - 1), "aria-label": "number of the digit" });
    view.index.addEventListener("input", () => {
      const index = Number(view.index.value);
      if (view.index.value === "") return model.set("problem", "a number is missing: the digit stays until you write one.");
      if (!Number.isInteger(index) || index < 0 || index >= count)
        return model.set("problem", `There is no digit ${view.index.value}: use a whole number, 0 to ${count - 1}.`);
      chooseIndex(index);
    });
    view.index.addEventListener("blur", () => leaveField(() => (view.index.value = model.get("index"))));
    view.indexField = element("div", { class: "control" }, element("label", { for: indexId }, "number"), view.index);
    view.indexField.hidden = !count;
    view.pen = button("Draw", () => draw(!view.drawing), { pressed: false });
    view.help = element("span");
    const clear = button("Clear", () => clearDrawing());
    view.brush = element("div", { class: "control quiet", hidden: true }, view.pen, clear, view.help);
    view.penText = element("span", { "aria-live": "polite", hidden: true });
    view.operation = select({
      label: "operation",
      options: OPERATIONS,
      value: OPERATIONS[0],
      onChange: (operation) => change({ operation }),
    });
    view.kernel = select({ label: "kernel", options: [...PRESETS, ...names, OWN], value: PRESETS[0], onChange: chooseKernel });
    view.size = slider({ label: "kernel size", min: 1, max: 11, value: 3, onInput: chooseSize });
    view.padding = slider({ label: "padding", min: 0, max: 5, value: 0, onInput: (padding) => change({ padding }) });
    view.same = checkbox("same", false, (on) => change({ padding: on ? "same" : view.padding.value }));
    view.stride = slider({ label: "stride", min: 1, max: 4, value: 1, onInput: (stride) => change({ stride }) });
    view.dilation = slider({ label: "dilation", min: 1, max: 3, value: 1, onInput: (dilation) => change({ dilation }) });
    const biasId = newId("bias");
    view.bias = element("input", { type: "text", inputmode: "decimal", id: biasId, class: "bias" });
    view.bias.addEventListener("input", () => {
      const bias = asNumber(view.bias.value);
      const left = view.bias.value.trim() ? notUsable(view.bias.value) : "a bias is missing";
      if (bias === null) return model.set("problem", `${left}: it stays as it was until you write one, such as 0.5 or −1.`);
      change({ bias });
    });
    view.bias.addEventListener("blur", () => leaveField(() => showControls(state.settings)));
    view.biasField = element("div", { class: "control" }, element("label", { for: biasId }, "bias"), view.bias);
    view.play = button("Play", () => play(!state.timer));
    view.back = button("Back", () => step(-1), { title: "one output pixel back" });
    view.step = button("Step", () => step(1), { title: "one output pixel on" });
    view.speed = select({ label: "speed", options: Object.keys(SPEEDS), value: "normal", onChange: () => state.timer && play(true) });
    view.scrub = slider({ label: "position", min: 0, max: 1, value: 0, onInput: (place) => (play(false), moveTo(place, 0)) });
    view.scrub.node.classList.add("scrub");
    view.scrub.node.querySelector("output").hidden = true;
    view.count = element("span", { class: "quiet number count" });
    view.inputTitle = element("h3");
    view.windowTitle = element("h3");
    view.inputNote = element("span");
    const notes = element("p", { class: "quiet note number" }, view.penText, " ", view.inputNote);
    view.outputTitle = element("h3");
    [view.input, view.inputOver, view.inputBox] = layered(INPUT_NAME);
    [view.output, view.outputOver, view.outputBox] = layered("feature map; arrow keys move the window, Space plays");
    view.refusal = element("p", { class: "refusal", role: "status", hidden: true });
    view.outputBox.append(view.refusal);
    view.grid = element("div", { class: "grid" });
    view.sum = element("p", { class: "sum number", "aria-live": "polite" });
    view.legend = element("div", { class: "legend" });
    view.formula = element("div", { class: "formula number" });
    root.append(
      element("div", { class: "row controls" }, view.source.node, view.indexField, view.operation.node, view.kernel.node, view.biasField, view.brush),
      element("div", { class: "row controls" }, view.size.node, view.padding.node, view.same.node, view.stride.node, view.dilation.node),
      element(
        "div",
        { class: "stage" },
        element("div", { class: "panel in" }, view.inputTitle, view.inputBox, notes),
        element("div", { class: "panel window" }, view.windowTitle, view.grid, view.sum),
        element("div", { class: "panel out" }, view.outputTitle, view.outputBox, view.legend),
      ),
      element("div", { class: "row controls" }, view.play, view.back, view.step, view.scrub.node, view.count, view.speed.node),
      view.formula,
    );
    return view;
  }

  function step(by) {
    play(false);
    moveTo(state.place + by, 0);
  }

  // ---- pointing ----------------------------------------------------------------------------------

  function pixelAt(event, canvas) {
    const box = canvas.getBoundingClientRect();
    const down = ((event.clientY - box.top) * canvas.height) / box.height; // CSS may have made it smaller
    return [Math.floor(down), Math.floor(((event.clientX - box.left) * canvas.width) / box.width)];
  }

  function pointAtOutput(event) {
    if (!state.map || state.timer) return;
    const [row, column] = pixelAt(event, view.output);
    if (row < 0 || column < 0 || row >= state.map.rows || column >= state.map.columns) return;
    moveTo(row * state.map.columns + column);
  }

  function pointAtInput(event) {
    const [row, column] = pixelAt(event, view.input);
    if (view.drawing && event.buttons) return ink(row - state.before, column - state.before, event.buttons === 2);
    if (view.drawing) return;
    if (!state.map || state.timer || !(event.buttons & 1)) return;
    const { size, dilation, stride } = state.settings;
    const middle = Math.floor(reach(size, dilation) / 2); // the window's middle goes to the pointer
    const clip = (place, most) => Math.min(most - 1, Math.max(0, Math.round((place - middle) / stride)));
    moveTo(clip(row, state.map.rows) * state.map.columns + clip(column, state.map.columns));
  }

  /** A soft dot of ink: the middle full, its neighbours half; or the same place wiped. */
  function ink(row, column, wiping = false) {
    const { height, width } = state.settings;
    const pixels = state.settings.pixels.slice();
    state.pen = [Math.min(height - 1, Math.max(0, row)), Math.min(width - 1, Math.max(0, column))];
    for (const [r, c, amount] of [[0, 0, FULL_INK], [0, 1, 130], [1, 0, 130], [0, -1, 130], [-1, 0, 130]]) {
      const [y, x] = [row + r, column + c];
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      pixels[y * width + x] = wiping ? 0 : Math.max(pixels[y * width + x], amount);
    }
    drawn({ height, width, pixels });
  }

  /** Whether keys and mouse draw on the input, or move the window there. */
  function draw(on) {
    const { height, width } = state.settings;
    if (on && !view.drawing) state.pen = [Math.floor(height / 2), Math.floor(width / 2)];
    view.drawing = on;
    view.pen.setAttribute("aria-pressed", String(on));
    view.help.textContent = on ? DRAWING_HELP : "Mouse and arrow keys move the window on the input.";
    view.inputBox.setAttribute("aria-label", on ? PEN_NAME : INPUT_NAME);
    view.penText.hidden = !on;
    drawInputOver(state.settings);
  }

  /** On the input, while drawing is on: the arrow keys move the cursor, and others change its pixel. */
  function inputKeys(event) {
    if (!view.drawing) return keys(event);
    const { height, width, pixels } = state.settings;
    const [row, column] = state.pen;
    const to = reached(event.key, state.pen, height, width);
    if (to) {
      state.pen = to;
      drawInputOver(state.settings);
    } else if (event.key === "Escape") draw(false);
    else if (event.key === " ") {
      if (!event.repeat) setPixel(pixels[row * width + column] ? 0 : FULL_INK); // held down it would flicker
    }
    else if (event.key === "Backspace" || event.key === "Delete") setPixel(0);
    else return;
    event.preventDefault();
  }

  function setPixel(level) {
    const pixels = state.settings.pixels.slice();
    pixels[state.pen[0] * state.settings.width + state.pen[1]] = level;
    drawn({ ...state.settings, pixels });
  }

  view.outputBox.addEventListener("pointermove", pointAtOutput);
  view.outputBox.addEventListener("pointerdown", pointAtOutput);
  view.outputBox.addEventListener("keydown", keys);
  for (const kind of ["pointerdown", "pointermove"]) view.inputBox.addEventListener(kind, pointAtInput);
  view.inputBox.addEventListener("contextmenu", (event) => view.drawing && event.preventDefault());
  view.inputBox.addEventListener("keydown", inputKeys);

  const outside = () => {
    if (state.own) return;
    const before = state.settings;
    update();
    const { width, pixels } = state.settings;
    const holds = (state.source === "digit") === (model.get("index") !== null);
    if (holds && width === before.width && equal(pixels, before.pixels)) return; // nothing new to see
    showSource(sourceShown());
    draw(false);
    keepImage(); // the image that Python shows, to come back to
  };
  const moved = () => state.map && moveTo(model.get("row") * state.map.columns + model.get("column"));
  const watched = "change:pixels change:height change:width change:size change:padding change:stride change:dilation change:operation change:weights change:bias change:kernel_name change:index";
  for (const event of watched.split(" ")) model.on(event, outside);
  const givenAnew = () => (state.given = undefined);
  model.on("change:given", givenAnew);
  state.place = 0;
  update();
  showSource(sourceShown());
  draw(false);
  keepImage();
  if (state.map) {
    // the rim of a stroke shows more than a corner of the background
    const given = model.get("row") * state.map.columns + model.get("column");
    moveTo(given || rim(state.map.values));
    clearTimeout(state.unsent); // nothing was chosen yet
    state.unsent = undefined;
  }
  const positioned = () => {
    if (!state.own) moved();
  };
  model.on("change:row", positioned);
  model.on("change:column", positioned);
  return () => {
    stop();
    play(false);
    line.stop();
    if (state.unsent) send();
    for (const event of watched.split(" ")) model.off(event, outside);
    model.off("change:given", givenAnew);
    model.off("change:row", positioned);
    model.off("change:column", positioned);
  };
}

// ---- small parts -----------------------------------------------------------------------------------

/** Row and column that a key leads to, no further than the edges; undefined for other keys. */
function reached(key, [row, column], rows, columns) {
  return {
    ArrowLeft: [row, Math.max(0, column - 1)],
    ArrowRight: [row, Math.min(columns - 1, column + 1)],
    ArrowUp: [Math.max(0, row - 1), column],
    ArrowDown: [Math.min(rows - 1, row + 1), column],
    Home: [0, 0],
    End: [rows - 1, columns - 1],
  }[key];
}

function equal(one, other) {
  return one.length === other.length && one.every((value, place) => value === other[place]);
}

/** The first `length` of the values, with zeros where there are too few: a state from elsewhere may be cut. */
function fitting(values, length) {
  if (values.length === length) return values;
  const made = new Float32Array(length);
  made.set(values.subarray(0, length));
  return made;
}

function bytes(values) {
  return new DataView(values.buffer, values.byteOffset, values.byteLength);
}

/** The first place in the map's middle third that is at least half as far from 0 as any. */
function rim(values) {
  const half = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 2;
  const start = Math.floor(values.length / 3);
  const place = values.subarray(start).findIndex((value) => Math.abs(value) >= half);
  return place < 0 ? start : start + place;
}

/** A canvas with a second one over it for outlines, in a box that takes the focus. */
function layered(name) {
  const below = element("canvas", { "aria-hidden": "true" });
  const over = element("canvas", { class: "over", "aria-hidden": "true" });
  const box = element("div", { class: "box", tabindex: "0", role: "application", "aria-label": name }, below, over);
  return [below, over, box];
}

/** A cleared drawing surface of width × height screen pixels, sharp on every screen. */
function overlay(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  const context = canvas.getContext("2d");
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** A frame that can be seen on black, white and colour. */
function outline(context, x, y, width, height, colour = "#ffb000") {
  context.lineWidth = 5;
  context.strokeStyle = "#000";
  context.strokeRect(x + 1, y + 1, width - 2, height - 2);
  context.lineWidth = 3;
  context.strokeStyle = colour;
  context.strokeRect(x + 1, y + 1, width - 2, height - 2);
}

/** Slanted lines over pixels that no window reads. */
function hatch(context, x, y, width, height) {
  if (width <= 0 || height <= 0) return;
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.fillStyle = "rgb(230 159 0 / 0.35)";
  context.fillRect(x, y, width, height);
  context.strokeStyle = "#e69f00";
  context.lineWidth = 1.5;
  context.beginPath();
  for (let start = x - height; start < x + width; start += 6) {
    context.moveTo(start, y + height);
    context.lineTo(start + height, y);
  }
  context.stroke();
  context.restore();
}

/** The one output pixel: what its window adds up to. */
function sumOf(settings, parts, row, column, made) {
  const [way, result] = sumTexts(settings, parts, made);
  return [way, element("b", {}, result), ` → pixel (${row}, ${column}) of the feature map`];
}

/** What the cells under the window hold; the largest kernels leave room for the weight only. */
function windowHeading(convolving, size) {
  if (!convolving) return "Under the window";
  return size > MEDIUM_KERNEL ? "Window: weights; point for pixel × weight" : "Window: pixel × weight = product";
}

/** The size formula with the numbers put in, and the pixels that the floor leaves out. */
function formula(settings, why) {
  const { height, width, size, padding, stride, dilation } = settings;
  const [rows, columns] = mapSize(settings);
  const sides = height === width ? [["size", height, rows]] : [["height", height, rows], ["width", width, columns]];
  const failing = sides.filter(([, , made]) => made < 1);
  const lines = (failing.length ? failing : sides).map(([name, length, fits]) => {
    const pads = padding === "same" ? `${dilation * (size - 1)}` : `2·${padding}`;
    const made = why ? "none" : fits;
    return element(
      "p",
      {},
      `${name} = ⌊(`,
      element("b", {}, `${length}`),
      " + ",
      element("b", {}, pads),
      " − ",
      element("b", {}, dilation > 1 ? `${dilation}·(${size} − 1)` : `${size}`),
      dilation > 1 ? " − 1) / " : ") / ",
      element("b", {}, `${stride}`),
      "⌋ + 1 = ",
      element("b", { class: why ? "result none" : "result" }, `${made}`),
    );
  });
  const covered = dilation > 1 ? "dilation·(kernel − 1) − 1" : "kernel";
  const words = `⌊(input + padding on both sides − ${covered}) / stride⌋ + 1`;
  const parts = [...lines, element("p", { class: "quiet" }, `size = ${words}`)];
  parts.push(element("p", { class: "left-out" }, why ? " " : leftOut(settings)));
  return parts;
}

function leftOut({ height, width, size, padding, stride, dilation }) {
  const [rows, columns] = [height, width].map((length) => unread(length, size, padding, stride, dilation));
  if (!rows && !columns) return " ";
  const named = (count, thing) => (count === 1 ? `last ${thing}` : `last ${count} ${thing}s`);
  const both = rows && columns ? `${named(columns, "column")} and ${named(rows, "row")}` : columns ? named(columns, "column") : named(rows, "row");
  return `The floor leaves pixels out: the ${both} (hatched) are read by no window.`;
}

export default { render };
