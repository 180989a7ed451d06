// The controls of the NetworkExplorer, each under what it changes.
import { product } from "./network_sizes.js";
import { button, checkbox, element, grouped, newId, select, slider } from "./dom.js";

const MOST_BLOCKS = 3;
const SAME = 6; // the slider's last stop, behind 5 pixels of padding
const MOST_INPUTS = 999999; // of fc1, as in Python
const SLIDERS = [
  ["channels", 1, 64],
  ["kernel", 1, 11],
  ["padding", 0, SAME],
  ["stride", 1, 4],
  ["convolutions", 1, 2],
];
const POOLINGS = [
  ["max", "max"],
  ["avg", "average"],
  ["none", "none"],
];

/** The settings with one value of a block changed; nothing is changed in place. */
export function withBlock(settings, index, values) {
  const blocks = settings.blocks.map((block, place) => (place === index ? { ...block, ...values } : block));
  return { ...settings, blocks };
}

/** The name of the preset that has these settings; "" if none has. */
export function presetName(presets, settings) {
  const names = Object.keys(presets).filter((name) => same(presets[name], settings));
  return names[0] ?? "";
}

function same(one, other) {
  if (one === null || typeof one !== "object") return one === other;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other ?? {}).length && keys.every((key) => same(one[key], other?.[key]));
}

/** Preset, number of blocks, totals. */
export function header(model, change, set, kept) {
  const presets = model.get("presets");
  const chosen = select({
    label: "network",
    options: [...Object.keys(presets), ["", "my own"]],
    value: "",
    onChange: (name) => (name ? change({ settings: presets[name], fc1: null }) : show()),
  });
  const counts = Array.from({ length: MOST_BLOCKS }, (_, index) => index + 1);
  const buttons = counts.map((count) =>
    button(String(count), () => set({ blocks: resized(model.get("settings").blocks, count, kept) }), {
      pressed: false,
      title: `${count} block${count > 1 ? "s" : ""} of convolution and pooling`,
    }),
  );
  const id = newId("blocks");
  const group = element("div", { class: "control network-count", role: "group", "aria-labelledby": id });
  group.append(element("span", { id, class: "quiet" }, "blocks"), ...buttons);
  const totals = element("p", { class: "network-totals" });
  const show = () => {
    chosen.value = presetName(presets, model.get("settings"));
  };
  return {
    node: element("div", { class: "row network-header" }, chosen.node, group, totals),
    show(settings, made, name) {
      chosen.value = name;
      buttons.forEach((node, index) =>
        node.setAttribute("aria-pressed", String(index + 1 === settings.blocks.length)),
      );
      const number = (value) =>
        element("strong", { class: "number" }, value === null ? "—" : grouped(value));
      const counts = [number(made.parameters), " parameters ", number(made.multiplyAdds), " multiply–adds"];
      totals.replaceChildren(...counts);
    },
  };
}

/** More or fewer blocks: one that comes back is as it was, a new one keeps the size of its map. */
export function resized(blocks, count, kept) {
  blocks.forEach((block, index) => (kept[index] = block));
  const last = blocks[blocks.length - 1];
  const sizes = { kernel: 3, padding: 1, stride: 1, dropout: 0 };
  const fresh = { ...last, ...sizes, channels: Math.min(64, 2 * last.channels) };
  return Array.from({ length: count }, (_, index) => blocks[index] ?? kept[index] ?? fresh);
}

/** The names of the rows of controls, under the image. */
export function rowLabels() {
  const names = ["", ...SLIDERS.map(([name]) => name), "pooling", "window", "extras"];
  return names.map((name, row) =>
    element("span", { class: "network-name", "aria-hidden": "true", style: `grid-row:${row + 1}` }, name),
  );
}

/** The controls of one block, in one column. */
export function blockColumn(index, model, change) {
  const where = `of block ${index + 1}`;
  const set = (values) => change({ settings: withBlock(model.get("settings"), index, values) });
  const named = (text) =>
    element("span", {}, text, element("span", { class: "network-hidden" }, ` ${where}`));
  const sliders = SLIDERS.map(([name, min, max]) =>
    slider({
      label: named(name),
      min,
      max,
      value: min,
      onInput: (value) => set({ [name]: name === "padding" && value === SAME ? "same" : value }),
      text: (value) => (name === "padding" && value === SAME ? "same" : String(value)),
    }),
  );
  const pooling = select({
    label: named("pooling"),
    options: POOLINGS,
    value: "max",
    onChange: (value) => set({ pooling: value }),
  });
  const size = slider({
    label: named("pooling window"),
    min: 1,
    max: 4,
    value: 2,
    onInput: (value) => set({ pool_size: value }),
  });
  const norm = checkbox(named("batch norm"), false, (on) => set({ batch_norm: on }));
  const chance = element("span", {}, "0.5");
  const dropout = checkbox(named(element("span", {}, "dropout ", chance)), false, (on) =>
    set({ dropout: on ? 0.5 : 0 }),
  );
  const cells = [
    element("h3", {}, `Block ${index + 1}`),
    ...sliders.map((one) => one.node),
    pooling.node,
    size.node,
    element("div", { class: "network-extras" }, norm.node, dropout.node),
  ];
  cells.forEach((node, row) => {
    node.classList.add("network-cell");
    node.style.gridRow = row + 1;
    node.style.gridColumn = index + 2;
  });
  return {
    nodes: cells,
    show(block) {
      SLIDERS.forEach(([name], place) => {
        sliders[place].value = block[name] === "same" ? SAME : block[name];
      });
      pooling.value = block.pooling;
      size.value = block.pool_size;
      size.input.disabled = block.pooling === "none";
      norm.value = block.batch_norm;
      dropout.value = block.dropout > 0;
      chance.textContent = String(block.dropout || 0.5);
    },
  };
}

/** Flatten, hidden layer, and the field for fc1's inputs. */
export function headColumn(model, change, set) {
  const sum = element("p", { class: "network-flatten" });
  const hidden = slider({
    label: "hidden units",
    min: 0,
    max: 512,
    value: 50,
    onInput: (value) => set({ hidden: value }),
  });
  const relu = checkbox("ReLU after fc1", true, (on) => set({ hidden_relu: on }));
  const id = newId("fc1");
  const verdict = element("p", { class: "network-verdict", id: newId("verdict"), "aria-live": "polite" });
  const field = element("input", {
    type: "number",
    id,
    min: 1,
    max: MOST_INPUTS,
    step: 1,
    "aria-describedby": verdict.id,
    oninput: () => {
      const inputs = Number(field.value);
      if (Number.isInteger(inputs) && inputs >= 1 && inputs <= MOST_INPUTS) return change({ fc1: inputs });
      field.setAttribute("aria-invalid", "true");
      verdict.replaceChildren(element("span", { class: "wrong" }, "a whole number, 1 to 999,999"));
    },
  });
  let shown = null; // what the field was last given
  let leave = () => {}; // a text that is no such number goes when the field is left
  field.addEventListener("blur", () => leave());
  const mend = button("", () => change({ fc1: null }));
  const node = element(
    "div",
    { class: "network-head" },
    element("h3", {}, "Fully connected"),
    element("p", { class: "quiet" }, "flatten"),
    sum,
    hidden.node,
    relu.node,
    element("div", { class: "control network-fc1" }, element("label", { for: id }, "fc1 takes"), field),
    verdict,
  );
  const show = (settings, made) => {
    const { shape } = made.rows.filter((row) => row.shape?.length === 3).pop();
    sum.textContent = made.problem ? "—" : `${product(shape)} = ${grouped(made.flatten)}`;
    hidden.value = settings.hidden;
    relu.value = settings.hidden_relu;
    relu.input.disabled = settings.hidden === 0;
    const inputs = model.get("fc1") ?? made.flatten ?? "";
    const other = Number(field.value) !== inputs;
    const typing = document.activeElement === field && other && inputs === shown; // not yet a number of inputs
    if (other && !typing) field.value = inputs;
    shown = inputs;
    leave = () => Number(field.value) !== inputs && show(settings, made);
    field.disabled = Boolean(made.problem);
    mend.textContent = `take ${grouped(made.flatten ?? 0)}`;
    if (typing) return;
    const wrong = inputs !== made.flatten;
    field.setAttribute("aria-invalid", String(wrong && !made.problem));
    if (made.problem) verdict.replaceChildren(element("span", { class: "quiet" }, "nothing arrives there"));
    else if (wrong) verdict.replaceChildren(element("span", { class: "wrong" }, "does not fit"), " ", mend);
    else verdict.replaceChildren(element("span", { class: "quiet" }, "fits"));
  };
  return { node, show };
}
