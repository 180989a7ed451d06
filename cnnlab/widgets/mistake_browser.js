// Choose among the mistakes of a network by digit and confidence, and see one of them in full.

import { button, element, frame, grouped, numbers, percentText, slider, written } from "./dom.js";
import { css, grey, paint, signed } from "./colours.js";
import { choices, inFirstRow } from "./choices.js";
import { kernelLine, tell } from "./kernel_line.js";
import { layerView } from "./layer_view.js";
import { movedTo } from "./unit_fields.js";
import { bars, decimals, filterText, marginText, softmax } from "./mistake_facts.js";

const QUIET = 120; // milliseconds without another choice, before the nearest images are asked for

/** The counts of all mistakes, label by answer; a cell, row or column chooses them. */
function matrix(model) {
  const { confusion, classes } = model.get("summary");
  const n = confusion.length;
  const short = classes.every((name) => name.length <= 2);
  const name = (place) => (short ? (classes[place] ?? String(place)) : String(place));
  const most = Math.max(1, ...confusion.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const choose = (label, predicted) => {
    const same = model.get("true") === label && model.get("predicted") === predicted;
    tell(model, same ? { true: null, predicted: null } : { true: label, predicted });
  };
  const cell = (label, predicted) => {
    const row = label === null ? "all labels" : `label ${classes[label] ?? label}`;
    const column = predicted === null ? "all answers" : `taken for ${classes[predicted] ?? predicted}`;
    const made = (role, kind, said, text) =>
      element("div", { tabindex: -1, title: said, role, class: kind, "aria-label": said }, text);
    if (label === null && predicted === null) return made("gridcell", "all", "all mistakes", "all");
    if (label === null) return made("columnheader", "head", column, name(predicted));
    if (predicted === null) return made("rowheader", "head", row, name(label));
    if (label === predicted) return made("gridcell", "correct", `${row}, right`, "");
    const count = confusion[label][predicted];
    const node = made("gridcell", "count number", `${row}, ${column}: ${count}`, count ? String(count) : "");
    // the root spreads the small counts, most of which are 1
    if (count) node.style.background = css(signed(Math.sqrt(count), Math.sqrt(most)));
    else node.classList.add("none");
    return node;
  };
  const places = [null, ...Array(n).keys()];
  const cells = places.flatMap((label) =>
    places.map((predicted) => ({ label, predicted, node: cell(label, predicted) })),
  );
  const node = element("div", { role: "grid", class: "matrix", "aria-label": "mistakes by kind" });
  node.style.setProperty("--classes", n);
  for (let start = 0; start < cells.length; start += n + 1) {
    const row = cells.slice(start, start + n + 1).map((one) => one.node);
    node.append(element("div", { role: "row" }, ...row));
  }
  const act = ({ label, predicted }) => {
    if (label === null && predicted === null) tell(model, { true: null, predicted: null });
    else if (label !== predicted) choose(label, predicted);
  };
  const focus = (place) => {
    cells.forEach((one, number) => (one.node.tabIndex = number === place ? 0 : -1));
    cells[place].node.focus({ preventScroll: true });
  };
  cells[0].node.tabIndex = 0;
  cells.forEach((one, place) =>
    one.node.addEventListener("click", () => {
      focus(place);
      act(one);
    }),
  );
  node.addEventListener("keydown", (event) => {
    const place = cells.findIndex((one) => one.node === event.target);
    if (event.key === "Enter" || event.key === " ") act(cells[place]);
    else {
      const next = movedTo(event.key, place, cells.length, n + 1);
      if (next === null) return;
      focus(next);
    }
    event.preventDefault();
  });
  const show = () => {
    for (const one of cells) {
      const chosen = one.label === model.get("true") && one.predicted === model.get("predicted");
      one.node.setAttribute("aria-selected", String(chosen));
    }
  };
  const names = short ? "" : classes.map((word, place) => `${place} ${word}`).join(", ");
  const panel = element("div", { class: "matrix-panel" }, element("h3", {}, "label ↓ taken for →"), node);
  if (names) panel.append(element("p", { class: "quiet names" }, names));
  return { node: panel, show };
}

/** Two sliders for the lowest and the highest confidence; one pushes the other. */
function confidenceRange(model) {
  // from the model: Python may set limits that lie between two steps of a slider
  const percent = (end) => () => `${model.get("confidence")[end]} %`;
  const set = (low, high) => tell(model, { confidence: [low, high] });
  const least = slider({
    label: "confidence from",
    min: 0,
    max: 100,
    value: model.get("confidence")[0],
    text: percent(0),
    onInput: (low) => set(low, Math.max(low, model.get("confidence")[1])),
  });
  const most = slider({
    label: "to",
    min: 0,
    max: 100,
    value: model.get("confidence")[1],
    text: percent(1),
    onInput: (high) => set(Math.min(high, model.get("confidence")[0]), high),
  });
  most.input.setAttribute("aria-label", "confidence to");
  const show = () => ([least.value, most.value] = model.get("confidence"));
  return { nodes: [least.node, most.node], show };
}

/** All mistakes under the filter as small pictures. */
function thumbnails(model) {
  const list = choices({
    role: "listbox",
    label: "mistakes",
    className: "thumbnails",
    columns: inFirstRow,
    onChoose: (number) => tell(model, { index: model.get("gallery").entries[number][0] }),
  });
  const fill = () => {
    const { entries, pixels } = model.get("gallery");
    const { size, classes } = model.get("summary");
    const [height, width] = size;
    const bytes = numbers(pixels, Uint8Array);
    const canvas = element("canvas"); // one for all: a page with hundreds of them is slow to put together
    list.fill(
      entries.map(([index, label, predicted, confidence], number) => {
        const start = number * height * width;
        paint(canvas, width, height, 1, (x, y) => grey(bytes[start + y * width + x], 0, 255));
        const image = element("img", { src: canvas.toDataURL(), alt: "", width: 2 * width, height: 2 * height });
        const kind = `${classes[label] ?? label}→${classes[predicted] ?? predicted}`;
        const sure = percentText(confidence / 100);
        return element(
          "div",
          { class: "thumbnail number", "aria-label": `image ${index}, ${kind}, ${sure}` },
          image,
          element("b", {}, kind),
          element("span", { class: "quiet" }, sure),
        );
      }),
    );
    show();
  };
  const show = () => {
    const { entries } = model.get("gallery");
    list.show(entries.findIndex(([index]) => index === model.get("index")));
  };
  return { node: list.node, fill, show };
}

/** The chosen mistake: what is known of it at once, from the gallery; else from Python's view. */
function chosenMistake(model) {
  const { entries, logits } = model.get("gallery");
  const { classes, confusion } = model.get("summary");
  const number = entries.findIndex(([index]) => index === model.get("index"));
  const n = confusion.length;
  const view = model.get("view");
  if (number < 0 && view.entry?.[0] !== model.get("index")) return null;
  const [index, label, predicted, confidence] = number < 0 ? view.entry : entries[number];
  const scores = number < 0 ? numbers(view.logits) : numbers(logits).slice(number * n, (number + 1) * n);
  return { index, label, predicted, confidence, logits: scores, classes };
}

/** A bar for every logit, with the answer and the label marked in words. */
function logitChart() {
  const node = element("div", { class: "logits number", role: "img" });
  const draw = ({ logits, label, predicted, classes }) => {
    const shares = softmax(logits);
    const { zero, bars: made } = bars(logits);
    node.style.setProperty("--zero", `${100 * zero}%`);
    const rows = made.map(({ start, length }, place) => {
      const role = place === predicted ? "answer" : place === label ? "label" : "";
      return element(
        "div",
        { class: `logit ${role}` },
        element("span", { class: "class" }, classes[place] ?? String(place)),
        element(
          "span",
          { class: "room" },
          element("span", { class: "bar", style: `left:${100 * start}%;width:${100 * length}%` }),
        ),
        element("span", { class: "right" }, decimals(logits[place])),
        element("span", { class: "right quiet" }, percentText(shares[place])),
        element("span", { class: "role" }, role),
      );
    });
    const heads = ["", "", "logit", "probability", ""];
    const top = heads.map((text) => element("span", { class: "right quiet" }, text));
    node.replaceChildren(element("div", { class: "logit heads" }, ...top), ...rows);
    const said = [...logits].map((value, place) => `${classes[place] ?? place}: ${written(value)}`);
    node.setAttribute("aria-label", `the logits; ${said.join(", ")}`);
  };
  return { node, draw };
}

/** The training images most like the chosen one; asked for when the choice has come to rest. */
function nearestImages(model) {
  const body = element("div", { class: "neighbours" });
  const title = element("h3", {}, "nearest training images, pixel by pixel");
  const node = element("div", { class: "nearest" }, title, body);
  let timer = null;
  const draw = () => {
    const index = model.get("index");
    const { train, size, classes } = model.get("summary");
    node.hidden = !train || index === null;
    if (node.hidden) return;
    const found = model.get("nearest");
    if (found.index !== index) {
      clearTimeout(timer);
      if (model.alone) return body.replaceChildren("They are looked for where the notebook runs.");
      timer = setTimeout(() => tell(model, { nearest_of: index }), QUIET);
      body.classList.add("old");
      if (!body.childElementCount) body.replaceChildren(`Looking through ${grouped(train)} images …`);
      return;
    }
    const bytes = numbers(found.pixels, Uint8Array);
    const [height, width] = size;
    body.classList.remove("old");
    body.replaceChildren(
      ...found.entries.map(([place, label, distance], number) => {
        const name = classes[label] ?? label;
        const said = `label ${name}, distance ${distance.toFixed(2)}`;
        const canvas = element("canvas", { role: "img", "aria-label": `training image ${place}, ${said}` });
        const start = number * height * width;
        paint(canvas, width, height, 2.5, (x, y) => grey(bytes[start + y * width + x], 0, 255));
        return element(
          "figure",
          { title: `training image ${place}` },
          canvas,
          element("b", {}, `label ${name}`),
          element("span", { class: "quiet number" }, distance.toFixed(2)),
        );
      }),
    );
  };
  return { node, draw, stop: () => clearTimeout(timer) };
}

/** Everything that needs at least one mistake. */
function browserOf(model) {
  const counts = matrix(model);
  const range = confidenceRange(model);
  const gallery = thumbnails(model);
  const view = layerView(model);
  const chart = logitChart();
  const near = nearestImages(model);
  const total = model.get("summary").n - model.get("summary").correct;

  const count = element("p", { class: "count-text", "aria-live": "polite" });
  const nothing = element("p", { class: "nothing" }, "No mistake of this kind. ");
  const everything = { true: null, predicted: null, confidence: [0, 100] };
  const reset = button("show all mistakes", () => tell(model, everything));
  const title = element("h3", { class: "chosen-title" });
  const margin = element("p", { class: "margin" });
  const heading = element("h3", {}, "why: the logits");
  const why = element("div", { class: "logit-panel" }, heading, chart.node, margin);
  const side = element("div", { class: "channel-side" }, view.channels);
  const detail = element(
    "div",
    { class: "detail" },
    title,
    view.layers,
    element("div", { class: "layer-main" }, view.stage, why),
    element("div", { class: "layer-main" }, side, near.node),
  );
  const controls = element("div", { class: "row" }, ...range.nodes, reset);
  const found = element("div", { class: "gallery" }, controls, count, nothing, gallery.node);
  const choosing = element("div", { class: "choosing" }, counts.node, found);
  const node = element("div", { class: "mistakes" }, choosing, detail);

  const showFilter = () => {
    const { matching, entries } = model.get("gallery");
    const names = ["true", "predicted", "confidence"];
    const filter = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    counts.show();
    range.show();
    const { classes } = model.get("summary");
    count.textContent = `${filterText({ matching, shown: entries.length }, filter, classes, total)}.`;
    nothing.hidden = matching > 0;
    reset.disabled = matching === total;
  };
  const showChosen = () => {
    const chosen = model.get("index") === null ? null : chosenMistake(model);
    detail.hidden = model.get("index") === null;
    gallery.show();
    near.draw();
    if (!chosen) return;
    const { index, label, predicted, confidence, classes } = chosen;
    const sure = percentText(confidence / 100);
    const [one, other] = [classes[label] ?? label, classes[predicted] ?? predicted];
    title.textContent = `image ${index}: label ${one}, taken for ${other} with ${sure}`;
    chart.draw(chosen);
    margin.textContent = marginText(chosen.logits, label, predicted, classes);
  };
  const onIndex = () => {
    const { entries, pixels } = model.get("gallery");
    const number = entries.findIndex(([index]) => index === model.get("index"));
    const [height, width] = model.get("summary").size;
    const size = height * width;
    if (number >= 0) view.preview(numbers(pixels, Uint8Array).subarray(number * size, (number + 1) * size));
    showChosen();
  };
  const onGallery = () => {
    gallery.fill();
    showFilter();
    showChosen();
  };
  const listeners = {
    "change:gallery": onGallery,
    "change:index": onIndex,
    "change:view": showChosen,
    "change:nearest": near.draw,
    "change:true": counts.show,
    "change:predicted": counts.show,
    "change:confidence": range.show,
  };
  for (const [event, call] of Object.entries(listeners)) model.on(event, call);
  onGallery();
  return {
    node,
    focus: () => gallery.node.querySelector('[tabindex="0"]')?.focus({ preventScroll: true }),
    stop() {
      for (const [event, call] of Object.entries(listeners)) model.off(event, call);
      near.stop();
      view.stop();
    },
  };
}

function render({ model, el }) {
  const { root, stop } = frame({ model, el }, "mistake browser", "mistake_browser");
  const explanation = element("p", { class: "explanation" });
  const headline = element("p", { class: "headline number" });
  const line = kernelLine(model);
  root.append(line.node, headline, explanation);
  let browser = null;
  let shown = null; // the summary that `browser` was made of; another one comes with a network trained further
  const show = () => {
    const { n, correct, accuracy } = model.get("summary");
    const missing = model.get("explanation");
    explanation.textContent = missing;
    explanation.hidden = !missing;
    explanation.classList.toggle("code", n === undefined);
    headline.hidden = n === undefined;
    if (n === undefined) return;
    const wrong = n - correct;
    headline.replaceChildren(
      element("b", {}, `${grouped(correct)} of ${grouped(n)} right: ${accuracy.toFixed(2)} %.`),
      wrong ? ` ${grouped(wrong)} mistake${wrong === 1 ? "" : "s"}.` : " There is no mistake to look at.",
    );
    if (shown === model.get("summary") || !model.get("gallery").entries) return;
    shown = model.get("summary");
    const focused = browser?.node.contains(document.activeElement);
    browser?.stop();
    browser?.node.remove();
    browser = wrong ? browserOf(model) : null;
    if (!browser) return;
    root.append(browser.node);
    if (focused) browser.focus();
  };
  const events = ["change:summary", "change:explanation", "change:gallery"];
  events.forEach((event) => model.on(event, show));
  show();
  return () => {
    events.forEach((event) => model.off(event, show));
    browser?.stop();
    line.stop();
    stop();
  };
}

export default { render };
