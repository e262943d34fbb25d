// Copies text to the clipboard.

import { el, setText } from "./dom.js";

// Copy `text` and say so on the button. Browsers have a clipboard for pages of this machine and of https only; elsewhere
// the text is selected in a field and copied from there.
export async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = el("textarea", { readonly: true, class: "unseen" });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  setText(button, "Copied");
}
