// One of several to choose, with a click or the arrow keys.

import { element } from "./dom.js";
import { movedTo } from "./unit_fields.js";

const ALONG = { ArrowRight: 1, ArrowLeft: -1 }; // on to the next row, too, or back to the last one
const ACROSS = { ArrowDown: 1, ArrowUp: -1 }; // the same where there are no rows: ARIA asks for all four

/** A list of which one is chosen, with the arrow keys or a click; `columns` says how they stand. */
export function choices({ role, label, className, columns, onChoose }) {
  const option = role === "radiogroup" ? "radio" : "option";
  const mark = option === "radio" ? "aria-checked" : "aria-selected";
  const node = element("div", { role, "aria-label": label, class: className });
  let items = [];
  let focused = false; // whether the focus was on an item that `fill` took away
  const current = () => items.findIndex((item) => item.getAttribute(mark) === "true");
  const choose = (number) => {
    show(number);
    items[number].focus({ preventScroll: true });
    items[number].scrollIntoView({ block: "nearest", inline: "nearest" });
    onChoose(number);
  };
  const show = (number) => {
    items.forEach((item, place) => {
      const [chosen, tab] = [String(place === number), place === Math.max(0, number) ? 0 : -1];
      if (item.getAttribute(mark) !== chosen) item.setAttribute(mark, chosen); // others need no new look
      if (item.tabIndex !== tab || !item.hasAttribute("tabindex")) item.tabIndex = tab;
    });
    if (focused) items[Math.max(0, number)]?.focus({ preventScroll: true });
    focused = false;
  };
  node.addEventListener("keydown", (event) => {
    const place = items.indexOf(event.target.closest(`[role=${option}]`));
    if (place < 0) return;
    const along = columns ? ALONG[event.key] : (ALONG[event.key] ?? ACROSS[event.key]);
    const reached = items[place + along] ? place + along : place;
    let next = along ? reached : movedTo(event.key, place, items.length, columns ? columns(items) : items.length);
    if (event.key === "Enter" || event.key === " ") next = place;
    if (next === null) return;
    event.preventDefault();
    choose(next);
  });
  return {
    node,
    show,
    current,
    /** Other items: elements that can be chosen. */
    fill(list) {
      items = list;
      focused ||= node.contains(document.activeElement);
      items.forEach((item, place) => {
        item.setAttribute("role", option);
        item.addEventListener("click", () => choose(place));
      });
      node.replaceChildren(...items);
    },
  };
}

/** How many of the items stand in the first row. */
export function inFirstRow(items) {
  const below = items.findIndex((item) => item.offsetTop > items[0].offsetTop + 2);
  return below < 0 ? items.length : below;
}
