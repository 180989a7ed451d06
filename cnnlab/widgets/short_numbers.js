// Numbers for where there is little room: read from what people write, and written short.
import { written } from "./dom.js";

const LARGEST = 1e6; // larger ones would hide all others; as LARGEST_NUMBER in preset_kernels.py

/** A number as written by a person: with a comma, a true minus, or as a fraction; null if it is none. */
export function asNumber(text) {
  const value = anyNumber(text);
  return Number.isFinite(value) && Math.abs(value) <= LARGEST ? value : null;
}

const TWO_WAYS = /^[-−]?\d{1,3}(,\d{3})+$/; // a thousand here, and one there

function anyNumber(text) {
  if (TWO_WAYS.test(text.trim())) return NaN;
  const parts = text.trim().replaceAll("−", "-").replaceAll(",", ".").split("/");
  if (parts.length > 2 || parts.some((part) => part.trim() === "")) return NaN;
  return parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
}

/** Why a text is no weight. */
export function notUsable(text) {
  if (TWO_WAYS.test(text.trim())) return `“${text.trim()}” can be read in two ways: write 1000, or 1.0`;
  const large = !Number.isNaN(anyNumber(text));
  return `“${text.trim()}” is ${large ? "too large (use −1,000,000 to 1,000,000)" : "not a number"}`;
}

/** As 1.2e6. */
function withExponent(value, digits) {
  return value.toExponential(digits).replace(".0e", "e").replace("e+", "e").replaceAll("-", "−");
}

/** A number with up to so many digits behind the point, from a million on with an exponent. */
export function shortNumber(value, digits = 2) {
  const large = Number.isFinite(value) && Math.abs(value) >= 999999.5;
  return large ? withExponent(value, 1) : written(value, digits);
}

/** A number in at most `room` characters: what stands behind the point goes first. */
export function fitted(value, digits, room) {
  for (let kept = digits; kept >= 0; kept -= 1) {
    const text = shortNumber(value, kept);
    if (kept < digits && text === "0") break; // an exponent says more
    if (text.length <= room || !Number.isFinite(value)) return text;
  }
  const text = withExponent(value, 1);
  return text.length <= room ? text : withExponent(value, 0);
}

/** A weight in a narrow field: .008 rather than 0.008. */
export function short(value) {
  if (Math.abs(value) >= 1) return fitted(value, 1, 5);
  return written(value, 3).replace(/^(−?)0\./, "$1.");
}

/** How many digits behind the point a number needs. */
export function digitsFor(value) {
  if (value !== 0 && Math.abs(value) < 0.05) return Math.min(6, 1 - Math.floor(Math.log10(Math.abs(value))));
  return Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
}
