// The line to Python: what to say in an explorer when no answer comes.

import { element, post, sendChanges } from "./dom.js";

const LINE_REST = 800; // milliseconds after a change until Python is asked whether it is there
const LINE_PATIENCE = 2200; // milliseconds until its silence is told
const BUSY = "Another cell is running: the answer comes when it has ended.";
// a front end may call a kernel idle that is at work in a cell
const GONE =
  "Python does not answer. If another cell is running, the answer comes when it has ended; if none is, run this cell again.";

/** For explorers that go on without a kernel. */
export const UNHEARD_CHANGES =
  "Python does not hear what you change here. If another cell is running, it will when that has ended; if none is, run this cell again.";

const lines = new WeakMap(); // model → what to call when Python was told something

/** Why there is silence, as far as the page knows; a front end may hide its kernel. */
export function silenceText(model) {
  return model.widget_manager?.kernel?.status === "busy" ? BUSY : GONE;
}

/** Change what Python is to know, and send it: from now on a sign of life is waited for. */
export function tell(model, changes = {}) {
  for (const [name, value] of Object.entries(changes)) model.set(name, value);
  sendChanges(model);
  listen(model);
}

/** Wait for a sign of life of Python's, unless it is waited for already. */
export function listen(model) {
  lines.get(model)?.();
}

/**
 * A line of text that appears when Python is silent and goes when it answers. An explorer that computes by
 * itself gives the text for a kernel that is gone: while another cell runs, nothing is amiss with it.
 */
export function kernelLine(model, gone = "") {
  const node = element("p", { class: "problem silence", role: "alert", hidden: true });
  let timer = null;
  const say = (text) => {
    if (node.textContent !== text) node.textContent = text;
    node.hidden = !text;
  };
  const silent = () => {
    timer = null;
    if (!gone) return say(silenceText(model));
    say(silenceText(model) === BUSY ? "" : gone);
  };
  const ask = () => {
    timer = setTimeout(silent, LINE_PATIENCE);
    post(model, { there: true }); // `Explorer` answers with the same
  };
  const heard = (message) => {
    if (!message.there) return;
    clearTimeout(timer);
    timer = null;
    say("");
  };
  if (!model.alone) lines.set(model, () => (timer ??= setTimeout(ask, LINE_REST)));
  model.on("msg:custom", heard);
  return {
    node,
    stop() {
      clearTimeout(timer);
      lines.delete(model);
      model.off("msg:custom", heard);
    },
  };
}
