"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const frames = data.frames; // the first is the puzzle itself
const $ = (id) => document.getElementById(id);
const picture = $("picture"), slider = $("slider"), play = $("play");
let now = 0, chosen = null, timer = null;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

const percent = (share) => `${Math.round(100 * share)} %`;
const cells = (count) => `${count} cell${count === 1 ? "" : "s"}`;

function name(frame) {
  if (!frame.step) return "the puzzle";
  const cycle = frame.cycle ? `, cycle ${frame.cycle} of ${data.cycles}` : "";
  return `step ${frame.step} of ${data.steps}${cycle}`;
}

function describe(frame) {
  const parts = [name(frame)];
  if (frame.step) {
    parts.push(`${cells(frame.changed.length)} changed`);
    if (frame.wrong !== null) parts.push(`${frame.wrong} wrong`);
    parts.push(`the model is ${percent(frame.halt)} sure that all is right`);
  }
  return parts.join(", ");
}

// A row is [characters, runs of styles]; neighbouring cells of one style and position become one element.
function drawRow(row, places, changed, undecided) {
  const line = make("div");
  const [characters, runs] = row;
  let column = 0, span = null, position = -1;
  for (let run = 0; run < runs.length; run += 2) {
    for (let rest = runs[run]; rest > 0; rest--, column++) {
      const place = places && column < places.length ? places[column] : -1;
      if (span === null || place !== position || rest === runs[run]) {
        span = make("span", "", `s${runs[run + 1]}`);
        span.columns = 0;
        position = place;
        if (place >= 0) {
          span.classList.add("cell");
          span.dataset.position = place;
          span.classList.toggle("changed", changed.has(place));
          span.style.setProperty("--undecided", (undecided[place] || 0) / 9);
        }
        line.append(span);
      }
      span.textContent += characters[column];
      span.columns += 1;
      span.style.width = `${span.columns}ch`;
    }
  }
  return line;
}

function show(index) {
  now = Math.max(0, Math.min(frames.length - 1, index));
  const frame = frames[now];
  const changed = new Set(frame.changed);
  picture.replaceChildren(...frame.picture.map((row, number) =>
    drawRow(data.rows[row], data.places[number], changed, frame.undecided)));
  slider.value = now;
  slider.setAttribute("aria-valuetext", name(frame));
  const text = describe(frame);
  $("status").textContent = text[0].toUpperCase() + text.slice(1) + ".";
  picture.setAttribute("aria-label", text);
  $("verdict").style.visibility = now === frames.length - 1 ? "visible" : "hidden"; // it judges the last answer
  for (const chart of data.charts) chart.mark(now);
  choose(chosen);
}

function where(position) {
  if (!data.grid) return `Position ${position + 1}`;
  return `Row ${Math.floor(position / data.grid[1]) + 1}, column ${position % data.grid[1] + 1}`;
}

function choose(position) {
  chosen = position;
  for (const cell of picture.querySelectorAll(".cell"))
    cell.classList.toggle("chosen", Number(cell.dataset.position) === position);
  if (position === null) return;
  const frame = frames[now], panel = make("div", undefined, "likely");
  let likely = frame.likely ? frame.likely[position] : null;
  if (typeof likely === "number") likely = [likely, 100];
  for (let index = 0; likely && index < likely.length; index += 2) {
    const bar = make("i");
    bar.style.width = `${likely[index + 1]}%`;
    panel.append(make("span", data.tokens[likely[index]] ?? String(likely[index])), bar,
      make("span", `${likely[index + 1]} %`, "number"));
  }
  const note = frame.step ? name(frame) : "the puzzle: the model has not answered yet";
  $("inspector").replaceChildren(make("h2", where(position)), make("p", note), panel);
}

function toggle(running) {
  clearInterval(timer);
  timer = running ? setInterval(() => (now + 1 < frames.length ? show(now + 1) : toggle(false)), 450) : null;
  play.textContent = running ? "Pause" : "Play";
  play.setAttribute("aria-pressed", String(running));
}

function start() {
  if (now === frames.length - 1) show(0);
  toggle(timer === null);
}

// A chart of one number a frame; the puzzle itself has none.
function chart(title, values, top, text) {
  const figure = make("figure"), caption = make("figcaption"), value = make("b");
  caption.append(make("span", title), value);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${title} by step: ${values.map(text).join(", ")}`);
  const x = (index) => (frames.length > 2 ? 2 + 96 * (index - 1) / (frames.length - 2) : 50);
  const points = document.createElementNS(svg.namespaceURI, "polyline");
  const line = document.createElementNS(svg.namespaceURI, "line");
  points.setAttribute("points", values.map((item, index) => `${x(index + 1)},${94 - 88 * item / (top || 1)}`).join(" "));
  svg.append(line, points);
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    show(1 + Math.round((event.clientX - box.left) / box.width * (frames.length - 2)));
  });
  figure.append(caption, svg);
  $("charts").append(figure);
  return { mark(index) {
    value.textContent = index ? text(values[index - 1]) : "";
    for (const [key, place] of [["x1", x(index)], ["x2", x(index)], ["y1", 0], ["y2", 100]]) line.setAttribute(key, place);
    line.style.visibility = index ? "visible" : "hidden";
  } };
}

function fillTable(known) {
  const head = make("tr");
  for (const title of ["Step", "Changed", ...(known ? ["Wrong"] : []), "Sure"]) head.append(make("th", title));
  $("table").append(head);
  for (const frame of frames.slice(1)) {
    const row = make("tr");
    const values = [name(frame), frame.changed.length, ...(known ? [frame.wrong] : []), percent(frame.halt)];
    for (const value of values) row.append(make("td", value));
    $("table").append(row);
  }
}

function nextCell(direction) {
  const shown = [...new Set(data.places.flat().filter((place) => place >= 0))].sort((a, b) => a - b);
  const index = shown.indexOf(chosen);
  if (shown.length) choose(shown[(index + direction + shown.length + (index < 0 && direction < 0)) % shown.length]);
}

const KEYS = {
  ArrowLeft: () => show(now - 1), ArrowRight: () => show(now + 1), Home: () => show(0), End: () => show(frames.length - 1),
  " ": start, "[": () => nextCell(-1), "]": () => nextCell(1),
};

document.addEventListener("keydown", (event) => {
  const own = event.target.closest("input, button, summary"); // they have a meaning for some of the keys already
  if (!(event.key in KEYS) || event.ctrlKey || event.altKey || event.metaKey) return;
  if (own && (event.key === " " || (own.id === "slider" && event.key !== "[" && event.key !== "]"))) return;
  event.preventDefault();
  KEYS[event.key]();
});
slider.max = frames.length - 1;
slider.addEventListener("input", () => show(Number(slider.value)));
$("previous").addEventListener("click", () => show(now - 1));
$("next").addEventListener("click", () => show(now + 1));
play.addEventListener("click", start);
for (const kind of ["mouseover", "click"])
  picture.addEventListener(kind, (event) => {
    const cell = event.target.closest(".cell");
    if (cell) choose(Number(cell.dataset.position));
  });
for (const [box, name] of [["shade", "shaded"], ["outline", "outlined"]]) {
  const apply = () => picture.classList.toggle(name, $(box).checked);
  $(box).addEventListener("change", apply);
  apply();
}
$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});

picture.style.setProperty("--columns", data.columns);
picture.style.setProperty("--rows", Math.max(...frames.map((frame) => frame.picture.length)));
const answers = frames.slice(1), known = answers[0].wrong !== null;
const changes = answers.map((frame) => frame.changed.length), faults = answers.map((frame) => frame.wrong);
data.charts = [chart("Changed cells", changes, Math.max(...changes), String)];
if (known) data.charts.push(chart("Wrong cells", faults, Math.max(...faults), String));
data.charts.push(chart("Sure that all is right", answers.map((frame) => frame.halt), 1, percent));
fillTable(known);
show(0);
