// The words of a network: what `cnnlab.explain` says of a wrong fc1, and the code of the network.
import { product } from "./network_sizes.js";
import { grouped } from "./dom.js";

const LONGEST_CHAIN = 6; // steps that are shown before a mistake

/** Why fc1 does not fit, in the words of `explain`, with the remedies that need no trial. */
export function fc1Words({ rows }, inputs) {
  const flatten = rows.find((row) => row.name === "flatten");
  const [needed] = flatten.shape;
  const [outputs] = rows.find((row) => row.name === "fc1").shape;
  return [
    `fc1 does not fit: it gets ${needed} numbers for each image, ` +
      `but nn.Linear(${inputs}, ${outputs}) takes ${inputs}.`,
    ...chain(rows.slice(0, rows.indexOf(flatten) + 1)),
    "Any one of these mends it:",
    `  1. self.fc1 = nn.Linear(${needed}, ${outputs})`,
    `  2. self.fc1 = nn.LazyLinear(${outputs}), which counts its inputs itself`,
  ].join("\n");
}

/** The steps that change the shape, in columns: name, size, arithmetic. */
function chain(rows) {
  const steps = rows.filter((row) => row.on === null && row.kind);
  const cells = steps.map((row) => [row.name, product(row.shape), row.arithmetic]);
  const [first, second] = [0, 1].map((column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map(([a, b, c]) => `  ${a.padEnd(first)}  ${b.padEnd(second)}  ${c}`.trimEnd());
  return lines.length <= LONGEST_CHAIN ? lines : ["  …", ...lines.slice(-LONGEST_CHAIN)];
}

/** A class that builds the network, as a student would write it; comments alone if a layer does not fit. */
export function networkCode({ rows, parameters, problem }, title) {
  if (problem) return `# ${problem}\n# The code comes back when every layer fits.\n`;
  const layers = rows.slice(1);
  return [
    "from torch import nn",
    "",
    "",
    "class Net(nn.Module):",
    `    """${title}: ${grouped(parameters)} parameters."""`,
    "",
    "    def __init__(self):",
    "        super().__init__()",
    ...layers.map((row) => `        self.${row.name} = ${row.code}${remark(row)}`),
    "",
    "    def forward(self, x):  # (N, 1, 28, 28)",
    ...steps(layers),
    "        return x",
    "",
  ].join("\n");
}

function remark({ kind }) {
  return kind === "Identity" ? "  # no activation: fc1 and fc2 are one linear map" : "";
}

/** One line for each layer that changes the shape; those behind it that keep it are wrapped around. */
function steps(layers) {
  const calls = [];
  for (const row of layers)
    if (row.on === null) calls.push({ text: `self.${row.name}(x)`, shape: row.shape });
    else calls[calls.length - 1].text = `self.${row.name}(${calls[calls.length - 1].text})`;
  return calls.map(({ text, shape }, index) => {
    const end = index === calls.length - 1 ? ", the logits" : "";
    return `        x = ${text}  # (N, ${shape.join(", ")})${end}`;
  });
}
