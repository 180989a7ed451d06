// The model of an explorer on a page without a kernel: it keeps the state and tells who listens.

/** Bytes travel as {"bytes": base64}; in a notebook they arrive as a DataView, so here as well. */
function revived(value) {
  if (value === null || typeof value !== "object") return value;
  if (typeof value.bytes === "string") {
    const bytes = Uint8Array.from(atob(value.bytes), (letter) => letter.charCodeAt(0));
    return new DataView(bytes.buffer);
  }
  if (Array.isArray(value)) return value.map(revived);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, revived(part)]));
}

export class PageModel {
  constructor(state) {
    this.state = revived(state);
    this.listeners = {};
    this.alone = true; // no kernel will ever answer
  }
  get(name) {
    return this.state[name];
  }
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    for (const call of [...(this.listeners[`change:${name}`] ?? [])]) call();
  }
  save_changes() {}
  send() {}
  on(event, call) {
    for (const name of event.split(" ")) (this.listeners[name] ??= []).push(call);
  }
  off(event, call) {
    for (const name of event.split(" "))
      this.listeners[name] = (this.listeners[name] ?? []).filter((kept) => call && kept !== call);
  }
}
