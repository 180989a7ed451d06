// The table of all layers and the code of the NetworkExplorer.
import { IMAGE, product } from "./network_sizes.js";
import { button, element, grouped } from "./dom.js";

/** One sentence about a layer, for the line under the drawing. */
export function sentence(row) {
  if (row.problem) return row.problem;
  if (!row.shape) return `${row.name}: a layer before it does not fit.`;
  const parts = [`${row.name}: ${product(row.shape)}`];
  if (row.parameters) parts.push(`${row.formula} = ${grouped(row.parameters)} parameters`);
  if (row.multiplyAdds) parts.push(`${row.work} = ${grouped(row.multiplyAdds)} multiply–adds`);
  if (row.field) parts.push(`a unit sees ${row.field} × ${row.field} px of the image${beyond(row.field)}`);
  return `${parts.join("; ")}.`;
}

function beyond(field) {
  return field > IMAGE ? " and its padding" : "";
}

/** A row for each layer; rows are kept while they change, so that the focus stays where it is. */
export function layerTable(look) {
  const names = ["layer and size", "output", "parameters", "multiply–adds", "unit sees", "unread"];
  const heads = names.map((name, place) =>
    element("th", { scope: "col", class: place ? "right" : null }, name),
  );
  const body = element("tbody");
  const foot = element("tfoot");
  const note = element("caption");
  const node = element(
    "table",
    { class: "network-table", "aria-label": "Every layer, from the image to the logits" },
    note,
    element("thead", {}, element("tr", {}, ...heads)),
    body,
    foot,
  );
  const indexOf = (event) => {
    const row = event.target.closest("tbody tr");
    const index = [...body.children].indexOf(row);
    return index < 0 ? null : index; // the focus may be in another table of the page
  };
  body.addEventListener("pointerover", (event) => look(indexOf(event)));
  body.addEventListener("pointerleave", () => look(indexOf({ target: document.activeElement })));
  body.addEventListener("focusin", (event) => {
    for (const row of body.children) row.tabIndex = row === event.target ? 0 : -1;
    look(indexOf(event));
  });
  body.addEventListener("focusout", () => look(null));
  body.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr");
    const next = { ArrowDown: row.nextSibling, ArrowUp: row.previousSibling }[event.key];
    if (event.key === "Home") body.firstChild.focus();
    else if (event.key === "End") body.lastChild.focus();
    else if (next) next.focus();
    else return;
    event.preventDefault();
  });
  return {
    node,
    show({ rows, parameters, multiplyAdds }) {
      while (body.children.length > rows.length) body.lastChild.remove();
      while (body.children.length < rows.length) body.append(element("tr", { tabindex: -1 }));
      rows.forEach((row, index) => fillRow(body.children[index], row, { parameters, multiplyAdds }));
      if (![...body.children].some((row) => row.tabIndex === 0)) body.firstChild.tabIndex = 0;
      const widest = Math.max(...rows.map((row) => row.field ?? 0));
      note.hidden = widest <= IMAGE;
      write(note, `A unit that sees ${widest} × ${widest} px sees all ${IMAGE} × ${IMAGE} of the image, and padding around it.`);
      const cell = (text) => element("td", { class: "right number" }, text);
      const total = (value) => cell(value === null ? "—" : grouped(value));
      const cells = [cell(""), total(parameters), total(multiplyAdds), cell(""), cell("")];
      foot.replaceChildren(element("tr", {}, element("th", { scope: "row" }, "in all"), ...cells));
    },
    light(index) {
      [...body.children].forEach((row, place) => row.classList.toggle("lit", place === index));
    },
  };
}

/** Write a row's numbers into its cells; a cell that says the same already is left alone. */
function fillRow(node, row, totals) {
  const wanted = row.problem ? 1 : 5;
  if (node.children.length !== wanted + 1) {
    const name = element("span", { class: "network-layer-name" });
    const title = element("th", { scope: "row" }, name, element("span", { class: "network-sum" }));
    const cells = row.problem
      ? [element("td", { colspan: 5, class: "wrong" })]
      : Array.from({ length: wanted }, () => element("td", { class: "right number" }));
    node.replaceChildren(title, ...cells);
  }
  node.classList.toggle("on", row.on !== null);
  const [title, ...cells] = node.children;
  write(title.firstChild, row.name);
  write(title.lastChild, row.arithmetic);
  if (row.problem) return write(cells[0], row.problem);
  const count = (name) => (row[name] ? grouped(row[name]) : "");
  const texts = [
    row.shape ? row.shape.map(grouped).join(" × ") : "—",
    count("parameters"),
    count("multiplyAdds"),
    row.field ? `${row.field} × ${row.field}` : "",
    row.unread ? `${row.unread} px` : "",
  ];
  cells.forEach((cell, place) => write(cell, texts[place]));
  ["parameters", "multiplyAdds"].forEach((name, place) => {
    const share = totals[name] ? (100 * (row[name] ?? 0)) / totals[name] : 0;
    cells[place + 1].classList.toggle("share", share > 0);
    cells[place + 1].style.setProperty("--share", `${share.toFixed(1)}%`);
  });
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The class to copy, with its comments quieter than its code. */
export function codePart() {
  const pre = element("pre", {
    class: "network-code",
    tabindex: 0,
    role: "region",
    "aria-label": "The network as PyTorch code",
  });
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      copy.textContent = "Copied";
    } catch {
      // A page may not write to the clipboard: mark the text, so that the keys can.
      const range = document.createRange();
      range.selectNodeContents(pre);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      copy.textContent = "Marked: press Ctrl+C";
    }
    setTimeout(() => (copy.textContent = "Copy"), 2500);
  });
  const summary = element("summary", {}, "The network as code");
  const node = element("details", { class: "network-fold" }, summary, copy, pre);
  let text = "";
  // While it is folded, nobody sees it: it is written when it opens.
  const unfold = () => {
    if (!node.open) return;
    const parts = text.split(/(#.*)/);
    pre.replaceChildren(
      ...parts.map((part) => (part.startsWith("#") ? element("span", { class: "quiet" }, part) : part)),
    );
  };
  node.addEventListener("toggle", unfold);
  return {
    node,
    show(code) {
      text = code;
      copy.disabled = code.startsWith("#");
      unfold();
    },
  };
}
