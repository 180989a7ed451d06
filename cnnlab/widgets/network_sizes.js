// Every layer of a network of blocks, in the order in which an image meets them, with all that follows from
// the settings. Names, numbers and words are those of the Python package; tests hold both to the same.
import { convParameters, linearParameters, paddingSides, unread, wOut } from "./sizes.js";

export const CLASSES = 10;
export const IMAGE = 28; // width and height in pixels

/** "10 × 24 × 24" */
export function product(sizes) {
  return sizes.join(" × ");
}

/** The formula with its numbers, such as "floor((28 + 2·0 − 5)/1) + 1 = 24". */
export function sizeArithmetic(wIn, { k, stride, left, right }, made) {
  const padding = left === right ? `2·${left}` : `${left} + ${right}`;
  return `floor((${wIn} + ${padding} − ${k})/${stride}) + 1 = ${made}`;
}

/** Why a convolution does not fit a map of this width; "" if it does. */
export function convProblem(name, width, { kernel, padding, stride }) {
  if (padding === "same") {
    if (stride === 1) return "";
    return (
      `${name} does not fit: padding='same' keeps the size, which stride=${stride} does not: ` +
      `use stride=1, or padding=${Math.floor(kernel / 2)}.`
    );
  }
  const padded = width + 2 * padding;
  if (kernel <= padded) return "";
  return (
    `${name} does not fit: it gets ${width}×${width} pixels, and k=${kernel} is wider than the padded ` +
    `input (${padded} px): use k <= ${padded}, or p >= ${Math.ceil((kernel - width) / 2)}.`
  );
}

/** Why a pooling window does not fit; "" if it does. */
export function poolProblem(number, width, size) {
  if (size <= width) return "";
  const earlier = number > 1 ? `, or stop after block ${number - 1}` : "";
  return (
    `pool${number} does not fit: it has a ${size}×${size} window and gets ${width}×${width} pixels: ` +
    `use pool_size <= ${width} or more padding${earlier}.`
  );
}

/**
 * All layers with sizes, parameters, multiply–adds and receptive fields.
 *
 * A layer that changes no shape has `on`, the row it works on; the others are drawn. From a layer with a
 * `problem` on, shapes and counts are null.
 */
export function analysed(settings) {
  const made = new Rows();
  settings.blocks.forEach((block, index) => addBlock(made, block, index, settings.pool_first));
  addHead(made, settings);
  const total = (name) => made.rows.reduce((sum, row) => sum + (row[name] ?? 0), 0);
  const flatten = made.problem ? null : made.rows.find((row) => row.name === "flatten").shape[0];
  return {
    rows: made.rows,
    problem: made.problem,
    flatten,
    parameters: made.problem ? null : total("parameters"),
    multiplyAdds: made.problem ? null : total("multiplyAdds"),
  };
}

/** The rows so far, and the map that the next layer gets. */
class Rows {
  constructor() {
    this.channels = 1;
    this.width = IMAGE;
    this.field = 1; // image pixels along one side that a unit sees
    this.jump = 1; // image pixels between the fields of neighbours
    this.problem = "";
    this.counts = { conv: 0, relu: 0 };
    const shape = [1, IMAGE, IMAGE];
    this.rows = [{ ...plain, name: "image", kind: "", place: "image", shape, code: "", field: null }];
  }

  next(kind) {
    this.counts[kind] += 1;
    return `${kind}${this.counts[kind]}`;
  }

  /** A layer that changes the shape. */
  add(row) {
    const known = this.problem === "" && !row.problem;
    const told = known ? row : { ...row, ...unknown };
    this.rows.push({ ...plain, ...told, arithmetic: known ? row.arithmetic : "" });
    if (row.problem && !this.problem) this.problem = row.problem;
  }

  /** A layer that works on every number for itself. */
  addOn(row) {
    const before = this.rows[this.rows.length - 1];
    const on = before.on ?? this.rows.length - 1;
    const { shape, field } = before;
    const parameters = this.problem ? null : (row.parameters ?? 0);
    this.rows.push({ ...plain, ...row, place: before.place, on, shape, field, parameters });
  }

  /** A window that slides over the map. */
  slide(row, window, made) {
    const before = this.width;
    const problem = this.problem ? "" : row.problem;
    if (this.problem || problem) return this.add({ ...row, problem, window });
    this.field += (window.k - 1) * this.jump;
    this.jump *= window.stride;
    this.width = made;
    this.add({
      ...row,
      window,
      shape: [row.channels, made, made],
      arithmetic: sizeArithmetic(before, window, made),
      field: this.field,
    });
  }
}

const unknown = { shape: null, parameters: null, multiplyAdds: null, field: null, unread: 0 };
const plain = {
  on: null,
  arithmetic: "",
  parameters: 0,
  formula: "",
  multiplyAdds: 0,
  work: "",
  unread: 0,
  problem: "",
  window: null,
};

function addBlock(made, block, index, poolFirst) {
  const pooled = block.pooling !== "none";
  for (let turn = 1; turn <= block.convolutions; turn += 1) {
    const name = addConv(made, block, index);
    if (block.batch_norm)
      made.addOn({
        name: name.replace("conv", "norm"),
        kind: "BatchNorm2d",
        code: `nn.BatchNorm2d(${block.channels})`,
        parameters: 2 * block.channels,
        formula: `2·${block.channels}`,
      });
    if (!(poolFirst && pooled && turn === block.convolutions)) addRelu(made);
  }
  if (pooled) {
    addPool(made, block, index);
    if (poolFirst) addRelu(made);
  }
  if (block.dropout)
    made.addOn({ name: `dropout${index + 1}`, kind: "Dropout", code: `nn.Dropout(${block.dropout})` });
}

function addConv(made, block, index) {
  const { channels, kernel: k, stride, padding } = block;
  const [name, before, width] = [made.next("conv"), made.channels, made.width];
  const [left, right] = paddingSides(padding, k);
  const after = wOut(width, k, padding, stride);
  made.slide(
    {
      name,
      kind: "Conv2d",
      place: index,
      channels,
      code: convCode(before, block),
      parameters: convParameters(k, before, channels),
      formula: `(${k}·${k}·${before} + 1)·${channels}`,
      multiplyAdds: k * k * before * channels * after * after,
      work: `${k}·${k}·${before} · ${channels}·${after}·${after}`,
      unread: unread(width, k, padding, stride),
      problem: convProblem(name, width, block),
    },
    { k, stride, left, right },
    after,
  );
  made.channels = channels;
  return name;
}

function addPool(made, block, index) {
  const size = block.pool_size;
  made.slide(
    {
      name: `pool${index + 1}`,
      kind: block.pooling === "max" ? "MaxPool2d" : "AvgPool2d",
      place: index,
      channels: made.channels,
      code: `nn.${block.pooling === "max" ? "MaxPool2d" : "AvgPool2d"}(${size})`,
      unread: unread(made.width, size, 0, size),
      problem: poolProblem(index + 1, made.width, size),
    },
    { k: size, stride: size, left: 0, right: 0 },
    wOut(made.width, size, 0, size),
  );
}

function addRelu(made, code = "nn.ReLU()") {
  made.addOn({ name: made.next("relu"), kind: code.slice(3, -2), code });
}

function addHead(made, { hidden, hidden_relu: hiddenRelu }) {
  const { channels, width, field, jump } = made;
  const flat = channels * width * width;
  made.add({
    name: "flatten",
    kind: "Flatten",
    place: "head",
    code: "nn.Flatten()",
    shape: [flat],
    arithmetic: `${product([channels, width, width])} = ${flat}`,
    field,
  });
  const all = field + (width - 1) * jump; // a fully connected unit sees what all its inputs see
  const sizes = hidden ? [flat, hidden, CLASSES] : [flat, CLASSES];
  sizes.slice(1).forEach((nOut, index) => {
    if (index === 1) addRelu(made, hiddenRelu ? "nn.ReLU()" : "nn.Identity()");
    const nIn = sizes[index];
    made.add({
      name: `fc${index + 1}`,
      kind: "Linear",
      place: "head",
      code: `nn.Linear(${nIn}, ${nOut})`,
      shape: [nOut],
      arithmetic: `${nIn} → ${nOut}`,
      parameters: linearParameters(nIn, nOut),
      formula: `(${nIn} + 1)·${nOut}`,
      multiplyAdds: nIn * nOut,
      work: `${nIn}·${nOut}`,
      field: all,
    });
  });
}

function convCode(before, { channels, kernel, stride, padding }) {
  const given = [before, channels, `kernel_size=${kernel}`];
  if (stride !== 1) given.push(`stride=${stride}`);
  if (padding !== 0) given.push(`padding=${padding === "same" ? '"same"' : padding}`);
  return `nn.Conv2d(${given.join(", ")})`;
}
