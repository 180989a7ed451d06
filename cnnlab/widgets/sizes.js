// The arithmetic of sizes, as in cnnlab.arithmetic; integers only. A test holds both to the same numbers.

/** Pixels that a kernel covers: k of them, spread by the dilation. */
export function reach(k, d = 1) {
  return d * (k - 1) + 1;
}

/** Pixels of padding before and behind: a number on each side, or "same", uneven for even kernels. */
export function paddingSides(padding, k, d = 1) {
  if (padding !== "same") return [padding, padding];
  const both = d * (k - 1);
  return [Math.floor(both / 2), both - Math.floor(both / 2)];
}

/** Width of the feature map; 0 or less where the kernel is wider than the padded input. */
export function wOut(wIn, k, padding, s = 1, d = 1) {
  const [before, behind] = paddingSides(padding, k, d);
  return Math.floor((wIn + before + behind - reach(k, d)) / s) + 1;
}

/** Image pixels at the far edge, beyond the last window: what the floor leaves out. */
export function unread(wIn, k, padding, s = 1, d = 1) {
  const [before] = paddingSides(padding, k, d);
  const last = (wOut(wIn, k, padding, s, d) - 1) * s + d * (k - 1);
  return Math.max(0, before + wIn - 1 - last);
}

export function convParameters(k, cIn, cOut) {
  return k * k * cIn * cOut + cOut;
}

export function linearParameters(nIn, nOut) {
  return nIn * nOut + nOut;
}
