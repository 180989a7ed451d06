// Choose an image, a layer and a channel; point at a unit, and what it sees lights up.

import { button, element, frame, grouped, newId, numbers } from "./dom.js";
import { grey, paint } from "./colours.js";
import { kernelLine, tell } from "./kernel_line.js";
import { layerView, mapNumber } from "./layer_view.js";
import { seen, unitAt } from "./unit_fields.js";

const THUMBNAIL = 3; // screen pixels for a pixel of a found image

/** The message for an image number that cannot be; "" if it can. */
export function wrongIndex(text, count) {
  const number = Number(text);
  if (text.trim() !== "" && Number.isInteger(number) && number >= 0 && number < count) return "";
  return `image ${text.trim() || "“”"}: choose a whole number from 0 to ${grouped(count - 1)}.`;
}

/** Number field and buttons that choose the image, and what Python says of the one that `view` draws. */
function imageField(model, view) {
  const id = newId("image");
  const last = () => model.get("count") - 1;
  const go = (index) => tell(model, { index: Math.min(last(), Math.max(0, index)), problem: "" });
  const input = element("input", { type: "number", id, min: 0, max: last(), step: 1 });
  input.value = model.get("index");
  input.addEventListener("input", () => {
    const wrong = wrongIndex(input.value, model.get("count"));
    if (wrong) model.set("problem", wrong);
    else go(Number(input.value));
  });
  const said = element("span", { class: "said", "aria-live": "polite" });
  const show = () => {
    if (Number(input.value) !== model.get("index") && !model.get("problem")) input.value = model.get("index");
    if (said.textContent !== view.said()) said.textContent = view.said();
    said.classList.toggle("late", view.isLate());
  };
  const node = element(
    "div",
    { class: "row" },
    element(
      "div",
      { class: "control" },
      element("label", { for: id }, "image"),
      button("◀", () => go(model.get("index") - 1), { title: "the image before" }),
      input,
      button("▶", () => go(model.get("index") + 1), { title: "the next image" }),
      element("span", { class: "quiet" }, `of ${grouped(last() + 1)}`),
    ),
    said,
  );
  node.querySelectorAll("button").forEach((made) => made.setAttribute("aria-label", made.title));
  return { node, show };
}

/** The images in which the channel answers most strongly. */
function strongImages(model) {
  const node = element("div", { class: "found" });
  const isLate = () => model.get("found").layer !== model.get("layer");
  /** While another layer was sent ahead, Python still has to look for its images. */
  const showLate = () => node.classList.toggle("late", isLate());
  const draw = () => {
    const { layer, searched, entries, pixels } = model.get("found");
    const [height, width] = model.get("view").size ?? [0, 0];
    const entry = model.get("layers").find((known) => known.name === layer);
    node.hidden = !model.get("searching");
    if (node.hidden || !entry) return;
    const bytes = numbers(pixels, Uint8Array);
    showLate();
    node.replaceChildren(
      element("p", { class: "quiet" }, `The strongest of the first ${grouped(searched)} images:`),
      element(
        "div",
        { class: "strong-images" },
        ...entries.map(([index, row, column, value], number) => {
          const canvas = element("canvas", { "aria-hidden": "true" });
          const start = number * height * width;
          const unit = entry.shape.length === 3 ? [row, column] : unitAt(entry, model.get("unit")[1]);
          const patch = seen(entry, unit, height, width);
          const inside = (x, y) =>
            patch &&
            x >= patch.left &&
            x < patch.left + patch.width &&
            y >= patch.top &&
            y < patch.top + patch.height;
          paint(canvas, width, height, THUMBNAIL, (x, y) => {
            const level = grey(bytes[start + y * width + x], 0, 255);
            return !patch || inside(x, y) ? level : level.map((part) => Math.round(0.4 * part + 60));
          });
          const made = button("", () => tell(model, isLate() ? { index } : { index, unit }));
          made.setAttribute("aria-label", `image ${index}, ${mapNumber(value)}`);
          made.append(canvas, element("span", { class: "number" }, mapNumber(value)));
          return made;
        }),
      ),
    );
  };
  return { node, draw, showLate };
}

function render({ model, el }) {
  const { root, stop } = frame({ model, el }, "activation browser", "activation_browser");
  const line = kernelLine(model);
  const view = layerView(model);
  const field = imageField(model, view);
  const strong = strongImages(model);
  const explanation = element("p", { class: "explanation" });
  const peak = button("strongest unit", () => view.strongest());
  const search = button("strongest images", () => tell(model, { searching: !model.get("searching") }), {
    pressed: model.get("searching"),
    title: "the images in which this channel has its largest numbers",
  });
  const actions = element("div", { class: "row actions" }, peak, search);
  const side = element("div", { class: "side" }, view.channels, actions);
  root.append(
    line.node,
    field.node,
    explanation,
    view.layers,
    element("div", { class: "layer-main" }, view.stage, side),
    strong.node,
  );
  const show = () => {
    const missing = model.get("explanation");
    const broken = model.get("layers").length === 0;
    explanation.textContent = missing;
    explanation.hidden = !missing;
    explanation.classList.toggle("code", broken);
    actions.hidden = broken;
    search.setAttribute("aria-pressed", String(model.get("searching")));
    field.show();
  };
  const onFound = () => {
    show();
    strong.draw();
  };
  const changes = ["view", "explanation", "layers", "problem", "index", "ahead"];
  const events = changes.map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, show));
  model.on("change:layer", strong.showLate);
  model.on("change:found", onFound);
  model.on("change:searching", onFound);
  onFound();
  return () => {
    events.forEach((event) => model.off(event, show));
    model.off("change:layer", strong.showLate);
    model.off("change:found", onFound);
    model.off("change:searching", onFound);
    view.stop();
    line.stop();
    stop();
  };
}

export default { render };
