/* The queue stays as it is while it is read: news are counted in one line and come when asked for.
   The row that has the focus keeps it over a reload, the way back, and the news. */

import {onKey} from "/static/keys.js";

const KEPT = "queue.row";
const line = document.getElementById("news");
const title = document.title;
const fresh = new Set();
const changed = new Set();
let stream;

const list = () => document.getElementById("queue");
const rowOf = (group) => document.querySelector(`tr[data-group="${CSS.escape(group)}"] [data-row]`);
const groupOf = (element) => element?.closest?.("tr[data-group]")?.dataset.group;

function listen() {
  stream?.close();
  const asked = new URLSearchParams(location.search);
  asked.delete("after");
  asked.set("position", list().dataset.position);
  stream = new EventSource(`/events?${asked}`);
  stream.addEventListener("news", (event) => {
    const news = JSON.parse(event.data);
    for (const group of news.new) fresh.add(group);
    for (const group of news.changed) if (!fresh.has(group)) changed.add(group);
    tell();
  });
  stream.addEventListener("over", () => {
    stream.close();
    line.textContent = line.dataset.over;
  });
}

function tell() {
  const said = [];
  const words = line.dataset;
  if (fresh.size) said.push(fresh.size === 1 ? words.newOne : words.newMany.replace("{count}", fresh.size));
  if (changed.size) said.push(words.changed.replace("{count}", changed.size));
  document.title = fresh.size ? `(${fresh.size}) ${title}` : title;
  if (!said.length) {
    line.replaceChildren();
    return;
  }
  const button = line.querySelector("button") ?? document.createElement("button");
  button.type = "button";
  button.textContent = [...said, words.show].join(" \u00b7 ");
  button.onclick = show;
  if (!button.isConnected) line.replaceChildren(button);
}

async function show() {
  if (!fresh.size && !changed.size) return;
  const kept = groupOf(document.activeElement);
  const answer = await fetch(location.href, {headers: {Accept: "text/html"}});
  if (!answer.ok || answer.redirected) {
    location.reload();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  list().replaceWith(document.adoptNode(page.getElementById("queue")));
  fresh.clear();
  changed.clear();
  tell();
  if (kept) rowOf(kept)?.focus();
  else document.querySelector("[data-row]")?.focus();
  listen();
}

document.addEventListener("focusin", (event) => {
  const group = groupOf(event.target);
  if (group) sessionStorage.setItem(KEPT, group);
});

sessionStorage.setItem("queue.address", location.pathname + location.search);
const kept = sessionStorage.getItem(KEPT);
if (kept && document.activeElement === document.body) rowOf(kept)?.focus();
onKey("n", show);
onKey(".", show);
listen();
window.addEventListener("pagehide", () => stream?.close());
window.addEventListener("pageshow", (event) => event.persisted && listen());
