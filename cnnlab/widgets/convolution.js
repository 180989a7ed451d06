// Convolution and pooling on one channel, as PyTorch computes them. Nothing here touches the page.
import { numbers } from "./dom.js";
import { digitsFor, fitted, short, shortNumber, withDigits } from "./short_numbers.js";
import { paddingSides, reach, wOut } from "./sizes.js";

export const OPERATIONS = ["convolution", "max pooling", "average pooling"];
export const PRESETS = ["identity", "blur", "sharpen", "vertical edges", "horizontal edges"];
const LARGEST_IMAGE = 64; // pixels, each way; as in kept_image.py
export const SMALL_KERNEL = 5; // up to here the numbers of the window are written large
export const MEDIUM_KERNEL = 7; // and up to here they are written; beyond, pixels and products are colours

/** A preset kernel, size × size numbers row by row; the same as `preset` in preset_kernels.py. */
export function presetKernel(name, size) {
  const middle = Math.floor(size / 2) * (size + 1);
  const side = (place) => Math.sign(place - (size - 1) / 2);
  const entry = {
    identity: (place) => (place === middle ? 1 : 0),
    blur: () => 1 / size ** 2,
    sharpen: (place) => (place === middle ? 2 : 0) - 1 / size ** 2,
    "vertical edges": (place) => side(place % size),
    "horizontal edges": (place) => side(Math.floor(place / size)),
  }[name];
  return Float32Array.from({ length: size * size }, (_, place) => entry(place));
}

/** A kernel of another size: rows and columns of 0 added around it, or the outermost ones cut off. */
export function resizedKernel(weights, size) {
  const old = Math.round(Math.sqrt(weights.length));
  const more = size - old;
  const before = more > 0 ? Math.floor(more / 2) : -Math.floor(-more / 2);
  const made = new Float32Array(size * size);
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1) {
      const [r, c] = [row - before, column - before];
      if (r >= 0 && r < old && c >= 0 && c < old) made[row * size + column] = weights[r * old + c];
    }
  return made;
}

/** Why PyTorch would refuse these settings, with what to change; empty if it would not. */
export function refusal({ height, width, size, padding, stride, dilation, operation }) {
  const same = padding === "same";
  const covers = reach(size, dilation);
  if (operation !== "convolution") {
    if (same) return `PyTorch's pooling has no padding="same": choose a number of pixels.`;
    if (operation === "average pooling" && dilation > 1)
      return `PyTorch's average pooling has no dilation: set it to 1, or choose max pooling.`;
    const most = Math.floor(size / 2);
    if (padding > most)
      return (
        `PyTorch pads pooling by at most half of the kernel: ${most} px for a kernel of ${size}, not ` +
        `${padding}. With more, some windows would hold nothing but padding.`
      );
  }
  if (same && stride > 1)
    return `padding="same" keeps the size, which stride ${stride} does not: set the stride to 1, or choose a number.`;
  const shorter = Math.min(height, width);
  const [before, behind] = paddingSides(padding, size, dilation);
  if (covers <= shorter + before + behind) return "";
  const largest = Math.floor((shorter + 2 * padding - 1) / dilation) + 1;
  const needed = Math.ceil((covers - shorter) / 2);
  const spread = dilation > 1 ? ` with dilation ${dilation} covers ${covers} pixels and` : "";
  return (
    `A kernel of ${size}×${size}${spread} is wider than the padded input, ${shorter} + 2·${padding} = ` +
    `${shorter + 2 * padding} pixels. There is no place to put it, so there is no feature map. ` +
    `Use a kernel of ${largest} or less, or a padding of ${needed} or more.`
  );
}

/** Height and width of the feature map. */
export function mapSize({ height, width, size, padding, stride, dilation }) {
  return [wOut(height, size, padding, stride, dilation), wOut(width, size, padding, stride, dilation)];
}

/**
 * The feature map, row by row; null where PyTorch would refuse.
 *
 * settings: pixels (Float32Array, height × width), height, width, weights (size × size), size, bias,
 * padding (a number or "same"), stride, dilation, operation.
 */
export function featureMap(settings) {
  if (refusal(settings)) return null;
  const { pixels, height, width, weights, size, bias, padding, stride, dilation, operation } = settings;
  const [rows, columns] = mapSize(settings);
  const [before] = paddingSides(padding, size, dilation);
  const values = new Float32Array(rows * columns);
  const pooling = operation !== "convolution";
  const largest = operation === "max pooling";
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      let sum = pooling ? 0 : bias;
      let most = -Infinity;
      for (let i = 0; i < size; i += 1) {
        const r = row * stride - before + i * dilation;
        if (r < 0 || r >= height) continue; // padding adds nothing to a sum, and is −∞ for a maximum
        for (let j = 0; j < size; j += 1) {
          const c = column * stride - before + j * dilation;
          if (c < 0 || c >= width) continue;
          const pixel = pixels[r * width + c];
          if (largest) {
            if (pixel > most || Number.isNaN(pixel)) most = pixel;
          } else sum += pooling ? pixel : pixel * weights[i * size + j];
        }
      }
      // the padding counts as pixels of value 0, so the average divides by all of the window
      values[row * columns + column] = largest ? most : pooling ? sum / size ** 2 : sum;
    }
  return { rows, columns, values };
}

/** What one output pixel is made of: each window element's place in the image, its pixel and its product. */
export function windowAt(settings, row, column) {
  const { pixels, height, width, weights, size, padding, stride, dilation, operation } = settings;
  const [before] = paddingSides(padding, size, dilation);
  const outside = operation === "max pooling" ? -Infinity : 0;
  return Array.from({ length: size * size }, (_, place) => {
    const r = row * stride - before + Math.floor(place / size) * dilation;
    const c = column * stride - before + (place % size) * dilation;
    const inside = r >= 0 && r < height && c >= 0 && c < width;
    const pixel = inside ? pixels[r * width + c] : outside;
    const weight = operation === "convolution" ? weights[place] : 1;
    return { row: r, column: c, inside, pixel, weight, product: operation === "max pooling" ? pixel : pixel * weight };
  });
}

/** The texts of the window's cells: pixel, weight and product, each in the room that a cell has. */
export function cellTexts(parts, size) {
  const room = Math.max(5, 10 - size); // characters
  const whole = parts.every(({ pixel }) => !Number.isFinite(pixel) || Number.isInteger(pixel));
  return parts.map(({ pixel, weight, product }) => ({
    pixel: fitted(pixel, whole ? 0 : 2, room),
    weight: size > SMALL_KERNEL ? short(weight, size > MEDIUM_KERNEL ? 3 : 4) : fitted(weight, size > 3 ? 2 : 3, room),
    product: fitted(product, digitsFor(product), room),
  }));
}

/** What a cell's tooltip says: the place in the image, and the numbers with more digits. */
export function partInFull({ row, column, inside, pixel, weight, product }, operation) {
  const sum = ` × ${shortNumber(weight, 4)} = ${shortNumber(product, 4)}`;
  const made = `${shortNumber(pixel)}${operation === "convolution" ? sum : ""}`;
  return `row ${row}, column ${column}${inside ? "" : " (padding)"}: ${made}`;
}

/** What the window adds up to, in two texts: the way there, and the output pixel. */
export function sumTexts({ operation, bias, size }, parts, made) {
  if (operation === "max pooling") {
    const most = Math.max(...parts.map((part) => part.pixel));
    return [`the largest of ${size * size}: `, shortNumber(most)];
  }
  const total = parts.reduce((sum, part) => sum + part.product, 0);
  if (operation === "average pooling") {
    const mean = total / size ** 2;
    const before = shortNumber(total, Math.max(2, digitsFor(mean))); // as exact as the mean of it
    return [`sum ${before} ÷ ${size * size} = `, shortNumber(mean)];
  }
  const whole = Number.isInteger(total) && Number.isInteger(bias);
  const digits = Math.max(...[total, bias, made].map((value) => Math.max(2, digitsFor(value))));
  const fixed = (value) => (whole ? shortNumber(value) : withDigits(value, digits));
  const plus = bias < 0 ? `− ${fixed(-bias)}` : `+ ${fixed(bias)}`;
  return [`sum of the products ${fixed(total)} ${plus} (bias) = `, fixed(made)];
}

/** An image that a trait keeps, with its pixels as numbers; null where it holds none, or none that fits. */
export function keptImage(trait) {
  const { height, width, pixels } = trait ?? {};
  const fits = (length) => Number.isInteger(length) && length >= 1 && length <= LARGEST_IMAGE;
  if (!fits(height) || !fits(width) || pixels?.byteLength !== 4 * height * width) return null;
  const values = numbers(pixels);
  return values.every(Number.isFinite) ? { height, width, pixels: values } : null;
}

const DRAWN = {
  "one pixel": (r, c, h, w) => (r === Math.floor(h / 2) && c === Math.floor(w / 2) ? 255 : 0),
  "vertical line": (r, c, h, w) => (c === Math.floor(w / 2) ? 255 : 0),
  "bright half": (r, c, h, w) => (c >= w / 2 ? 255 : 0),
  slope: (r, c, h, w) => Math.round((255 * c) / Math.max(1, w - 1)),
  checkerboard: (r, c) => ((Math.floor(r / 2) + Math.floor(c / 2)) % 2 ? 255 : 0),
  cross: (r, c, h, w) =>
    (Math.abs(r - (h - 1) / 2) < 1.1 || Math.abs(c - (w - 1) / 2) < 1.1) &&
    Math.max(Math.abs(r - (h - 1) / 2) / h, Math.abs(c - (w - 1) / 2) / w) < 0.36
      ? 255
      : 0,
};
export const PATTERNS = Object.keys(DRAWN);

/** A small pattern as an image of height × width pixels, 0 to 255. */
export function pattern(name, height, width) {
  return Float32Array.from({ length: height * width }, (_, place) =>
    DRAWN[name](Math.floor(place / width), place % width, height, width),
  );
}
