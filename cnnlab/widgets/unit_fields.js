// Which pixels a unit sees and which units see a pixel, as in cnnlab.inspection.unit_fields; integers only.
// A layer is { shape, rows, columns, folds }; rows and columns are { first, size, jump } or null.

/** Columns of the block in which a row of n units is drawn: none left over where that is possible. */
export function blockColumns(n) {
  if (n <= 12) return n;
  const root = Math.ceil(Math.sqrt(n));
  for (let columns = root; columns <= 2 * root; columns += 1) if (n % columns === 0) return columns;
  return root;
}

/** Rows and columns in which a layer's units are drawn; `n` of them are units. */
export function drawnSize({ shape }) {
  if (shape.length === 3) return { rows: shape[1], columns: shape[2], n: shape[1] * shape[2] };
  const columns = blockColumns(shape[0]);
  return { rows: Math.ceil(shape[0] / columns), columns, n: shape[0] };
}

/** How many channels a layer has; the units in a row are one. */
export function channelsOf({ shape }) {
  return shape.length === 3 ? shape[0] : 1;
}

/** Where unit number n of a layer stands: [row, column]; in a row of units [0, n]. */
export function unitAt({ shape }, number) {
  return shape.length === 3 ? [Math.floor(number / shape[2]), number % shape[2]] : [0, number];
}

/** The number of a unit, counted through its map. */
export function numberOf({ shape }, [row, column]) {
  return shape.length === 3 ? row * shape[2] + column : column;
}

/** The unit of a layer that stands in about the same part of the image as one of the layer `before`. */
function samePlace([row, column], before, { shape }) {
  const isMap = shape.length === 3;
  if (before?.shape.length !== shape.length) return isMap ? [shape[1] >> 1, shape[2] >> 1] : [0, 0];
  if (!isMap) return [0, Math.min(column, shape[0] - 1)];
  const scaled = (place, from, to) => Math.floor(((2 * place + 1) * to) / (2 * from));
  return [scaled(row, before.shape[1], shape[1]), scaled(column, before.shape[2], shape[2])];
}

/** Channel and unit after a change of the layer, as Python keeps them: about where they were. */
export function keptPlace({ channel, unit }, before, layer) {
  return { channel: channel < channelsOf(layer) ? channel : 0, unit: samePlace(unit, before, layer) };
}

/** In which map and place a flatten layer found the number that is now unit n. */
export function unfolded([, height, width], number) {
  const place = number % (height * width);
  const channel = Math.floor(number / (height * width));
  return { channel, row: Math.floor(place / width), column: place % width };
}

/** The pixels from `first` up to `end` of one side, cut off at the image's edges. */
function clipped({ first, size, jump }, place, length) {
  const start = first + place * jump;
  const end = start + size;
  return { first: Math.max(0, start), end: Math.min(length, end), padded: start < 0 || end > length };
}

/**
 * The rectangle of the image that a unit sees: { top, left, height, width, padded }; null where it
 * cannot be said. `padded`: a part of its field lies in the padding.
 */
export function seen(layer, [row, column], height, width) {
  if (!layer.rows || !layer.columns) return null;
  let place = layer.shape.length === 3 ? [row, column] : [0, 0]; // units in a row all see the same
  if (layer.folds) {
    const from = unfolded(layer.folds, column);
    place = [from.row, from.column];
  }
  const tall = clipped(layer.rows, place[0], height);
  const wide = clipped(layer.columns, place[1], width);
  return {
    top: tall.first,
    left: wide.first,
    height: Math.max(0, tall.end - tall.first),
    width: Math.max(0, wide.end - wide.first),
    padded: tall.padded || wide.padded,
  };
}

/** The places along one side that see pixel number `pixel`: { first, end }, empty if end ≤ first. */
function seeingSide({ first, size, jump }, pixel, places) {
  const low = Math.ceil((pixel - first - size + 1) / jump);
  const high = Math.floor((pixel - first) / jump);
  return { first: Math.max(0, low), end: Math.min(places, high + 1) };
}

/** The block of units of a map that see one pixel: { top, left, height, width }; null if none or unknown. */
export function seeing(layer, row, column) {
  if (!layer.rows || !layer.columns || layer.shape.length !== 3) return null;
  const tall = seeingSide(layer.rows, row, layer.shape[1]);
  const wide = seeingSide(layer.columns, column, layer.shape[2]);
  if (tall.end <= tall.first || wide.end <= wide.first) return null;
  return { top: tall.first, left: wide.first, height: tall.end - tall.first, width: wide.end - wide.first };
}

/** "row 4" or "rows 4 to 17". */
function stretch(word, first, length) {
  return length === 1 ? `${word} ${first}` : `${word}s ${first} to ${first + length - 1}`;
}

/** What a unit sees, in words. */
export function seenText(layer, unit, height, width) {
  const patch = seen(layer, unit, height, width);
  if (!patch) return "What it sees cannot be said: a layer before it is unusual.";
  if (!patch.height || !patch.width) return "It sees nothing but padding.";
  if (patch.height === height && patch.width === width) return "It sees the whole image.";
  const where = `${stretch("row", patch.top, patch.height)}, ${stretch("column", patch.left, patch.width)}`;
  const share = `${patch.height}\u00a0×\u00a0${patch.width} of ${height}\u00a0×\u00a0${width} pixels`;
  return `It sees ${where}: ${share}.${patch.padded ? " The rest of its field lies in the padding." : ""}`;
}

/** The number that an arrow key leads to in a grid; null for another key. It stops at the edges. */
export function movedTo(key, number, n, columns) {
  const column = number % columns;
  const moves = {
    ArrowLeft: column > 0 ? number - 1 : number,
    ArrowRight: column < columns - 1 ? number + 1 : number,
    ArrowUp: number - columns,
    ArrowDown: number + columns,
    Home: number - column,
    End: number - column + columns - 1,
  };
  const target = moves[key];
  if (target === undefined) return null;
  if (key === "End") return Math.min(target, n - 1);
  return target < 0 || target >= n ? number : target;
}

/** The place of the largest number, the first of equal ones; −1 if there is none. */
export function largest(values) {
  let best = -1;
  for (let place = 0; place < values.length; place += 1)
    if (best < 0 || values[place] > values[best]) best = place;
  return best;
}
