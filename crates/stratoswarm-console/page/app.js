// The page: words, map, table. The server computes; this draws what it says.
"use strict";

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const ROWS = 500; // so many rows are in the table; the filter finds the others
const HISTORY = 120; // so many depths are in a sparkline, one each half a second

let newest = null; // the last snapshot
let paused = false;
let order = { column: "trouble", down: true };
let chosen = null; // the channel of the details
const depths = new Map();

// The token stands behind the page's address, which browsers send to nobody; then it is this tab's.
function token() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found !== null) {
    sessionStorage.setItem("token", found);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem("token");
}

const seconds = (time) => time === null || time === undefined ? null : typeof time === "number" ? time : time.secs + time.nanos / 1e9;
const age = (time) => {
  const s = seconds(time);
  if (s === null) return "-";
  return s < 1 ? `${Math.round(s * 1000)} ms` : s < 100 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`;
};
const count = (n) => n.toLocaleString("en");
const rate = (n) => n === null ? "-" : n < 10 ? String(Math.round(n * 10) / 10) : count(Math.round(n));
// What may be far below a second.
const brief = (s) => s === null || s === undefined ? "-" : s < 0.001 ? `${Math.round(s * 1e6)} µs` : s < 1 ? `${(s * 1e3).toPrecision(2)} ms` : age(s);
const lag = (figures) => figures.lag_s === null ? "-" : figures.lag_s === 0 ? "-" : (figures.lag_at_least ? "≥ " : "") + age(figures.lag_s);
const words = (kind) => kind.replace(/([a-z])([A-Z])/g, "$1 $2").toUpperCase();

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// A text changes only where it is another, so that nothing is read out again.
function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

const HELD = { Group: "", Subscriber: "", Lossy: "~", Recorder: "~" };
function heldUpBy(row) {
  const { info, figures } = row;
  if (info.blocked_senders === 0 && info.unserved === 0) return "";
  let slowest = null;
  info.readers.forEach((reader, at) => {
    if (HELD[reader.kind] !== "" || reader.left === 0) return;
    if (slowest === null || reader.left > slowest.reader.left) slowest = { reader, figures: figures.readers[at] };
  });
  if (slowest === null) return info.readers.length === 0 ? "no reader" : "";
  const { reader } = slowest;
  if (reader.members === 0) return `${reader.name}: no member`;
  return `${reader.name}: ${count(reader.left)} left, ${rate(slowest.figures.taken_per_s)}/s`;
}

const oldest = (info) => info.waits
  .filter((wait) => wait.state === "Waiting" && !["Receive", "Closed", "ReadersGone"].includes(wait.kind))
  .reduce((most, wait) => Math.max(most, seconds(wait.waited)), 0);

// The columns: what stands there, and what it is sorted by.
const COLUMNS = [
  { id: "name", title: "Channel", sort: (row) => row.info.name, text: (row) => row.info.name + (row.info.kind === "Broadcast" ? " ~" : "") },
  { id: "depth", title: "Depth", sort: (row) => row.fullness, text: (row) => `${count(row.info.len)} of ${count(row.info.capacity)}`, meter: true },
  { id: "trend", title: "Last minute", spark: true },
  { id: "rate", title: "Sent/s", number: true, sort: (row) => row.figures.sent_per_s ?? -1, text: (row) => rate(row.figures.sent_per_s) },
  { id: "taken", title: "Delivered/s", number: true, sort: (row) => row.figures.delivered_per_s ?? -1, text: (row) => rate(row.figures.delivered_per_s) },
  { id: "lag", title: "Lag", number: true, sort: (row) => row.figures.lag_s ?? -1, text: (row) => lag(row.figures) },
  { id: "wait", title: "Wait p99", number: true, sort: (row) => row.figures.wait_p99_s ?? -1, text: (row) => brief(row.figures.wait_p99_s) },
  { id: "blocked", title: "Blocked", number: true, sort: (row) => row.info.blocked_senders, text: (row) => row.info.blocked_senders === 0 ? "-" : `${count(row.info.blocked_senders)}, ${age(oldest(row.info))}` },
  { id: "held", title: "Held up by", sort: (row) => heldUpBy(row), text: heldUpBy },
];

function rows() {
  const stuck = new Set(newest.verdicts.flatMap((verdict) => verdict.channels));
  const wanted = $("filter").value.toLowerCase();
  const all = newest.snapshot.channels.map((info, at) => ({
    info,
    figures: newest.figures[at],
    fullness: info.len / Math.max(info.capacity, 1),
    stuck: stuck.has(info.name),
  })).filter((row) => row.info.name.toLowerCase().includes(wanted));
  const trouble = (row) => (row.stuck ? 2 : 0) + (row.info.blocked_senders > 0 ? 1 : 0) + row.fullness;
  const key = order.column === "trouble" ? trouble : COLUMNS.find((column) => column.id === order.column).sort;
  const sign = order.down ? -1 : 1;
  all.sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    const by = typeof a === "string" ? a.localeCompare(b) : a - b;
    return by !== 0 ? sign * by : one.info.name.localeCompare(other.info.name);
  });
  return all;
}

function head() {
  const tr = $("channels").tHead.rows[0];
  for (const column of COLUMNS) {
    const th = element("th", undefined, column.number ? "number" : "");
    th.scope = "col";
    if (column.sort) {
      const button = element("button", column.title);
      button.type = "button";
      button.addEventListener("click", () => {
        const again = order.column === column.id;
        order = { column: column.id, down: again ? !order.down : column.id !== "name" };
        for (const other of tr.cells) other.removeAttribute("aria-sort");
        th.setAttribute("aria-sort", order.down ? "descending" : "ascending");
        draw();
      });
      th.append(button);
    } else {
      th.textContent = column.title;
    }
    tr.append(th);
  }
}

const made = new Map(); // a row of the table for each channel: it keeps the focus
function row(name) {
  let tr = made.get(name);
  if (tr) return tr;
  tr = element("tr");
  tr.dataset.channel = name;
  tr.tabIndex = -1;
  for (const column of COLUMNS) {
    const td = element(column.id === "name" ? "th" : "td", undefined, column.number ? "number" : "");
    if (column.id === "name") td.scope = "row";
    if (column.meter) {
      const meter = element("meter");
      meter.setAttribute("aria-hidden", "true");
      [meter.low, meter.high, meter.optimum] = [0.5, 0.9, 0];
      td.append(meter, " ", element("span"));
    }
    if (column.spark) {
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("class", "spark");
      svg.setAttribute("aria-hidden", "true");
      svg.append(document.createElementNS(SVG, "path"));
      td.append(svg);
    }
    tr.append(td);
  }
  tr.addEventListener("click", () => choose(name));
  made.set(name, tr);
  return tr;
}

function spark(name) {
  const all = depths.get(name) ?? [];
  const most = Math.max(1, ...all);
  return all.map((depth, at) => `${at === 0 ? "M" : "L"}${at * 120 / HISTORY} ${(19 - 18 * depth / most).toFixed(1)}`).join("");
}

function table() {
  const all = rows();
  const shown = all.slice(0, ROWS);
  const body = $("channels").tBodies[0];
  shown.forEach((data, at) => {
    const tr = row(data.info.name);
    tr.className = data.stuck ? "stuck" : "";
    COLUMNS.forEach((column, cell) => {
      const td = tr.cells[cell];
      if (column.meter) {
        td.firstChild.value = Math.min(data.fullness, 1);
        say(td.lastChild, column.text(data));
      } else if (column.spark) {
        td.firstChild.firstChild.setAttribute("d", spark(data.info.name));
      } else {
        say(td, column.text(data));
      }
    });
    if (body.rows[at] !== tr) body.insertBefore(tr, body.rows[at] ?? null);
  });
  while (body.rows.length > shown.length) body.lastChild.remove();
  const open = new Set(newest.snapshot.channels.map((info) => info.name));
  for (const known of [made, depths]) for (const name of known.keys()) if (!open.has(name)) known.delete(name);
  if (!body.querySelector("tr[tabindex='0']") && body.rows[0]) body.rows[0].tabIndex = 0;
  say($("more"), all.length > ROWS ? `${count(all.length - ROWS)} more: filter by a name.` : "");
}

function cells(table, titles, lines) {
  const [head, body] = [$(table).tHead.rows[0], $(table).tBodies[0]];
  if (head.cells.length === 0) head.append(...titles.map((title) => element("th", title)));
  const text = JSON.stringify(lines);
  if (body.dataset.text === text) return;
  body.dataset.text = text;
  body.replaceChildren(...lines.map((line) => {
    const tr = element("tr");
    tr.append(...line.map((cell) => element("td", cell)));
    return tr;
  }));
  $(table).hidden = lines.length === 0;
}

function details() {
  const at = newest.snapshot.channels.findIndex((info) => info.name === chosen);
  $("channel").hidden = at < 0;
  if (at < 0) return;
  const [info, figures] = [newest.snapshot.channels[at], newest.figures[at]];
  say($("channel-title"), `${info.name}: ${info.kind.toLowerCase()} of ${info.message}, opened at ${info.location}`);
  cells("readers", ["Reader", "Kind", "Members", "Left", "In flight", "Taken/s", "Lag", "Drained in", "Wait p99", "Work p99", "Missed"], info.readers.map((reader, at) => {
    const its = figures.readers[at];
    return [reader.name, reader.kind.toLowerCase(), count(reader.members), count(reader.left), count(reader.in_flight), rate(its.taken_per_s), lag(its), age(its.drain_s), brief(its.waiting?.p99_s), brief(its.handling?.p99_s), count(reader.skipped.missed)];
  }));
  const same = new Map(); // those of one place and kind are one line
  for (const wait of info.waits) {
    const key = `${wait.kind} ${wait.state} ${wait.at}`;
    const known = same.get(key);
    if (known) {
      known.times += 1;
      known.waited = Math.max(known.waited, seconds(wait.waited));
    } else {
      same.set(key, { ...wait, times: 1, waited: seconds(wait.waited) });
    }
  }
  cells("waits", ["Waits", "State", "Task", "Since", "At"], [...same.values()].map((wait) => [
    words(wait.kind).toLowerCase() + (wait.times > 1 ? ` ×${wait.times}` : ""),
    words(wait.state).toLowerCase(), wait.times > 1 ? "" : wait.task ?? "-", age(wait.waited), wait.at,
  ]));
}

function choose(name) {
  chosen = name;
  details();
  if (!$("channel").hidden) $("channel-title").focus();
}

function unchoose() {
  const name = chosen;
  chosen = null;
  details();
  const tr = name === null ? null : made.get(name);
  if (tr && tr.isConnected) tr.focus();
}

function verdicts() {
  const all = newest.verdicts;
  say($("well"), all.length === 0 ? "All is well: nothing is stuck." : `${all.length} ${all.length === 1 ? "thing does" : "things do"} not move, or too slowly.`);
  $("copy").hidden = all.length === 0;
  const keys = all.map((verdict) => `${verdict.kind} ${verdict.channels} ${verdict.tasks}`);
  const area = $("verdicts");
  if (area.dataset.keys !== JSON.stringify(keys)) {
    area.dataset.keys = JSON.stringify(keys);
    area.replaceChildren(...all.map((verdict) => {
      const article = element("article", undefined, verdict.kind === "Slow" ? "verdict moves" : "verdict");
      const why = element("details");
      why.open = all.length === 1;
      const lines = element("table");
      lines.append(element("tbody"));
      why.append(element("summary", "Why"), lines, element("div"));
      article.append(element("h3"), element("p"), why);
      return article;
    }));
  }
  all.forEach((verdict, at) => {
    const [title, summary, why] = area.children[at].children;
    const until = verdict.until === null ? "" : ` a deadline in ${age(verdict.until)}`;
    say(title, `${words(verdict.kind)}${until} for ${age(verdict.lasted)}`);
    say(summary, verdict.summary);
    const [, lines, notes] = why.children;
    const body = lines.tBodies[0];
    while (body.rows.length > verdict.lines.length) body.lastChild.remove();
    verdict.lines.forEach((line, at) => {
      if (!body.rows[at]) {
        const tr = element("tr");
        tr.append(element("td"), element("td"), element("td"), element("td"));
        body.append(tr);
      }
      [line.who, line.what, line.waited === null ? "" : age(line.waited), line.at ?? ""].forEach((text, cell) => say(body.rows[at].cells[cell], text));
    });
    say(notes, verdict.notes.join(" "));
  });
}

function svg(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const short = (text, most) => text.length <= most ? text : text.slice(0, most - 1) + "…";

function map() {
  const { map } = newest;
  if (!map) return;
  const area = $("map");
  for (const [key, value] of Object.entries({ width: map.width, height: map.height, viewBox: `0 0 ${map.width} ${map.height}` })) area.setAttribute(key, value);
  const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" });
  arrow.append(svg("path", { d: "M0 0L8 4L0 8Z" }));
  const lines = map.lines.map((line) => svg("path", {
    d: line.path,
    "stroke-width": line.width.toFixed(1),
    "marker-end": "url(#arrow)",
    class: (line.is_blocked ? "blocked " : "") + (line.is_stuck ? "stuck" : ""),
  }));
  const boxes = map.boxes.map((box) => {
    const g = svg("g", { class: box.kind + (box.is_stuck ? " stuck" : ""), transform: `translate(${box.x} ${box.y})` });
    g.append(svg("title", {}, `${box.name}: ${box.note}`));
    g.append(svg("rect", { class: `frame ${box.kind}`, width: map.box_width, height: map.box_height }));
    if (box.fill > 0) g.append(svg("rect", { class: `fill ${box.kind}`, width: (map.box_width * box.fill).toFixed(1), height: map.box_height }));
    g.append(svg("text", { x: 8, y: 17 }, short(box.name, 21)), svg("text", { x: 8, y: 32, class: "note" }, short(box.note, 25)));
    return g;
  });
  area.replaceChildren(arrow, ...lines, ...boxes);
  say($("left-out"), map.left_out > 0 ? `${count(map.left_out)} more channels are in the table.` : "");
}

let due = false;
function draw() {
  if (newest === null || due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    say($("title"), `${newest.program} · pid ${newest.pid}`);
    const waiting = newest.look_waiting_s;
    $("look").hidden = waiting === undefined;
    say($("look-text"), waiting === undefined ? "" : "Somebody holds the lock of a channel, and the look waits for it. The figures are from before.");
    say($("look-age"), waiting === undefined ? "" : `It has been waiting for ${age(waiting)}.`);
    verdicts();
    map();
    table();
    details();
  });
}

let noted = 0; // when depths were noted
function take(snapshot) {
  const isDue = snapshot.at_unix_s - noted >= 0.5;
  if (isDue) noted = snapshot.at_unix_s;
  if (isDue) for (const info of snapshot.snapshot.channels.slice(0, 2000)) {
    const known = depths.get(info.name) ?? [];
    known.push(info.len);
    if (known.length > HISTORY) known.shift();
    depths.set(info.name, known);
  }
  if (paused) return;
  newest = snapshot;
  draw();
}

function state(text, className) {
  $("state").className = className;
  say($("state"), text);
}

// Server-sent events, read by hand, as EventSource can show no token.
async function follow() {
  const shown = token();
  const answer = await fetch("/stream", { headers: shown === null ? {} : { Authorization: `Bearer ${shown}` }, cache: "no-store" });
  if (answer.status === 401) throw new Error("a token is needed: put #token=… behind this page's address");
  if (!answer.ok) throw new Error((await answer.text()).trim());
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the program has ended");
    buffer += value;
    const events = buffer.split("\n\n");
    buffer = events.pop();
    if (events.some((event) => event.startsWith("event: gone"))) throw new Error("the channels are gone");
    const last = events.filter((event) => event.startsWith("event: snapshot")).pop();
    if (last === undefined) continue;
    state(paused ? "paused" : "live", paused ? "" : "live");
    take(JSON.parse(last.slice(last.indexOf("data: ") + 6)));
  }
}

// The map for Graphviz: shown, and copied where the browser lets it.
async function graph() {
  const text = $("dot-text");
  const open = text.hidden;
  if (open) {
    const shown = token();
    try {
      const answer = await fetch("/map.dot", { headers: shown === null ? {} : { Authorization: `Bearer ${shown}` }, cache: "no-store" });
      text.textContent = await answer.text();
      if (answer.ok) await navigator.clipboard?.writeText(text.textContent);
    } catch (error) {
      if (text.textContent === "") text.textContent = String(error.message);
    }
  }
  text.hidden = !open;
  $("dot").setAttribute("aria-expanded", String(open));
}

async function run() {
  for (;;) {
    try {
      await follow();
    } catch (error) {
      state(`not connected: ${error.message}`, "lost");
    }
    await new Promise((again) => setTimeout(again, 1000));
  }
}

function pause() {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  state(paused ? "paused" : "live", paused ? "" : "live");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement;
  const tr = event.target instanceof Element ? event.target.closest("#channels tbody tr") : null;
  if (event.key === "Escape") {
    if (typing) {
      event.target.value = "";
      draw();
      $("channels").tBodies[0].rows[0]?.focus();
    } else {
      unchoose();
    }
  } else if (typing) {
    if (event.key === "ArrowDown" || event.key === "Enter") $("channels").tBodies[0].rows[0]?.focus();
    return;
  } else if (event.key === "/") {
    $("filter").focus();
  } else if (event.key === "p" && !(event.target instanceof HTMLButtonElement)) {
    pause();
  } else if (tr && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const next = event.key === "ArrowDown" ? tr.nextElementSibling : tr.previousElementSibling;
    if (next) {
      tr.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  } else if (tr && event.key === "Enter") {
    choose(tr.dataset.channel);
  } else {
    return;
  }
  event.preventDefault();
});

$("pause").addEventListener("click", pause);
$("dot").addEventListener("click", graph);
$("close").addEventListener("click", unchoose);
$("filter").addEventListener("input", draw);
$("copy").addEventListener("click", () => navigator.clipboard?.writeText(newest.verdicts_text));
head();
run();
