// What the browser keeps for the pages: `local` for good, `session` for this tab. A browser may forbid that, or have no
// space left; then values last as long as the page.

class Store {
  // `find()` returns the browser's storage; it and all its methods may throw.
  constructor(find) {
    this.find = find;
    this.values = new Map();
  }

  // The stored text, or null.
  read(name) {
    if (this.values.has(name)) return this.values.get(name);
    try {
      return this.find().getItem(name);
    } catch {
      return null;
    }
  }

  // Whether the browser keeps the text.
  write(name, text) {
    try {
      this.find().setItem(name, text);
      this.values.delete(name);
      return true;
    } catch {
      this.values.set(name, text);
      return false;
    }
  }

  remove(name) {
    this.values.delete(name);
    try {
      this.find().removeItem(name);
    } catch {
      // nothing is stored there
    }
  }
}

export const local = new Store(() => window.localStorage);
export const session = new Store(() => window.sessionStorage);
