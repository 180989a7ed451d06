// The image that the network sees, measured: its box and its centre of mass make the preparation visible.

import { element, svgElement } from "./dom.js";
import { grey, paint } from "./colours.js";

const PIXELS = 28; // of the network's image, each way
const BOX = 20; // pixels of the longer side of MNIST's digits
const MIDDLE = 14.5; // where MNIST puts the centre of mass: see cnnlab.data.drawing

/** The part of an image with ink: left and top edge, width and height in pixels; null without ink. */
export function inkBox(image, side = PIXELS) {
  let [left, top, right, bottom] = [side, side, -1, -1];
  image.forEach((level, place) => {
    if (level === 0) return;
    const [x, y] = [place % side, Math.floor(place / side)];
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
  });
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Where the ink would balance, in pixels from the upper left corner; null without ink. */
export function centreOfMass(image, side = PIXELS) {
  let [sum, x, y] = [0, 0, 0];
  image.forEach((level, place) => {
    sum += level;
    x += level * ((place % side) + 0.5);
    y += level * (Math.floor(place / side) + 0.5);
  });
  return sum === 0 ? null : [x / sum, y / sum];
}

/** What there is to say about the preparation of an image, measured on it. */
export function aboutImage(image) {
  const box = inkBox(image);
  if (!box) return "";
  const [x, y] = centreOfMass(image);
  const away = Math.hypot(x - MIDDLE, y - MIDDLE);
  const sizes = `The ink is ${box.width} pixels wide and ${box.height} high`;
  return `${sizes}; its centre of mass is ${away.toFixed(1)} pixels from the middle.`;
}

/** The image as the network sees it, with the box, the middle and the centre of mass drawn over it. */
export function seenImage() {
  const canvas = element("canvas", { role: "img", "aria-label": "what the network sees: nothing yet" });
  const box = svgElement("rect", { class: "seen-box" });
  const middle = svgElement("path", {
    class: "seen-middle",
    d: `M ${MIDDLE} 0 V ${PIXELS} M 0 ${MIDDLE} H ${PIXELS}`,
  });
  const cross = svgElement("path", { class: "seen-cross", d: "M -1.3 0 H 1.3 M 0 -1.3 V 1.3" });
  const sizes = { viewBox: `0 0 ${PIXELS} ${PIXELS}`, "aria-hidden": "true" };
  const marks = svgElement("svg", sizes, middle, box, cross);
  const node = element("div", { class: "seen" }, canvas, marks);
  function show(image, prepared) {
    paint(canvas, PIXELS, PIXELS, 9, (place, row) => grey(image[row * PIXELS + place] ?? 0, 0, 255));
    canvas.style.width = canvas.style.height = "100%";
    const found = inkBox(image);
    for (const mark of [box, cross]) mark.style.display = found ? "" : "none";
    canvas.setAttribute("aria-label", `what the network sees. ${aboutImage(image) || "Nothing yet."}`);
    if (!found) return;
    const [width, height] = prepared ? [BOX, BOX] : [found.width, found.height];
    const left = found.left + (found.width - width) / 2;
    const top = found.top + (found.height - height) / 2;
    const edges = { x: left, y: top, width, height };
    for (const [name, value] of Object.entries(edges)) box.setAttribute(name, value);
    cross.setAttribute("transform", `translate(${centreOfMass(image).join(" ")})`);
  }
  return { node, show };
}
