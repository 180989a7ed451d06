// The digit on the image in front of the network.
import { IMAGE } from "./network_sizes.js";
import { svgElement } from "./dom.js";

// A hand-drawn 5: the corners of its stroke, in pixels of the image.
const STROKE = [
  ...[[19.2, 6.2], [11.4, 6.6], [10.2, 12.8], [13, 11.6], [16.4, 12.2]],
  ...[[18.6, 14.6], [18.7, 17.8], [16.8, 20.8], [13.4, 21.8], [9.2, 20.4]],
];
const PEN = 1.9; // pixels from the middle of the stroke to where its ink ends

/** How much ink lies on a pixel, 0 to 1. */
function ink(x, y) {
  let nearest = Infinity;
  STROKE.slice(1).forEach(([x2, y2], number) => {
    const [x1, y1] = STROKE[number];
    const along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2);
    const t = Math.min(1, Math.max(0, along));
    nearest = Math.min(nearest, Math.hypot(x - x1 - t * (x2 - x1), y - y1 - t * (y2 - y1)));
  });
  return Math.min(1, Math.max(0, PEN - nearest));
}

const LEVELS = 8; // of grey

/** The pixels of each level of grey as one path. */
const PATHS = Array.from({ length: LEVELS }, (_, level) => {
  let path = "";
  for (let place = 0; place < IMAGE * IMAGE; place += 1) {
    const [x, y] = [place % IMAGE, Math.floor(place / IMAGE)];
    if (Math.round(LEVELS * ink(x + 0.5, y + 0.5)) === level + 1) path += `M${x} ${y}h1v1h-1z`;
  }
  return path;
});

/** The digit, with its corner and the size of a pixel on the screen. */
export function digit(left, top, scale) {
  const transform = `translate(${left} ${top}) scale(${scale})`;
  return svgElement(
    "g",
    { class: "network-ink", "shape-rendering": "crispEdges", transform },
    ...PATHS.map((d, level) => svgElement("path", { d, "fill-opacity": (level + 1) / LEVELS })),
  );
}
