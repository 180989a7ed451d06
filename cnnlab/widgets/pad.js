// A pad to draw on with mouse, finger or keys: white ink on black, as in MNIST.

import { element } from "./dom.js";

export const INK_SIDE = 140; // pixels of the ink that is handed on
const SURFACE = 560; // pixels of the canvas: four for each of the ink's, so that edges are grey
const KEY_STEP = 2.5; // ink pixels that an arrow key moves the pen: half a pixel of the network's image
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The red of an RGBA picture, side × side, as the means of squares: out × out bytes. */
export function averagedInk(rgba, side, out) {
  const block = side / out;
  const ink = new Uint8Array(out * out);
  for (let row = 0; row < out; row += 1)
    for (let column = 0; column < out; column += 1) {
      let sum = 0;
      for (let y = row * block; y < (row + 1) * block; y += 1)
        for (let x = column * block; x < (column + 1) * block; x += 1) sum += rgba[4 * (y * side + x)];
      ink[row * out + column] = Math.round(sum / (block * block));
    }
  return ink;
}

/** Where the pen is after keys: all arrows that are held count, so two of them draw a slope. */
export function movedPen([x, y], held, step, side = INK_SIDE) {
  let [dx, dy] = [0, 0];
  for (const key of held) {
    dx += DIRECTIONS[key][0];
    dy += DIRECTIONS[key][1];
  }
  const inside = (value) => Math.min(side, Math.max(0, value));
  return [inside(x + step * dx), inside(y + step * dy)];
}

/** A smooth line through the middles between points, ended by the points themselves. */
export function strokePath(context, points, scale) {
  const at = points.map(([x, y]) => [x * scale, y * scale]);
  context.beginPath();
  context.moveTo(...at[0]);
  if (at.length === 1) context.lineTo(...at[0]); // a dot: round ends make it visible
  for (let i = 1; i < at.length - 1; i += 1) {
    const middle = [(at[i][0] + at[i + 1][0]) / 2, (at[i][1] + at[i + 1][1]) / 2];
    context.quadraticCurveTo(...at[i], ...middle);
  }
  if (at.length > 1) context.lineTo(...at[at.length - 1]);
  context.stroke();
}

/**
 * The pad. `onInk(bytes, finished)` is told of new ink at every movement (finished: false) and when
 * the pen is lifted or something else is complete (true); `bytes()` makes the ink's bytes when asked.
 */
export function drawingPad({ onInk, describedBy }) {
  const canvas = element("canvas", { width: SURFACE, height: SURFACE, role: "img" });
  const cursor = element("div", { class: "pad-cursor", "aria-hidden": "true" });
  const node = element(
    "div",
    {
      class: "pad",
      tabindex: 0,
      role: "application", // so that a screen reader hands the arrow keys on
      "aria-label": "Drawing pad",
      "aria-describedby": describedBy,
    },
    canvas,
    cursor,
  );
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const finished = element("canvas", { width: SURFACE, height: SURFACE }); // all but the stroke in hand
  const below = finished.getContext("2d");
  const held = new Set();
  let drawing = { base: null, strokes: [] }; // never changed in place, so that undo can go back to it
  let before = [];
  let stroke = null; // the one in hand: { width, points }
  let pointer = null; // the id of the mouse or finger that draws
  let pen = [INK_SIDE / 2, INK_SIDE / 4];
  let penDown = false; // by key
  let width = 10;

  function drawStroke(on, { width: wide, points }) {
    on.strokeStyle = "#fff";
    on.lineCap = on.lineJoin = "round";
    on.lineWidth = (wide * SURFACE) / INK_SIDE;
    strokePath(on, points, SURFACE / INK_SIDE);
  }
  function paintFinished() {
    below.fillStyle = "#000";
    below.fillRect(0, 0, SURFACE, SURFACE);
    if (drawing.base) {
      const image = new ImageData(INK_SIDE, INK_SIDE);
      drawing.base.forEach((level, place) => image.data.set([level, level, level, 255], 4 * place));
      const small = element("canvas", { width: INK_SIDE, height: INK_SIDE });
      small.getContext("2d").putImageData(image, 0, 0);
      below.imageSmoothingEnabled = false; // each byte comes back as it was
      below.drawImage(small, 0, 0, SURFACE, SURFACE);
    }
    for (const done of drawing.strokes) drawStroke(below, done);
  }
  function show() {
    context.drawImage(finished, 0, 0);
    if (stroke) drawStroke(context, stroke);
    const count = drawing.strokes.length + (stroke ? 1 : 0);
    const strokes = count && `${count} ${count === 1 ? "stroke" : "strokes"}`;
    const ink = [drawing.base && "ink from Python", strokes].filter(Boolean).join(" and ");
    canvas.setAttribute("aria-label", `Your drawing: ${ink || "empty"}`);
  }
  function bytes() {
    return averagedInk(context.getImageData(0, 0, SURFACE, SURFACE).data, SURFACE, INK_SIDE);
  }
  function change(next) {
    before.push(drawing);
    drawing = next;
    paintFinished();
    show();
  }
  function begin(point) {
    stroke = { width, points: [point] };
    show();
    onInk(bytes, false);
  }
  function extend(points) {
    stroke.points.push(...points);
    show();
    onInk(bytes, false);
  }
  function end() {
    if (!stroke) return;
    const done = stroke;
    stroke = null;
    change({ ...drawing, strokes: [...drawing.strokes, done] });
    onInk(bytes, true);
  }
  function showCursor() {
    const share = (value) => `${(100 * value) / INK_SIDE}%`;
    Object.assign(cursor.style, { left: share(pen[0]), top: share(pen[1]), width: share(width) });
    cursor.classList.toggle("down", penDown);
  }
  function liftKeyPen() {
    if (!penDown) return;
    penDown = false;
    end();
    showCursor();
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    const share = INK_SIDE / box.width;
    return [(event.clientX - box.left) * share, (event.clientY - box.top) * share];
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button > 0) return;
    event.preventDefault(); // no text is selected; the focus is moved by hand
    node.focus({ preventScroll: true });
    liftKeyPen();
    pointer = event.pointerId;
    canvas.setPointerCapture?.(pointer);
    pen = place(event);
    showCursor();
    begin(pen);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    extend((all.length ? all : [event]).map(place));
    pen = place(event);
  });
  function release(event) {
    if (event.pointerId !== pointer) return;
    pointer = null;
    showCursor();
    end();
  }
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);

  node.addEventListener("keydown", (event) => {
    if (event.key in DIRECTIONS) {
      held.add(event.key);
      pen = movedPen(pen, held, KEY_STEP * (event.shiftKey ? 4 : 1));
      if (penDown) extend([pen]);
    } else if (event.key === " " || event.key === "Enter") {
      if (event.repeat) return event.preventDefault();
      if (penDown) liftKeyPen();
      else if (pointer === null) {
        penDown = true;
        begin(pen);
      }
    } else if (["Escape", "Delete"].includes(event.key)) pad.clear();
    else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) pad.undo();
    else return;
    event.preventDefault();
    showCursor();
  });
  node.addEventListener("keyup", (event) => held.delete(event.key));
  node.addEventListener("blur", () => {
    held.clear();
    liftKeyPen();
  });

  const pad = {
    node,
    /** Back to before the last stroke, clearing or loading. */
    undo() {
      if (stroke) {
        [stroke, penDown, pointer] = [null, false, null];
      } else if (before.length) drawing = before.pop();
      paintFinished();
      show();
      onInk(bytes, true);
    },
    clear() {
      [stroke, penDown, pointer] = [null, false, null];
      if (drawing.base || drawing.strokes.length) change({ base: null, strokes: [] });
      else show();
      showCursor();
      onInk(bytes, true);
    },
    /** Ink from elsewhere in place of all that is there; nobody is told. */
    load(ink) {
      [stroke, penDown, pointer] = [null, false, null];
      change({ base: ink.some((level) => level > 0) ? ink : null, strokes: [] });
    },
    set width(pixels) {
      width = pixels;
      showCursor();
    },
  };
  paintFinished();
  show();
  showCursor();
  return pad;
}
