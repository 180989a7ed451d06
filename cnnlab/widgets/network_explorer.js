// The NetworkExplorer: volumes drawn to scale, the controls under the block they change, every layer's
// numbers, and the code. All is computed here; Python only says what `explain` finds in a wrong fc1.
import { analysed, product } from "./network_sizes.js";
import { fc1Words, networkCode } from "./network_words.js";
import { arranged, networkColumns, networkShapes } from "./network_drawing.js";
import { blockColumn, headColumn, header, presetName, rowLabels } from "./network_controls.js";
import { codePart, layerTable, sentence } from "./network_table.js";
import { element, frame, grouped, sendChanges, svgElement } from "./dom.js";
import { UNHEARD_CHANGES, kernelLine, tell } from "./kernel_line.js";

const NARROWEST = 540; // pixels; on a phone the drawing is made smaller as a whole
const PATIENCE = 250; // milliseconds of rest before Python is asked, and before a screen reader is told
const HINT =
  "Sizes are to scale, depth is channels, a bar's length the square root of its numbers; blue layers have " +
  "weights. Point at a layer to see what one of its units sees.";

function render({ model, el }) {
  const { root, stop } = frame({ model, el }, "Network explorer", "network_explorer");
  const line = kernelLine(model, UNHEARD_CHANGES);
  root.append(line.node);
  let lit = null; // the row that is looked at
  let made = analysed(model.get("settings"));
  let timer = 0;
  let teller = 0;
  let width = NARROWEST; // of the drawing; measured when it changes, not at every key
  const kept = []; // blocks that were taken away, for when they come back

  const change = (values) => tell(model, { ...values, problem: "" });
  const set = (values) => change({ settings: { ...model.get("settings"), ...values } });

  const top = header(model, change, set, kept);
  const picture = svgElement("svg", { class: "network-drawing", role: "img" });
  const status = element("p", { class: "network-status" });
  const told = element("p", { class: "network-hidden", "aria-live": "polite" });
  const controls = element("div", { class: "network-controls" });
  const head = headColumn(model, change, set);
  const says = element("pre", { class: "network-says", "aria-live": "polite" });
  const table = layerTable(look);
  const code = codePart();
  root.append(top.node, picture, status, controls, says, table.node, code.node, told);

  // ---- what is shown -----------------------------------------------------------------------------

  let columns = [];
  function refresh() {
    const settings = model.get("settings");
    if (!settings?.blocks?.length) return; // Python refuses that, and sends the last good ones
    made = analysed(settings);
    made.broken = isWrong();
    if (lit !== null && lit >= made.rows.length) lit = null;
    if (columns.length !== settings.blocks.length) {
      columns = settings.blocks.map((_, index) => blockColumn(index, model, change));
      controls.replaceChildren(...rowLabels(), ...columns.flatMap((column) => column.nodes), head.node);
    }
    columns.forEach((column, index) => column.show(settings.blocks[index]));
    const name = presetName(model.get("presets"), settings);
    top.show(settings, made, name);
    head.show(settings, made);
    table.show(isWrong() ? withWrongFc1(made, model.get("fc1")) : made);
    code.show(networkCode(made, name || "A network of my own"));
    draw();
    answer();
    speak();
  }

  function draw() {
    const blocks = model.get("settings").blocks.length;
    const arrangement = arranged(made, width, blocks);
    const { left, blocks: middle, head: right } = networkColumns(width, blocks);
    const tracks = [left, ...middle, right].map((track) => `${track.toFixed(1)}px`);
    controls.style.setProperty("--network-columns", tracks.join(" "));
    controls.style.setProperty("--network-slider", `${Math.min(...middle) - 72}px`); // one length for all
    picture.setAttribute("viewBox", `0 0 ${width} ${arrangement.height}`);
    picture.setAttribute("aria-label", described(made));
    picture.replaceChildren(...networkShapes(made, arrangement, lit));
    const problem = lit === null ? made.problem : made.rows[lit].problem;
    status.textContent = lit === null ? made.problem || HINT : sentence(made.rows[lit]);
    status.classList.toggle("wrong", Boolean(problem));
  }

  /** Look at a row, or at none. */
  function look(index) {
    if (index === lit) return;
    lit = index;
    table.light(lit);
    draw();
  }

  /** Whether fc1 takes another number than arrives there. */
  function isWrong() {
    const inputs = model.get("fc1");
    return !made.problem && inputs !== null && inputs !== made.flatten;
  }

  /** A wrong fc1 in words: our own at once, those of `explain` when Python has answered. */
  function answer() {
    const inputs = model.get("fc1");
    const wrong = isWrong();
    const key = wrong ? JSON.stringify([inputs, model.get("settings")]) : "";
    const given = model.get("answer");
    says.hidden = !wrong;
    if (wrong) says.textContent = (given.key === key && given.text) || fc1Words(made, inputs);
    clearTimeout(timer);
    if (!wrong || model.alone || given.key === key) return;
    timer = setTimeout(() => {
      model.set("asked", { key, inputs });
      sendChanges(model);
    }, PATIENCE);
  }

  /** Tell a screen reader what a change came to, once it rests. */
  function speak() {
    clearTimeout(teller);
    teller = setTimeout(() => {
      told.textContent =
        made.problem || `Flatten ${grouped(made.flatten)}, ${grouped(made.parameters)} parameters.`;
    }, 2 * PATIENCE);
  }

  // ---- pointing, resizing ------------------------------------------------------------------------

  const pointed = (event) => {
    const layer = event.target.closest?.("[data-row]");
    look(layer ? Number(layer.dataset.row) : null);
  };
  picture.addEventListener("pointerover", pointed);
  picture.addEventListener("pointerdown", pointed);
  picture.addEventListener("pointerleave", () => look(null));

  const events = "change:settings change:fc1 change:answer";
  model.on(events, refresh);
  const measured = new ResizeObserver(([{ contentRect }]) => {
    width = Math.max(NARROWEST, contentRect.width);
    draw();
  });
  measured.observe(root);
  refresh();
  return () => {
    line.stop();
    stop();
    clearTimeout(timer);
    clearTimeout(teller);
    measured.disconnect();
    model.off(events, refresh);
  };
}

/** The rows as they are, but for fc1, which says what it gets and what it takes. */
function withWrongFc1(made, inputs) {
  const arithmetic = `gets ${grouped(made.flatten)}, takes ${grouped(inputs)}: does not fit`;
  const rows = made.rows.map((row) => (row.name === "fc1" ? { ...row, arithmetic } : row));
  return { ...made, rows };
}

/** The drawing in words. */
function described({ rows, problem }) {
  const drawn = rows.filter((row) => row.on === null && row.shape);
  const sizes = drawn.map((row) => `${row.name} ${product(row.shape)}`);
  return `The network drawn to scale: ${sizes.join(", ")}. ${problem}`.trim();
}

export default { render };
