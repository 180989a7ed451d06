// The colours of pixels and numbers: the same as in cnnlab.plots.

export const BLUE = [0, 114, 178]; // below 0
export const VERMILLION = [213, 94, 0]; // above 0
export const PADDING = [52, 82, 112]; // neither ink nor background

/** Grey of a value: black at `lowest`, white at `highest`. */
export function grey(value, lowest, highest) {
  const share = highest > lowest ? (value - lowest) / (highest - lowest) : 0;
  const level = Math.round(255 * Math.min(1, Math.max(0, share)));
  return [level, level, level];
}

/** Blue below 0, white at 0, vermillion above; full colour at ±reach. */
export function signed(value, reach) {
  const share = reach > 0 ? Math.min(1, Math.abs(value) / reach) : 0;
  const end = value < 0 ? BLUE : VERMILLION;
  return end.map((part) => Math.round(255 + (part - 255) * share));
}

/** Black or white, whichever has the greater contrast to a colour (WCAG's ratio: never below 4.5). */
export function readableOn(colour) {
  const linear = colour.map((part) => (part / 255 <= 0.04045 ? part / 3295 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? "#000" : "#fff";
}

export function css([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

/** The smallest and largest of many numbers, without the infinite ones. */
export function extent(values) {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  return lowest > highest ? [0, 0] : [lowest, highest];
}

/** How a map of numbers is coloured: signed if any is below 0, grey from 0 otherwise. */
export function mapColours(values) {
  const [lowest, highest] = extent(values);
  if (lowest >= 0) return { signed: false, reach: highest, colour: (value) => grey(value, 0, highest) };
  const reach = Math.max(-lowest, highest);
  return { signed: true, reach, colour: (value) => signed(value, reach) };
}

/** Draw numbers as square pixels, `side` screen pixels each, sharp on every screen. */
export function paint(canvas, width, height, side, colourOf) {
  const image = new ImageData(width, height);
  const bytes = new Uint32Array(image.data.buffer); // one write for the four of a pixel: A, B, G, R
  let place = 0;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const [red, green, blue] = colourOf(x, y);
      bytes[place++] = 0xff000000 | (blue << 16) | (green << 8) | red;
    }
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  canvas.style.width = `${width * side}px`;
  canvas.style.height = `${height * side}px`;
  canvas.getContext("2d").putImageData(image, 0, 0);
}
