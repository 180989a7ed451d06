// What the explorers build their pages from: elements, controls with names, the frame around a widget.

const SVG = "http://www.w3.org/2000/svg";

/** A new HTML element; attributes as in HTML, `on…` as listeners, children as nodes or text. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svgElement(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** An id that no other element on the page has, for labels; each explorer brings its own copy of this file. */
export function newId(word) {
  globalThis.cnnlabIds = (globalThis.cnnlabIds ?? 0) + 1;
  return `cnnlab-${word}-${globalThis.cnnlabIds}`;
}

/**
 * The frame of an explorer: a named region that keeps its keys to itself (JupyterLab would take the
 * arrows) and shows the model's `problem`, whoever found it. `kind` is the script's name without ".js": the
 * explorer's CSS holds for it alone.
 */
export function frame({ model, el }, name, kind) {
  const problem = element("p", { class: "problem", role: "alert" });
  const root = element("div", { class: `cnnlab ${kind}`, role: "group", "aria-label": name });
  for (const kind of ["keydown", "keyup", "keypress"])
    root.addEventListener(kind, (event) => event.stopPropagation());
  const show = () => {
    problem.textContent = model.get("problem");
    problem.hidden = !model.get("problem");
  };
  model.on("change:problem", show);
  show();
  el.replaceChildren(root);
  root.append(problem);
  return { root, stop: () => model.off("change:problem", show) };
}

/** A slider with its name before and its number behind it; `value` can be read and set. */
export function slider({ label, min, max, value, step = 1, onInput, text = String, hint = "" }) {
  const id = newId("slider");
  const input = element("input", { type: "range", id, min, max, step, value, title: hint || null });
  const output = element("output", { for: id });
  const show = () => {
    output.textContent = text(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    show();
    onInput(Number(input.value));
  });
  show();
  const node = element("div", { class: "control slider" }, element("label", { for: id }, label), input, output);
  return {
    node,
    input,
    get value() {
      return Number(input.value);
    },
    set value(number) {
      input.value = number;
      show();
    },
    /** Another range; the number moves to its nearest end if it lies outside. */
    range(lowest, highest) {
      input.min = lowest;
      input.max = highest;
      show();
    },
  };
}

/** A drop-down list; options are texts, or [value, text]. */
export function select({ label, options, value, onChange }) {
  const id = newId("select");
  const input = element("select", { id, onchange: () => onChange(input.value) });
  const fill = (list) => {
    const pairs = list.map((option) => (Array.isArray(option) ? option : [option, option]));
    input.replaceChildren(...pairs.map(([key, text]) => element("option", { value: key }, text)));
  };
  fill(options);
  input.value = value;
  const node = element("div", { class: "control" }, element("label", { for: id }, label), input);
  return {
    node,
    input,
    fill,
    get value() {
      return input.value;
    },
    set value(key) {
      input.value = key;
    },
  };
}

/** A button; pass `pressed` (true or false) for one that stays down. */
export function button(text, onClick, { pressed, title } = {}) {
  const node = element("button", { type: "button", title: title ?? null, onclick: onClick }, text);
  if (pressed !== undefined) node.setAttribute("aria-pressed", String(pressed));
  return node;
}

/** A check box with its name. */
export function checkbox(label, checked, onChange) {
  const id = newId("check");
  const input = element("input", { type: "checkbox", id, onchange: () => onChange(input.checked) });
  input.checked = checked;
  const node = element("div", { class: "control check" }, input, element("label", { for: id }, label));
  return {
    node,
    input,
    get value() {
      return input.checked;
    },
    set value(on) {
      input.checked = on;
    },
  };
}

/** The bytes of a trait (a DataView, in a notebook) as numbers of one kind. */
export function numbers(view, Kind = Float32Array) {
  if (!view) return new Kind(0);
  const bytes = new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
  return new Kind(bytes.slice().buffer); // a copy starts at 0, where floats may stand
}

/** A number as people write it: short, with a true minus, never "−0". */
export function written(value, digits = 2) {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const rounded = Number(value.toFixed(digits));
  return String(Object.is(rounded, -0) ? 0 : rounded).replace("-", "−");
}

/** A share of 1 as percent: never 100.0 % for what is less. */
export function percentText(share) {
  const percent = 100 * share;
  if (percent >= 99.95 && percent < 100) return "> 99.9 %";
  if (percent > 0 && percent < 0.05) return "< 0.1 %";
  return `${percent.toFixed(1)} %`;
}

/** A whole number with commas, as 21,840. */
export function grouped(value) {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Whether something could be sent: where the line to the kernel is cut, "Cannot send" is thrown. */
function couldSend(send) {
  try {
    send();
    return true;
  } catch {
    return false;
  }
}

/** Send what changed to Python. Where the kernel is gone nobody hears it, and the explorer goes on. */
export function sendChanges(model) {
  return couldSend(() => model.save_changes());
}

/** Send a message to Python: its content, callbacks and buffers; whether the line is there. */
export function post(model, ...message) {
  return couldSend(() => model.send(...message));
}
