/* Keys for people who work without a mouse.

   Everywhere: `?` help, `/` the element [data-search], j and k the next and previous [data-row]
   (a link, so that Enter opens it). A page adds its own:
       import {onKey} from "/static/keys.js";
       onKey("r", () => ...);
   and says so in its block `keys`. */

const handlers = new Map();

export function onKey(key, handler) {
  handlers.set(key, handler);
}

/* Focus the row `step` further; the first or the last where none has the focus. */
export function moveRow(step) {
  const rows = [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const next = now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step;
  const row = rows[Math.min(Math.max(next, 0), rows.length - 1)];
  row.focus();
  row.scrollIntoView({block: "nearest"});
}

function help() {
  const dialog = document.getElementById("keys");
  if (!dialog.open) dialog.showModal();
}

function search() {
  const field = document.querySelector("[data-search]");
  if (!field) return;
  field.focus();
  field.select?.();
}

/* A dialog that is closed keeps the focus until the next frame; what is typed then is not for it. */
function typing(target) {
  return target.closest("input, select, textarea, dialog[open], [contenteditable]");
}

onKey("j", () => moveRow(1));
onKey("k", () => moveRow(-1));
onKey("/", search);
onKey("?", help);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && document.activeElement?.matches("[data-search]")) {
    document.activeElement.blur();
    return;
  }
  if (typing(event.target)) return;
  const handler = handlers.get(event.key);
  if (!handler) return;
  event.preventDefault();
  handler(event);
});

document.querySelector("[data-help]")?.addEventListener("click", help);
