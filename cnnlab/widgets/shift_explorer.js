// Move an image by whole pixels and watch its distance to the average image of each class.

import { button, element, frame, newId, numbers, slider } from "./dom.js";
import { grey, paint, signed } from "./colours.js";
import { UNHEARD_CHANGES, kernelLine, tell } from "./kernel_line.js";

/** The image moved by whole pixels; what comes in from outside is 0. */
export function movedImage(pixels, height, width, dx, dy) {
  const moved = new Float32Array(height * width);
  for (let row = Math.max(0, dy); row < Math.min(height, height + dy); row += 1)
    for (let column = Math.max(0, dx); column < Math.min(width, width + dx); column += 1)
      moved[row * width + column] = pixels[(row - dy) * width + column - dx];
  return moved;
}

/** The distance to each average: the root of the sum of squared differences, in units of 255. */
export function distancesTo(image, averages) {
  const found = [];
  for (let start = 0; start < averages.length; start += image.length) {
    let sum = 0;
    for (let place = 0; place < image.length; place += 1)
      sum += (image[place] - averages[start + place]) ** 2;
    found.push(Math.sqrt(sum) / 255);
  }
  return found;
}

/** The place of the smallest number, the first of equal ones. */
export function smallest(values) {
  return values.reduce((best, value, place) => (value < values[best] ? place : best), 0);
}

/** The largest distance that any move makes: the scale of all bars, so that they can be compared. */
export function longestDistance(pixels, averages, height, width, [right, down]) {
  let longest = 0;
  for (let dy = -down; dy <= down; dy += 1)
    for (let dx = -right; dx <= right; dx += 1) {
      const image = movedImage(pixels, height, width, dx, dy);
      longest = Math.max(longest, ...distancesTo(image, averages));
    }
  return longest || 1;
}

/** A number that stays between −most and most. */
function within(most, number) {
  return Math.min(most, Math.max(-most, number)) || 0;
}

/** How far the image was moved, in words. */
export function moveText(dx, dy) {
  const parts = [];
  if (dx) parts.push(`${Math.abs(dx)} to the ${dx > 0 ? "right" : "left"}`);
  if (dy) parts.push(`${Math.abs(dy)} ${dy > 0 ? "down" : "up"}`);
  return parts.length ? `moved ${parts.join(", ")}` : "not moved";
}

/** A picture with its title above it. */
function pictureOf(title) {
  const canvas = element("canvas", { role: "img" });
  const heading = element("h3", {}, title);
  return { canvas, heading, node: element("div", { class: "picture" }, heading, canvas) };
}

function render({ model, el }) {
  const { root, stop } = frame({ model, el }, "shift explorer", "shift_explorer");
  const [height, width] = model.get("size");
  const [right, down] = model.get("farthest");
  const pixels = numbers(model.get("pixels"));
  const averages = numbers(model.get("averages"));
  const classes = averages.length / pixels.length;
  const longest = longestDistance(pixels, averages, height, width, [right, down]);
  const clean = (number, most) => within(most, Number.isInteger(number) ? number : 0);

  const move = (dx, dy) => tell(model, { dx: within(right, dx), dy: within(down, dy) });
  const line = kernelLine(model, UNHEARD_CHANGES);
  const pixelText = (number) => String(number).replace("-", "−");
  const across = slider({
    label: "to the right",
    min: -right,
    max: right,
    value: 0,
    text: pixelText,
    onInput: (dx) => move(dx, model.get("dy")),
  });
  const along = slider({
    label: "down",
    min: -down,
    max: down,
    value: 0,
    text: pixelText,
    onInput: (dy) => move(model.get("dx"), dy),
  });
  const back = button("move it back", () => move(0, 0));

  const image = pictureOf("the image");
  const nearest = pictureOf("");
  const difference = pictureOf("their difference");
  const colours = "orange where only the image has ink, blue where only the average";
  difference.canvas.setAttribute("aria-label", colours);
  const hintId = newId("hint");
  const hint = element("p", { class: "quiet", id: hintId });
  hint.textContent = "Drag the digit, or use the arrow keys on it.";
  const hand = element("div", { class: "hand", tabindex: 0, role: "application" });
  hand.setAttribute("aria-describedby", hintId);
  hand.setAttribute("aria-label", "the image, to be moved");
  image.canvas.replaceWith(hand);
  hand.append(image.canvas);

  const bars = Array.from({ length: classes }, (_, label) => {
    const bar = element("span", { class: "bar" });
    const value = element("span", { class: "right" });
    const said = element("span", { class: "said" });
    const room = element("span", { class: "room" }, bar);
    const node = element("div", { class: "distance" }, element("span", {}, String(label)), room, value, said);
    return { node, bar, value, said };
  });
  const answer = element("p", { class: "answer", "aria-live": "polite" });
  const chart = element("div", { class: "distances number" }, element("h3", {}, "distance to each average"));
  chart.append(...bars.map(({ node }) => node), answer);
  const pictures = element("div", { class: "pictures" }, image.node, nearest.node, difference.node);
  const left = element("div", { class: "left" }, pictures, hint);
  root.append(line.node, element("div", { class: "row" }, across.node, along.node, back));
  root.append(element("div", { class: "panels" }, left, chart));

  let pixel = 7; // side of a pixel on the screen

  const draw = () => {
    const [dx, dy] = [clean(model.get("dx"), right), clean(model.get("dy"), down)];
    across.value = dx;
    along.value = dy;
    back.disabled = dx === 0 && dy === 0;
    const moved = movedImage(pixels, height, width, dx, dy);
    const found = distancesTo(moved, averages);
    const best = smallest(found);
    const average = averages.subarray(best * moved.length, (best + 1) * moved.length);
    paint(image.canvas, width, height, pixel, (x, y) => grey(moved[y * width + x], 0, 255));
    paint(nearest.canvas, width, height, pixel, (x, y) => grey(average[y * width + x], 0, 255));
    paint(difference.canvas, width, height, pixel, (x, y) =>
      signed(moved[y * width + x] - average[y * width + x], 255),
    );
    image.canvas.setAttribute("aria-label", `the image, ${moveText(dx, dy)}`);
    nearest.heading.textContent = `nearest average: ${best}`;
    nearest.canvas.setAttribute("aria-label", `the average image of class ${best}`);
    bars.forEach(({ node, bar, value, said }, label) => {
      node.classList.toggle("nearest", label === best);
      bar.style.width = `${(100 * found[label]) / longest}%`;
      value.textContent = found[label].toFixed(2);
      said.textContent = label === best ? "nearest" : "";
    });
    answer.textContent = `The answer is ${best}.`;
  };

  hand.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Home") move(0, 0);
    else if (step) move(model.get("dx") + step[0], model.get("dy") + step[1]);
    else return;
    event.preventDefault();
  });
  let grip = null; // where the mouse took hold, and how far the image was moved then
  hand.addEventListener("pointerdown", (event) => {
    grip = { x: event.clientX, y: event.clientY, dx: model.get("dx"), dy: model.get("dy") };
    hand.setPointerCapture(event.pointerId);
    hand.focus();
    event.preventDefault();
  });
  hand.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y].map((way) => Math.round(way / pixel));
    move(grip.dx + dx, grip.dy + dy);
  });
  for (const end of ["pointerup", "pointercancel"]) hand.addEventListener(end, () => (grip = null));

  const resized = new ResizeObserver(() => {
    const space = root.clientWidth - 32; // without the frame's padding
    const side = space >= 1000 ? 220 : Math.min(220, (space - 40) / 3);
    const fits = Math.max(2, Math.floor(side / Math.max(height, width)));
    if (fits === pixel) return;
    pixel = fits;
    draw();
  });
  resized.observe(root);
  model.on("change:dx change:dy", draw);
  draw();
  return () => {
    resized.disconnect();
    model.off("change:dx change:dy", draw);
    line.stop();
    stop();
  };
}

export default { render };
