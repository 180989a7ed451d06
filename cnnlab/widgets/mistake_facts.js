// What a mistake says in numbers and words; arithmetic only.

import { grouped } from "./dom.js";

/** The probabilities of some logits, as softmax makes them. */
export function softmax(logits) {
  const highest = Math.max(...logits);
  const powers = [...logits].map((value) => Math.exp(value - highest)); // no power overflows
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** A number with two decimals and a true minus. */
export function decimals(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace("-", "−");
}

/** By how much the wrong answer beat the right one, in words. */
export function marginText(logits, label, predicted, classes) {
  const [won, lost] = [logits[predicted], logits[label]];
  const [winner, loser] = [classes[predicted] ?? predicted, classes[label] ?? label];
  const both = `logit ${decimals(won)} against ${decimals(lost)} for ${loser}`;
  return `${winner} wins by ${decimals(Number(won.toFixed(2)) - Number(lost.toFixed(2)))}: ${both}.`;
}

/** Bars from 0 to each number, as shares of the room: { zero, bars: [{ start, length }] }. */
export function bars(values) {
  const lowest = Math.min(0, ...values);
  const highest = Math.max(0, ...values);
  const room = highest - lowest || 1;
  const zero = -lowest / room;
  return {
    zero,
    bars: [...values].map((value) => ({
      start: zero + Math.min(0, value) / room,
      length: Math.abs(value) / room,
    })),
  };
}

/** Of which mistakes there are how many, in words. */
export function filterText({ matching, shown }, { true: label, predicted, confidence }, classes, all) {
  const parts = [];
  if (label !== null) parts.push(`label ${classes[label] ?? label}`);
  if (predicted !== null) parts.push(`taken for ${classes[predicted] ?? predicted}`);
  const [low, high] = confidence;
  if (low > 0 || high < 100) parts.push(`confidence ${low} to ${high} %`);
  let some = `all ${grouped(all)} mistakes`;
  if (parts.length) some = `${grouped(matching)} of ${grouped(all)} mistakes: ${parts.join(", ")}`;
  return shown < matching ? `${some}; the ${shown} most confident are shown` : some;
}
