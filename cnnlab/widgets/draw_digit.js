// Draw a digit: the pad, what the network sees of it, the probabilities and the feature maps.

import { button, element, frame, newId, numbers, percentText, post, select, slider } from "./dom.js";
import { grey, paint } from "./colours.js";
import { silenceText } from "./kernel_line.js";
import { drawingPad } from "./pad.js";
import { aboutImage, seenImage } from "./seen_image.js";

const EVERY = 80; // ms between two questions while the pen is down
const PATIENCE = 3000; // ms until a kernel that does not answer is mentioned
const ALONE = "The network needs a running kernel: on this page you can draw, and nothing more.";

/** The index of the largest number. */
export function winner(values) {
  return values.reduce((best, value, place) => (value > values[best] ? place : best), 0);
}

/** What the models answer, as a sentence for who does not see the bars. */
export function spoken(names, answers) {
  const said = (name, i) => `${name}: ${winner(answers[i])}, ${percentText(Math.max(...answers[i]))}.`;
  return names.map(said).join(" ");
}

/** Milliseconds to wait before the next question: none if the last one is answered and long enough ago. */
export function pauseBefore(now, last, waiting) {
  return waiting ? EVERY : Math.max(0, last + EVERY - now);
}

/** Ten rows of bars, a column for each model; the winner is bold. */
function answerTable(names) {
  const verdicts = names.map(() => element("span", { class: "verdict number" }, "–"));
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, element("span", { class: "unseen" }, "digit")),
    ...names.map((name, i) => element("th", { scope: "col" }, element("span", {}, name), verdicts[i])),
  );
  const cells = names.map((_, i) =>
    Array.from({ length: 10 }, () => {
      const bar = element("span", { class: `bar model-${i}` });
      const text = element("span", { class: "number share" });
      const node = element("td", {}, element("span", { class: "track", "aria-hidden": "true" }, bar), text);
      return { node, bar, text };
    }),
  );
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const name = element("th", { scope: "row" }, String(digit));
    return element("tr", {}, name, ...cells.map((column) => column[digit].node));
  });
  const body = element("tbody", {}, ...rows);
  const node = element("table", { class: "answers" }, element("thead", {}, head), body);
  function show(answers) {
    names.forEach((_, i) => {
      const best = answers ? winner(answers[i]) : -1;
      verdicts[i].textContent = answers ? String(best) : "–";
      cells[i].forEach(({ node: cell, bar, text }, digit) => {
        bar.style.width = answers ? `${100 * answers[i][digit]}%` : "0";
        text.textContent = answers ? percentText(answers[i][digit]).replace(" %", "") : "";
        cell.classList.toggle("best", digit === best);
      });
    });
  }
  return { node, show };
}

/** The feature maps of one layer at a time, on one grey scale. */
function mapTiles(layers, names) {
  if (layers.length === 0) {
    const who = names.length === 1 ? `${names[0]} has` : "These models have";
    const text = `${who} no convolution, so there are no feature maps.`;
    return { node: element("p", { class: "quiet" }, text), show() {} };
  }
  const several = new Set(layers.map((row) => row.model)).size > 1;
  const options = layers.map((row, i) => [
    String(i),
    `${several ? `${row.model}, ` : ""}${row.layer}: ${row.channels} × ${row.height} × ${row.width}`,
  ]);
  const tiles = element("div", { class: "tiles", role: "img" });
  const note = element("span", { class: "quiet" });
  let bytes = new Uint8Array(0);
  const choice = select({ label: "Feature maps of", options, value: "0", onChange: draw });
  const node = element("div", {}, element("div", { class: "row" }, choice.node, note), tiles);
  function draw() {
    const { layer, model, channels, shown, height, width } = layers[Number(choice.value)];
    const sizes = layers.map((row) => row.shown * row.height * row.width);
    const start = sizes.slice(0, Number(choice.value)).reduce((sum, size) => sum + size, 0);
    const which = shown < channels ? `the first ${shown} of ${channels} channels, ` : "";
    const scale = `${which}after ReLU; black is 0, white the layer's largest number`;
    note.textContent = bytes.length ? scale : "nothing is read yet";
    const what = `${shown} feature maps of ${model}'s ${layer}`;
    tiles.setAttribute("aria-label", `${what}, ${height} × ${width} pixels each`);
    while (tiles.children.length > shown) tiles.lastChild.remove();
    while (tiles.children.length < shown) tiles.append(element("canvas"));
    [...tiles.children].forEach((canvas, channel) => {
      const from = start + channel * height * width;
      if (bytes.length) paint(canvas, width, height, 4, (x, y) => grey(bytes[from + y * width + x], 0, 255));
      else [canvas.width, canvas.height] = [width, height]; // as dark as the empty pad
      canvas.style.width = canvas.style.height = ""; // the style sheet makes all tiles alike
    });
  }
  draw();
  return {
    node,
    show(made) {
      bytes = made;
      draw();
    },
  };
}

/** Two buttons of which one is down: how the ink becomes 28 × 28 pixels. */
function preparationSwitch(value, onChange) {
  const options = [
    ["mnist", "as MNIST was", "cut out, scaled to 20 pixels, centred by its mass"],
    ["naive", "plain resize", "the whole pad, scaled to 28 × 28 pixels"],
  ];
  const buttons = options.map(([key, text, title]) =>
    button(text, () => onChange(key), { pressed: key === value, title }),
  );
  const named = { class: "switch", role: "group", "aria-label": "How the ink is prepared" };
  const node = element("div", named, ...buttons);
  return {
    node,
    set value(key) {
      buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(options[i][0] === key)));
    },
  };
}

function render({ model, el }) {
  const { root, stop } = frame({ model, el }, "Draw a digit", "draw_digit");
  const names = model.get("names");
  const help = element(
    "p",
    { class: "quiet help", id: newId("help") },
    "Mouse or finger. Keys: arrows move the pen, Space puts it down and lifts it, " +
      "Backspace undoes, Escape clears.",
  );
  const status = element("p", { class: "quiet status" });
  const live = element("p", { class: "unseen", "aria-live": "polite" });
  const seen = seenImage();
  const facts = element("p", { class: "quiet facts" });
  const table = answerTable(names);
  let tiles = mapTiles(model.get("layers"), names);
  const maps = element("div", { class: "maps" }, tiles.node);
  let asked = model.get("asked"); // the number of this view's last question
  let pixels = null; // the ink that this view sent last
  let finished = true; // whether that question came with the pen lifted
  let last = -Infinity; // when it was asked
  let patience = 0;
  let later = 0;

  function ask(bytes, done) {
    window.clearTimeout(later);
    later = 0;
    last = performance.now();
    pixels = new DataView(bytes().buffer);
    model.set("pixels", pixels);
    send(done, {}, [pixels]);
  }
  function say(text, gone = false) {
    status.textContent = text;
    status.classList.toggle("gone", gone);
  }
  /** Ask with a message: a change of the state would wait until the kernel is done with the one before. */
  function send(done, more, buffers) {
    finished = done;
    asked = Math.max(asked, model.get("asked"), model.get("answered")) + 1;
    root.dataset.asked = asked;
    model.set("asked", asked);
    if (model.alone) return forget();
    window.clearTimeout(patience);
    patience = window.setTimeout(() => {
      if (model.get("answered") !== asked) forget(silenceText(model), true);
    }, PATIENCE);
    if (!post(model, { asked, ...more }, undefined, buffers)) forget(silenceText(model), true);
  }
  const pad = drawingPad({
    describedBy: help.id,
    onInk(bytes, done) {
      if (done) ask(bytes, true);
      else if (!later) {
        const again = () => {
          later = 0;
          const wait = pauseBefore(performance.now(), last, model.get("answered") !== asked);
          if (wait > 0 && !model.alone) later = window.setTimeout(again, wait);
          else ask(bytes, false);
        };
        again();
      }
    },
  });
  const prepare = preparationSwitch(model.get("preparation"), (key) => {
    model.set("preparation", key);
    send(true, { preparation: key });
  });
  const width = slider({
    label: "Pen",
    min: 3,
    max: 20,
    value: 10,
    text: (pixels) => `${pixels} px`,
    hint: "the pen's width; the pad is 140 pixels wide",
    onInput: (pixels) => (pad.width = pixels),
  });

  /** Nobody will answer: show nothing rather than what belongs to other ink. */
  function forget(why = ALONE, gone = false) {
    seen.show(new Uint8Array(0), true);
    facts.textContent = "";
    table.show(null);
    tiles.show(new Uint8Array(0));
    say(why, gone);
  }
  let tilesDue = false;
  /** The maps are many canvases: they wait until the probabilities can be seen. */
  function showTilesSoon() {
    if (tilesDue) return;
    tilesDue = true;
    window.requestAnimationFrame(() =>
      window.setTimeout(() => {
        tilesDue = false;
        tiles.show(numbers(model.get("maps"), Uint8Array));
      }, 0),
    );
  }
  function showAnswer() {
    // the pen is up, and this is the answer to an earlier stroke: the one that counts is on its way
    if (finished && model.get("answered") !== asked && !status.classList.contains("gone")) return;
    window.clearTimeout(patience);
    const image = numbers(model.get("seen"), Uint8Array);
    const flat = numbers(model.get("answer"));
    const answers = flat.length ? names.map((_, i) => [...flat.slice(10 * i, 10 * i + 10)]) : null;
    const prepared = model.get("preparation") === "mnist";
    seen.show(image, prepared);
    boxName.textContent = prepared ? "20 × 20 box" : "the ink";
    facts.textContent = aboutImage(image);
    table.show(answers);
    showTilesSoon();
    const digits = answers?.map(winner);
    const agree = digits?.every((digit) => digit === digits[0]);
    const both = names.length < 2 ? "" : agree ? "Both read the same digit." : "They read different digits.";
    const silence = image.some((level) => level > 0) ? "" : "Nothing is drawn yet."; // or a problem is shown
    say(answers ? both : model.alone ? ALONE : silence);
    if (finished) live.textContent = answers ? spoken(names, answers) : silence;
    root.dataset.answered = model.get("answered");
  }
  function loadPixels() {
    window.clearTimeout(later);
    later = 0;
    pad.load(numbers(model.get("pixels"), Uint8Array));
  }
  let due = false;
  /** Show once what arrives in several traits of one message. */
  function showSoon() {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      showAnswer();
    });
  }
  const listeners = {
    "change:answered": showSoon,
    "change:answer": showSoon,
    "change:seen": showSoon,
    "change:pixels": () => {
      if (model.get("pixels") === pixels) return; // from this pad
      loadPixels(); // from Python, or from another view of the same explorer
      finished = true;
      showSoon();
    },
    "change:asked": () => {
      asked = Math.max(asked, model.get("asked"));
    },
    "change:layers": () => {
      tiles = mapTiles(model.get("layers"), names); // a model was changed
      maps.replaceChildren(tiles.node);
      showSoon();
    },
    "change:preparation": () => {
      prepare.value = model.get("preparation");
    },
  };
  for (const [event, call] of Object.entries(listeners)) model.on(event, call);

  const drawing = element(
    "div",
    {},
    element("h3", {}, "Draw a digit"),
    pad.node,
    element("div", { class: "row" }, button("Undo", pad.undo), button("Clear", pad.clear), width.node),
    help,
  );
  const boxName = element("span", { class: "box-name" });
  const legend = element(
    "p",
    { class: "quiet legend" },
    element("span", {}, element("span", { class: "swatch box-swatch", "aria-hidden": "true" }), boxName),
    element("span", {}, element("span", { class: "swatch", "aria-hidden": "true" }, "+"), "centre of mass"),
  );
  const heading = (text) => element("h3", {}, text);
  const seeing = element("div", {}, heading("What the network sees"), seen.node, prepare.node, legend, facts);
  const reads = heading(names.length > 1 ? "What they read, in %" : "What it reads, in %");
  const answering = element("div", { class: "answering" }, reads, table.node, status);
  root.append(
    element("div", { class: "draw-digit" }, drawing, seeing, answering),
    maps,
    live,
  );
  if (numbers(model.get("pixels"), Uint8Array).some((level) => level > 0)) loadPixels();
  showAnswer();
  live.textContent = ""; // nothing has happened yet
  return () => {
    stop();
    window.clearTimeout(patience);
    window.clearTimeout(later);
    for (const [event, call] of Object.entries(listeners)) model.off(event, call);
  };
}

export default { render };
