// The monitor of a training run: what Python sends is shown here; clicks go back as messages.

import { button, checkbox, element, frame, grouped, newId, post, select, slider, svgElement } from "./dom.js";
import { accuracyAxis, lossAxis, panel, sceneOf } from "./training_chart.js";
import { figure, nearest, rateText, roundedSpeed, timeText, typedRate } from "./training_numbers.js";

const PATIENCE = 2000; // ms without an answer to a click
const HEARTBEAT = 5000; // ms between two signs of life while the run is paused
const REST = 2000; // ms between two looks at the kernel while a run goes on
const SILENCES = 8; // questions without an answer, one after the other: a long step may keep Python busy
const HINTS = {
  waiting: "Give this monitor to fit: fit(model, data.train, epochs=2, callbacks=[monitor]).",
  training: "Closing this page does not stop the training. A new learning rate counts from the next step.",
  paused: "Paused: no step is made. Closing this page lets the run go on.",
  stopped: "The model and the History keep what was learnt.",
  done: "Run fit again with this monitor to compare: these curves stay as a faint line.",
  failed: "Mend what is said above, and run fit again.",
};
const UNHEARD =
  "No answer. If the cell still runs, this front end delivers clicks only after it has ended: use the kernel's " +
  "stop button (Interrupt), and what was learnt is kept.";
const LOST =
  "The kernel no longer runs this training: it was restarted or has died. The curves stay until this page is " +
  "loaded anew. Run the cells again from the top, or go on from a checkpoint if fit wrote one (checkpoint=…).";
const ALONE = "There is no kernel on this page: it shows what was stored.";

/** A small heading with a number under it. */
function tile(name) {
  const value = element("span", { class: "value number" }, "–");
  const heading = element("span", { class: "name" }, name);
  const node = element("div", { class: "tile" }, heading, value);
  return {
    node,
    show: (text, called = name) => {
      if (value.textContent !== text) value.textContent = text;
      if (heading.textContent !== called) heading.textContent = called;
    },
  };
}

function swatch(kind, dash) {
  const drawing = svgElement("svg", { width: 34, height: 14, "aria-hidden": "true", class: "plot" });
  drawing.append(svgElement("path", { class: kind, d: "M1 7L33 7", "stroke-dasharray": dash ?? null }));
  if (kind === "validation")
    drawing.append(svgElement("circle", { class: "validation-dot", cx: 17, cy: 7, r: 5 }));
  return drawing;
}

/** Whether an epoch has ended and none was validated: then there is nothing to say of it. */
function without({ epochs }) {
  return epochs.loss.length > 0 && !epochs.loss.some(Number.isFinite);
}

function legendOf(scene) {
  const entry = (text, drawing) => element("li", {}, drawing, text);
  return [
    entry("training, smoothed", swatch("mean")),
    entry(scene.every > 1 ? `mean of every ${scene.every} steps` : "every step", swatch("each")),
    ...(without(scene) ? [] : [entry("validation", swatch("validation"))]),
    ...scene.earlier.map((run) => {
      const best = [...run.epochs.accuracy].filter(Number.isFinite).at(-1);
      const ended = best === undefined ? "" : `, ${figure("accuracy", best)}`;
      return entry(`run ${run.number}: ${run.name}${ended}`, swatch("earlier", run.dash));
    }),
  ];
}

/** Whether a run should be going on, by what Python said last. */
function isRunning(model) {
  return ["training", "paused"].includes(model.get("status").state);
}

/**
 * Watch whether a run was lost: the kernel is dead, or says that it rests and nobody answers, again and again.
 * (A kernel that trains says that it rests, too, after it has heard a message in its second thread; and a long
 * step may keep it from answering.) `onTurn` is called when that changes.
 */
function lifeLine(model, mail, onTurn) {
  let lost = false;
  let silences = 0;
  const turn = (now) => {
    if (now === lost) return;
    lost = now;
    onTurn();
  };
  const look = setInterval(() => {
    const status = model.widget_manager?.kernel?.status;
    if (!isRunning(model)) return;
    if (status === "dead") return turn(true);
    if (status !== "idle") return;
    mail.ask("here", {}, (silent) => {
      silences = silent ? silences + 1 : 0;
      turn(silences >= SILENCES && isRunning(model));
    });
  }, REST);
  const heard = () => {
    silences = 0;
    turn(false);
  };
  model.on("change:status", heard);
  return {
    get lost() {
      return lost;
    },
    stop() {
      clearInterval(look);
      model.off("change:status", heard);
    },
  };
}

/** Messages to the training, each with a number that its answer names. */
function mailbox(model) {
  const view = `${Date.now()}-${Math.random()}`;
  const waiting = new Map();
  let sent = 0;
  /** A request may be answered twice: heard, and refused when its turn came. */
  const answered = (message) => {
    if (!String(message.heard).startsWith(view)) return; // another view's
    const { timer, then } = waiting.get(message.heard) ?? {};
    clearTimeout(timer);
    if (message.refused) waiting.delete(message.heard); // nothing comes after that
    then?.(false, message.refused);
  };
  model.on("msg:custom", answered);
  /** Ask; `then` is told whether there was silence, and otherwise what was refused. */
  const ask = (kind, more, then) => {
    const call = `${view}-${(sent += 1)}`;
    waiting.set(call, { then, timer: setTimeout(() => then(true), PATIENCE) });
    post(model, { kind, call, view, run: model.get("run").number, ...more });
  };
  const sign = (kind) => post(model, { kind, view });
  const [here, gone] = [() => sign("here"), () => sign("gone")];
  const beat = setInterval(() => model.get("status").state === "paused" && here(), HEARTBEAT);
  window.addEventListener("pagehide", gone);
  window.addEventListener("pageshow", here);
  here();
  const stop = () => {
    clearInterval(beat);
    for (const { timer } of waiting.values()) clearTimeout(timer);
    window.removeEventListener("pagehide", gone);
    window.removeEventListener("pageshow", here);
    model.off("msg:custom", answered);
    gone();
  };
  return { ask, stop };
}

function render({ model, el }) {
  const { root, stop: stopFrame } = frame({ model, el }, "Training monitor", "training_monitor");
  let scene = sceneOf(model);
  let pinned = null; // the step that stays chosen; null follows the newest
  let hovered = null;
  let unheard = false;

  const say = (problem) => model.set("problem", problem);
  const mail = mailbox(model);
  const life = lifeLine(model, mail, () => schedule());

  const state = element("span", { class: "state", role: "status" });
  const name = element("span", { class: "quiet run-name" });
  const failure = element("p", { class: "problem", role: "alert", hidden: true });
  const bar = element("div", { class: "bar" });
  const percent = { "aria-label": "Steps done", "aria-valuemin": 0, "aria-valuemax": 100 };
  const track = element("div", { class: "track", role: "progressbar", ...percent }, bar);
  const tiles = {
    epoch: tile("epoch"),
    step: tile("step"),
    lr: tile("learning rate"),
    speed: tile("images/s"),
    left: tile("time left"),
  };

  const paused = () => model.get("status").state === "paused";
  const ask = (kind, more) => {
    say("");
    mail.ask(kind, more, (silent, refused) => {
      unheard = silent;
      if (refused) say(refused);
      schedule();
    });
  };
  const pause = button("Pause", () => ask(paused() ? "resume" : "pause"));
  const halt = button("Stop", () => ask("stop"), { title: "End the run; what was learnt is kept" });
  pause.classList.add("steady");
  const typing = { type: "text", id: newId("rate"), inputmode: "decimal", placeholder: "0.001" };
  const field = element("input", { ...typing, autocomplete: "off" });
  const fieldLabel = element("label", { for: field.id }, "Learning rate");
  const setRate = () => {
    const { rate, problem } = typedRate(field.value);
    say(problem ?? "");
    if (problem === undefined) ask("lr", { lr: rate });
  };
  field.addEventListener("keydown", (event) => event.key === "Enter" && setRate());
  const times = (factor) => {
    const { problem } = typedRate(String(factor * (model.get("status").lr ?? 0)));
    say(problem ?? "");
    if (problem === undefined) ask("lr", { times: factor });
  };
  const rateButtons = [
    button("Set", setRate, { title: "Go on with the learning rate in the field" }),
    button("× ½", () => times(0.5), { title: "Halve the learning rate" }),
    button("× 2", () => times(2), { title: "Double the learning rate" }),
  ];
  const controls = [pause, halt, field, ...rateButtons];
  const hint = element("p", { class: "quiet hint", "aria-live": "polite" });

  const onPoint = (step, kind) => {
    if (!scene.steps.length) return;
    hovered = kind === "pointerleave" ? null : step;
    if (kind === "pointerdown") pinned = nearest(scene.steps, step) === scene.steps.length - 1 ? null : step;
    schedule();
  };
  const panels = [
    panel("loss", "Loss", (shown) => lossAxis(shown, model.get("log_loss")), onPoint),
    panel("accuracy", "Accuracy", () => accuracyAxis(model.get("accuracy_from")), onPoint),
  ];
  const log = checkbox("logarithmic", model.get("log_loss"), (on) => model.set("log_loss", on));
  const startsWith = (given) =>
    [...new Set([0, 50, 80, 90, 95, 98, given])].sort((a, b) => a - b).map((start) => [start, `${start} %`]);
  const from = select({
    label: "from",
    options: startsWith(model.get("accuracy_from")),
    value: model.get("accuracy_from"),
    onChange: (start) => model.set("accuracy_from", Number(start)),
  });
  from.input.setAttribute("aria-label", "Accuracy axis from");
  const charts = [
    [panels[0], "Loss", "mean cross-entropy", log],
    [panels[1], "Accuracy", "share of right answers", from],
  ].map(([chart, title, unit, control]) =>
    element(
      "section",
      { class: "chart" },
      element("div", { class: "head" }, element("h3", {}, title), element("span", {}, unit), control.node),
      chart.node,
    ),
  );
  const legend = element("ul", { class: "legend" });
  const reader = slider({
    label: "Read at step",
    min: 0,
    max: 0,
    value: 0,
    text: (place) => (scene.steps.length ? grouped(scene.steps[place] ?? 0) : "–"),
    onInput: (place) => {
      pinned = place >= scene.steps.length - 1 ? null : scene.steps[place];
      schedule();
    },
  });
  reader.node.classList.add("reader");
  const facts = {
    each: tile("this step"),
    mean: tile("smoothed"),
    validation: tile("validation"),
    lr: tile("learning rate"),
  };

  root.append(
    element("div", { class: "row title" }, state, name),
    failure,
    element("div", { class: "tiles" }, ...Object.values(tiles).map((one) => one.node)),
    track,
    element(
      "div",
      { class: "row buttons" },
      element("div", { class: "control" }, pause, halt),
      element("div", { class: "control" }, fieldLabel, field, ...rateButtons),
    ),
    hint,
    legend,
    element("div", { class: "charts" }, ...charts),
    reader.node,
    element("div", { class: "tiles facts" }, ...Object.values(facts).map((one) => one.node)),
  );

  const showStatus = () => {
    const status = model.get("status");
    const { run } = scene;
    const running = isRunning(model) && !life.lost;
    const known = status.step !== undefined;
    state.textContent = state.dataset.state = life.lost ? "lost" : status.state;
    name.textContent = run.number ? `run ${run.number}: ${run.name}` : "";
    failure.textContent = life.lost ? LOST : (status.message ?? "");
    failure.hidden = !failure.textContent;
    tiles.epoch.show(known ? `${status.epoch} of ${run.epochs}` : "–");
    tiles.step.show(known ? grouped(status.step) + (run.steps ? ` of ${grouped(run.steps)}` : "") : "–");
    tiles.lr.show(known ? rateText(status.lr) : "–");
    tiles.speed.show(status.speed ? grouped(roundedSpeed(status.speed)) : "–");
    tiles.left.show(running ? timeText(status.left) : "–");
    const share = known && run.steps ? (100 * status.step) / run.steps : 0;
    bar.style.width = `${share}%`;
    track.setAttribute("aria-valuenow", Math.round(share));
    pause.textContent = status.state === "paused" ? "Resume" : "Pause";
    for (const control of controls) control.disabled = !running || Boolean(model.alone);
    hint.textContent = model.alone ? ALONE : unheard && running ? UNHEARD : (HINTS[state.dataset.state] ?? "");
    hint.classList.toggle("warn", unheard && running && !model.alone);
  };

  const showFacts = (cursor) => {
    const last = scene.steps.length - 1;
    reader.range(0, Math.max(0, last));
    reader.value = cursor ?? 0;
    reader.input.disabled = last < 1;
    const both = (measure) => (cursor == null ? "–" : measure);
    const step = scene.steps[cursor];
    const epoch = [...scene.epochs.steps].findLastIndex((end) => end <= step);
    const pair = (loss, accuracy) => `${figure("loss", loss)} · ${figure("accuracy", accuracy)}`;
    facts.each.show(
      both(pair(scene.loss.each[cursor], scene.accuracy.each[cursor])),
      scene.every > 1 ? `these ${scene.every} steps` : "this step",
    );
    facts.mean.show(both(pair(scene.loss.mean[cursor], scene.accuracy.mean[cursor])));
    facts.validation.node.hidden = without(scene);
    facts.validation.show(
      both(epoch < 0 ? "–" : pair(scene.epochs.loss[epoch], scene.epochs.accuracy[epoch])),
      epoch < 0 ? "validation" : `validation, epoch ${epoch + 1}`,
    );
    facts.lr.show(both(rateText(scene.rates[cursor] ?? 0)));
  };

  let legendText = "";
  const draw = () => {
    scene = sceneOf(model);
    log.value = model.get("log_loss");
    const start = model.get("accuracy_from");
    if (!from.input.querySelector(`[value="${start}"]`)) from.fill(startsWith(start));
    from.value = start;
    const wanted = hovered ?? pinned;
    const last = scene.steps.length - 1;
    const cursor = last < 0 ? null : wanted === null ? last : nearest(scene.steps, wanted);
    showStatus();
    showFacts(cursor);
    const entries = legendOf(scene);
    const text = entries.map((entry) => entry.textContent).join();
    if (text !== legendText) legend.replaceChildren(...entries); // only when it changes: it is read aloud
    legendText = text;
    for (const chart of panels) chart.draw(scene, wanted === null ? null : cursor);
  };
  let waiting = 0;
  // One picture for all that changed since the last; a page behind others draws nothing.
  const schedule = () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      draw();
    });
  };

  const traits = "run status body tail epochs changes earlier log_loss accuracy_from".split(" ");
  const events = traits.map((trait) => `change:${trait}`).join(" ");
  model.on(events, schedule);
  const watch = new ResizeObserver(schedule);
  watch.observe(root);
  draw();
  return () => {
    cancelAnimationFrame(waiting);
    watch.disconnect();
    model.off(events, schedule);
    mail.stop();
    life.stop();
    stopFrame();
  };
}

export default { render };
