/* The raw line of the event that has the focus, by one key. It is text and never markup. */

import {onKey} from "/static/keys.js";

function chosen() {
  const focused = document.activeElement?.closest("[data-event]");
  return focused ?? document.querySelector(".timeline .matched") ?? document.querySelector("[data-event]");
}

async function raw() {
  const row = chosen();
  if (!row) return;
  const link = row.querySelector("[data-row]");
  const open = row.querySelector(":scope > .raw");
  if (open) {
    open.remove();
    link.focus();
    return;
  }
  const answer = await fetch(link.href, {headers: {Accept: "application/json"}});
  if (!answer.ok || row.querySelector(":scope > .raw")) return;
  const event = await answer.json();
  const shown = document.getElementById("raw").content.firstElementChild.cloneNode();
  shown.textContent = event.shown || JSON.stringify(event.document, null, 2);
  row.append(shown);
  link.focus();
  row.scrollIntoView({block: "nearest"});
}

/* The queue as it was left: its filters and place. */
const queue = sessionStorage.getItem("queue.address");
const link = document.querySelector("[data-back]");
if (link && queue?.startsWith("/?")) link.href = queue;

/* A long timeline begins where the rule matched; what came before is one scroll away. */
const course = document.querySelector(".timeline");
const first = course?.querySelector(".matched");
if (first) course.scrollTop = first.offsetTop - 3 * first.offsetHeight;

onKey("r", raw);
onKey("u", () => link?.click());
