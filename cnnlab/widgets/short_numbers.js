// Numbers for where there is little room: read from what people write, and written short.
import { written } from "./dom.js";

const LARGEST = 1e6; // larger ones would hide all others; as LARGEST_NUMBER in preset_kernels.py
const SHORT_ROOM = 5; // characters of a weight in a large kernel

/** A number as written by a person: with a comma, a true minus, or as a fraction; null if it is none. */
export function asNumber(text) {
  const value = anyNumber(text);
  return Number.isFinite(value) && Math.abs(value) <= LARGEST ? value : null;
}

// Groups of three behind commas: thousands here, and with a single comma a decimal comma there. No thousands
// begin with 0.
const GROUPED = /^[-−+]?[1-9]\d{0,2}(,\d{3})+$/;

/** What stands on each side of a fraction's line; the whole text where there is none. */
function sidesOf(text) {
  return text.split("/").map((side) => side.trim());
}

function anyNumber(text) {
  const sides = sidesOf(text);
  if (sides.length > 2 || sides.some((side) => side === "" || GROUPED.test(side))) return NaN;
  if (sides.some((side) => /[xob]/i.test(side))) return NaN; // JavaScript reads 0x10 as 16
  const [above, below = 1] = sides.map((side) => Number(side.replaceAll("−", "-").replace(",", ".")));
  return above / below;
}

/** Why a text is no weight. */
export function notUsable(text) {
  const sides = sidesOf(text);
  if (sides.some((side) => GROUPED.test(side))) {
    const without = (side) => (GROUPED.test(side) ? side.replaceAll(",", "") : side);
    const pointed = (side) => (/,.*,/.test(side) ? without(side) : side.replace(",", "."));
    const ways = [without, pointed].map((way) => sides.map(way).join("/"));
    if (ways[0] === ways[1]) return `“${text.trim()}” has commas between thousands: write ${ways[0]}`;
    return `“${text.trim()}” can be read in two ways: write ${ways[0]}, or ${ways[1]}`;
  }
  const large = !Number.isNaN(anyNumber(text));
  return `“${text.trim()}” is ${large ? "too large (use −1,000,000 to 1,000,000)" : "not a number"}`;
}

/** As 1.2e6. */
function withExponent(value, digits) {
  return value.toExponential(digits).replace(".0e", "e").replace("e+", "e").replaceAll("-", "−");
}

/** A number with up to so many digits behind the point, from a million on with an exponent. */
function rounded(value, digits) {
  const large = Number.isFinite(value) && Math.abs(value) >= 999999.5;
  return large ? withExponent(value, 1) : written(value, digits);
}

/** How many digits behind the point: as many as wanted, and more for what is near 0. */
function digitsOf(value, wanted) {
  return Math.abs(value) < 1 ? Math.max(wanted, digitsFor(value)) : wanted;
}

/** Whether a text says 0 of a number that is not 0: as 0, −0.00. */
export function saysZero(text, value) {
  return value !== 0 && /^−?0(\.0*)?$/.test(text);
}

/** A number as `rounded` writes it; only 0 is written 0. */
export function shortNumber(value, digits = 2) {
  const text = rounded(value, digitsOf(value, digits));
  return saysZero(text, value) ? withExponent(value, 1) : text;
}

/** A number with exactly so many digits behind the point, to stand beside others; only 0 is written 0. */
export function withDigits(value, digits) {
  if (Math.abs(value) >= 999999.5) return shortNumber(value);
  const text = value.toFixed(digits).replace("-", "−");
  return saysZero(text, value) ? withExponent(value, 1) : text;
}

/** A number in at most `room` characters: what stands behind the point goes first; only 0 is written 0. */
export function fitted(value, digits, room) {
  for (let kept = digitsOf(value, digits); kept >= 0; kept -= 1) {
    const text = rounded(value, kept);
    if (saysZero(text, value)) break; // an exponent says more
    if (text.length <= room || !Number.isFinite(value)) return text;
  }
  const text = withExponent(value, 1);
  return text.length <= room ? text : withExponent(value, 0);
}

/** A weight in a narrow field: .008 rather than 0.008; ≈0 where even −1e−10 is too long. */
export function short(value, digits = 3) {
  if (Math.abs(value) >= 1) return fitted(value, 1, SHORT_ROOM);
  const fits = (text) => text.length <= SHORT_ROOM;
  const texts = [fitted(value, digits, SHORT_ROOM + 1).replace(/^(−?)0\./, "$1."), fitted(value, 3, SHORT_ROOM)];
  return texts.find(fits) ?? "≈0";
}

/** How many digits behind the point a number needs. */
export function digitsFor(value) {
  if (value !== 0 && Math.abs(value) < 0.05) return Math.min(6, 1 - Math.floor(Math.log10(Math.abs(value))));
  return Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
}
