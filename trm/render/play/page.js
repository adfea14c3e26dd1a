"use strict";
// The page: the puzzle, the network in its worker, and the frames that it has sent.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { board } = data;
const PACE = 140; // milliseconds for which a step is shown at least, while the network is ahead of the display
const LEVELS = { easy: "Easy", medium: "Medium", hard: "Hard", unsolved: "Not solved" };

const state = { puzzle: [], labels: null, frames: [], now: 0, running: false, following: false, done: null, job: 0, chosen: 0, timer: null };
let worker = null, workerReady = null;

const view = new BoardView($("board"), board, {
  edit, choose, tokenAt: (position) => state.puzzle[position], editing: () => state.now === 0 && !state.running,
});
const charts = {
  halt: new Chart($("charts"), "Sure that all is right", percent, show),
  wrong: board.rules.length ? new Chart($("charts"), "Cells that break a rule", String, show) : null,
  changed: new Chart($("charts"), "Cells that changed", String, show),
};

// ---------------------------------------------------------------- the puzzle

function setPuzzle(tokens, labels = null, keepFragment = false) {
  halt();
  Object.assign(state, { puzzle: [...tokens], labels, frames: [], now: 0, done: null, following: false });
  if (!keepFragment && location.hash) history.replaceState(null, "", location.pathname + location.search);
  $("problem").textContent = "";
  $("copied").hidden = true;
  draw();
}

function edit(position, token) {
  const tokens = [...state.puzzle];
  if (board.looks[token].once) {
    if (board.looks[tokens[position]].once && tokens[position] !== token) return; // the other end would be lost
    tokens.forEach((other, place) => { if (other === token) tokens[place] = board.blank ?? tokens[position]; });
  } else if (board.looks[tokens[position]].once) return; // start and goal are moved, not deleted
  tokens[position] = token;
  setPuzzle(tokens);
  say("");
}

// Cells that the puzzle itself gives; those of a board that can be edited in part are given where they cannot.
function givenCells(tokens) {
  const editable = board.editable ? new Set(board.editable) : null;
  const given = board.rules.find((rule) => rule.kind === "given");
  const blanks = new Set(given ? given.blanks : board.looks.flatMap((look, token) => (look.role === "blank" ? [token] : [])));
  if (!given && !editable && !blanks.size) return new Set();
  return new Set(tokens.flatMap((token, position) => (blanks.has(token) ? [] : [position])));
}

// What is wrong with the puzzle before anything is solved: only repetitions can be judged.
function puzzleFaults() {
  const rules = board.rules.filter((rule) => rule.kind === "distinct" && rule.tokens.length);
  return TRMRules.check({ ...board, rules }, state.puzzle, state.puzzle);
}

function whyNotReady() {
  for (const [token, look] of board.looks.entries()) {
    if (!look.once) continue;
    const count = state.puzzle.filter((other) => other === token).length;
    if (count !== 1) return `The ${board.puzzle} needs one ${look.name || look.text}, it has ${count}.`;
  }
  const faults = puzzleFaults();
  return faults.violations.length ? `The ${board.puzzle} breaks a rule already: ${faults.reasons[faults.violations[0]][0]}.` : "";
}

function readText(text, said) {
  try {
    setPuzzle(TRMText.read(board, text));
    say(said);
    return true;
  } catch (error) {
    $("problem").textContent = error.message;
    return false;
  }
}

function readFragment() {
  try {
    const tokens = TRMText.fromFragment(board, location.hash);
    if (!tokens) return false;
    setPuzzle(tokens, null, true);
    say(`The ${board.puzzle} of the link is on the board.`);
    return true;
  } catch (error) {
    $("problem").textContent = error.message;
    return false;
  }
}

// ---------------------------------------------------------------- the network

function start() {
  const reason = whyNotReady();
  if (reason) return say(reason);
  $("problem").textContent = "";
  halt();
  Object.assign(state, { frames: [], now: 0, running: true, following: true, done: null, job: state.job + 1 });
  const [steps, restarts] = ["steps", "restarts"].map((id) => Math.max(1, Math.min(Number($(id).max), Math.round(Number($(id).value)) || 1)));
  $("steps").value = steps;
  $("restarts").value = restarts;
  say(worker ? "Thinking." : "Loading the network.");
  draw();
  const job = state.job;
  prepared().then(() => {
    if (job !== state.job || !state.running) return;
    say("Thinking.");
    worker.postMessage({ type: "solve", id: job, tokens: state.puzzle, steps, restarts, stopWhenValid: $("stop").checked && board.rules.length > 0, seed: 0 });
    clearInterval(state.timer);
    state.timer = setInterval(advance, PACE);
  });
}

// Start the worker once; resolves when the network is loaded.
function prepared() {
  workerReady ||= new Promise((resolve) => {
    const address = URL.createObjectURL(new Blob([data.worker], { type: "text/javascript" }));
    worker = new Worker(address);
    worker.onmessage = ({ data: message }) => (message.type === "ready" ? resolve() : receive(message));
    worker.onerror = (event) => fail(event.message || "The network cannot be started.");
    worker.postMessage({ type: "load", network: data.network, board });
  });
  return workerReady;
}

function receive(message) {
  if (message.type === "error") return fail(message.message);
  if (message.id !== state.job) return;
  if (message.type === "done") {
    state.done = message;
    if (!state.following) finish();
  }
  if (message.type === "frame") addFrame(message);
}

function addFrame(message) {
  const tokens = TRMRules.complete(board, state.puzzle, message.tokens);
  const before = state.frames.length && state.frames.at(-1).attempt === message.attempt ? state.frames.at(-1).tokens : state.puzzle;
  const changed = tokens.flatMap((token, position) => (token === before[position] ? [] : [position]));
  state.frames.push({ ...message, tokens, changed, probabilities: new Float32Array(message.probabilities) });
  drawControls();
}

// Show the next frame of a run, or a later one if the network is far ahead.
function advance() {
  const behind = state.frames.length - state.now;
  if (behind > 0) show(state.now + Math.ceil(behind / 12), true);
  else if (state.done) finish();
}

function finish() {
  clearInterval(state.timer);
  Object.assign(state, { running: false, following: false });
  const answer = state.done.answer, last = state.frames.find((frame) => answer && frame.attempt === answer.attempt && frame.step === answer.step) || state.frames.at(-1);
  if (last) state.now = state.frames.indexOf(last) + 1; // of several attempts, the one that `trm solve` answers with
  draw();
  if (!last) return say("Stopped.");
  const spent = state.frames.reduce((sum, frame) => sum + (frame.milliseconds || 0), 0) / 1000;
  const time = `${spent < 10 ? spent.toFixed(1) : Math.round(spent)} s`;
  say(`${verdict(last)} ${counted(state.frames.length, "step")} in ${time}.`);
}

function verdict(frame) {
  const tries = frame.attempt > 1 ? `, attempt ${frame.attempt}` : "";
  if (state.done && state.done.reason === "stopped") return `Stopped after step ${frame.step}${tries}.`;
  if (frame.valid) return `✓ Solved at step ${frame.step}${tries}: every rule is kept.`;
  const wrong = frame.violations.length;
  if (frame.valid === false) return `✗ Not solved: ${wrong ? `${counted(wrong, "cell")} ${wrong === 1 ? "breaks" : "break"} a rule.` : "the answer is incomplete."}`;
  if (state.labels) {
    const off = state.labels.filter((label, position) => label >= 0 && label !== frame.tokens[position]).length;
    return off ? `✗ ${counted(off, "cell")} ${off === 1 ? "differs" : "differ"} from the known answer.` : "✓ The same as the known answer.";
  }
  return `Done. The network is ${percent(frame.halt)} sure of its answer.`;
}

// Stop the network; the frames stay.
function halt() {
  if (!state.running) return;
  clearInterval(state.timer);
  if (worker) worker.postMessage({ type: "stop" });
  Object.assign(state, { running: false, following: false, done: { reason: "stopped" }, job: state.job + 1 });
}

function stop() {
  halt();
  draw();
  say(state.frames.length ? verdict(state.frames.at(-1)) : "Stopped.");
}

function fail(message) {
  halt();
  draw();
  say("");
  $("problem").textContent = message;
}

// ---------------------------------------------------------------- showing

function show(index, playing = false) {
  const wanted = Math.max(0, Math.min(state.frames.length, index));
  if (!playing) state.following = false;
  if (!playing && state.running) stop();
  state.now = wanted;
  draw();
  if (playing) return;
  const frame = state.frames[wanted - 1];
  say(frame ? sentence(frame) : `The ${board.puzzle} itself.`);
}

function nameOf(frame) {
  if (!frame) return `the ${board.puzzle} itself`;
  return frame.attempt > 1 || Number($("restarts").value) > 1 ? `attempt ${frame.attempt}, step ${frame.step}` : `step ${frame.step}`;
}

function sentence(frame) {
  const parts = [`${counted(frame.changed.length, "cell")} changed`];
  if (board.rules.length) parts.push(frame.valid ? "every rule is kept" : `${frame.violations.length} ${frame.violations.length === 1 ? "breaks" : "break"} a rule`);
  const name = nameOf(frame);
  return `${name[0].toUpperCase()}${name.slice(1)}: ${parts.join(", ")}, ${percent(frame.halt)} sure that all is right.`;
}

function draw() {
  const frame = state.frames[state.now - 1];
  const tokens = frame ? frame.tokens : state.puzzle, given = givenCells(state.puzzle);
  const wrong = frame ? frame.violations : puzzleFaults().violations;
  view.draw({ tokens, given, changed: new Set(frame ? frame.changed : []), wrong: new Set(wrong), doubt: frame && doubts(frame, given) });
  for (const [name, chart] of Object.entries(charts)) if (chart) drawChart(name, chart);
  drawControls();
  choose(state.chosen);
}

// For each position how unsure the network is of the token that is shown, 0 to 1; a given cell is certain.
function doubts(frame, given) {
  const vocabulary = board.looks.length;
  return frame.tokens.map((token, position) => (given.has(position) ? 0 : 1 - frame.probabilities[position * vocabulary + token]));
}

function drawChart(name, chart) {
  const counts = { halt: (frame) => frame.halt, wrong: (frame) => frame.violations.length, changed: (frame) => frame.changed.length };
  const values = state.frames.map(counts[name]);
  chart.draw(values, state.now, name === "halt" ? 1 : Math.max(1, ...values));
}

function drawControls() {
  const count = state.frames.length, slider = $("slider"), frame = state.frames[state.now - 1];
  slider.max = count;
  slider.value = state.now;
  slider.disabled = !count;
  slider.setAttribute("aria-valuetext", nameOf(frame));
  $("previous").disabled = state.now === 0;
  $("next").disabled = state.now >= count;
  $("play").querySelector("b").textContent = state.running ? "Stop" : "Play";
  $("play").classList.toggle("running", state.running);
  $("copy").textContent = frame ? "Copy answer" : `Copy ${board.puzzle}`;
  const editing = state.now === 0 && !state.running;
  $("board").classList.toggle("editing", editing);
  $("board").classList.toggle("unsolved", state.now === 0);
  $("hint").textContent = editing || !board.tools.length ? board.hint : `Choose a tool to go back to the ${board.puzzle} and draw.`;
}

function choose(position) {
  state.chosen = position;
  const frame = state.frames[state.now - 1], notes = [];
  if (givenCells(state.puzzle).has(position)) notes.push("given");
  if (frame && frame.changed.includes(position)) notes.push("changed in this step");
  const reasons = (frame ? frame.reasons ||= TRMRules.check(board, state.puzzle, frame.tokens).reasons : puzzleFaults().reasons)[position];
  notes.push(...(reasons || []));
  $("inspector").replaceChildren(...describeCell(view, board, position, frame, notes));
}

function say(text) {
  $("status").textContent = text;
}

// ---------------------------------------------------------------- copying

async function offer(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    say(said);
  } catch {
    const field = $("copied");
    field.hidden = false;
    field.value = text;
    field.focus();
    field.select();
    say("Copy the marked text with Ctrl+C.");
  }
}

function share() {
  const fragment = TRMText.toFragment(board, state.puzzle);
  history.replaceState(null, "", fragment);
  offer(location.href, `The link to this ${board.puzzle} is in the clipboard.`);
}

function copy() {
  const frame = state.frames[state.now - 1];
  offer(TRMText.write(board, frame ? frame.tokens : state.puzzle), `The ${frame ? "answer" : board.puzzle} is in the clipboard.`);
}

// ---------------------------------------------------------------- controls

function addExamples() {
  const taken = {};
  for (const [level, title] of Object.entries(LEVELS)) {
    const examples = data.examples.filter((example) => example.level === level);
    if (!examples.length) continue;
    const button = make("button", title);
    button.type = "button";
    button.dataset.level = level;
    button.addEventListener("click", () => {
      const index = taken[level] = ((taken[level] ?? -1) + 1) % examples.length, example = examples[index];
      setPuzzle(example.inputs, example.labels);
      const effort = example.solved_at ? `solved in ${counted(example.solved_at, "step")}` : `not solved in ${counted(data.steps, "step")}`;
      say(`${title} example ${index + 1} of ${examples.length}, ${effort} when this page was made.`);
    });
    $("examples").append(button);
  }
  if (!$("examples").children.length) $("examples-title").hidden = true;
}

function addPalette() {
  const painting = board.tools.length > 0, palette = $("palette");
  if (painting) palette.setAttribute("aria-label", "Drawing tool");
  const choices = view.choices();
  if (choices.length > 40) return;
  for (const token of choices) {
    const look = board.looks[token], button = make("button");
    button.type = "button";
    const swatch = make("i", undefined, `cell role-${look.role}`);
    swatch.append(make("span", look.text));
    swatch.setAttribute("aria-hidden", "true");
    swatch.style.background = look.color;
    const name = TRMRules.nameOf(board, token) || "empty";
    if (painting || look.color || !look.text) button.append(swatch);
    button.append(painting || !look.text ? name : look.text);
    if (!painting && look.text && look.text !== name) button.setAttribute("aria-label", `${look.text} ${name}`);
    if (painting) button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => (painting ? takeTool(token) : edit(view.focused, token)));
    button.dataset.token = token;
    palette.append(button);
  }
  if (painting) takeTool(board.tools[0]);
}

function takeTool(token) {
  view.tool = token;
  for (const button of $("palette").children) button.setAttribute("aria-pressed", String(Number(button.dataset.token) === token));
  if (state.now > 0) show(0);
}

// The legend shows the marks on a symbol of this board.
function drawLegend() {
  const plain = board.looks.find((look) => look.role === "plain" && [...look.text].length === 1) || board.looks.find((look) => look.role === "path");
  for (const sample of document.querySelectorAll(".legend .cell")) {
    sample.firstChild.textContent = plain ? plain.text : "5";
    if (plain) sample.classList.add(`role-${plain.role}`);
  }
}

function keydown(event) {
  const field = event.target.closest("textarea, input[type=text]");
  if (event.key === "Enter" && event.ctrlKey) state.running ? stop() : start();
  else if (event.key === "Escape" && state.running) stop();
  else if (!field && (event.key === "PageUp" || event.key === "PageDown") && !event.altKey && !event.ctrlKey)
    show(state.now + (event.key === "PageUp" ? -1 : 1));
  else return;
  event.preventDefault();
}

function wire() {
  document.addEventListener("keydown", keydown);
  document.addEventListener("paste", (event) => {
    if (event.target.closest?.("textarea, input")) return;
    event.preventDefault();
    readText(event.clipboardData.getData("text"), `The pasted ${board.puzzle} is on the board.`);
  });
  window.addEventListener("hashchange", readFragment);
  $("play").addEventListener("click", () => (state.running ? stop() : start()));
  $("previous").addEventListener("click", () => show(state.now - 1));
  $("next").addEventListener("click", () => show(state.now + 1));
  $("slider").addEventListener("input", () => show(Number($("slider").value)));
  $("load").addEventListener("click", () => readText($("text").value, `Your ${board.puzzle} is on the board.`));
  $("clear").addEventListener("click", () => { setPuzzle(TRMText.emptyPuzzle(board)); say(`The board is empty.`); });
  $("copy").addEventListener("click", copy);
  $("share").addEventListener("click", share);
}

function open() {
  document.body.classList.toggle("no-rules", !board.rules.length);
  document.body.classList.toggle("no-givens", !board.editable && !board.rules.some((rule) => rule.kind === "given") && !board.looks.some((look) => look.role === "blank"));
  document.body.classList.toggle("drawing", board.tools.length > 0);
  const keys = board.looks.filter((look) => look.keys).map((look) => look.keys[0]).filter((key) => key !== " ");
  if (keys.length) $("typing").replaceChildren(...keys.slice(0, 12).flatMap((key) => [make("kbd", key), " "]));
  addExamples();
  addPalette();
  drawLegend();
  wire();
  if (data.puzzle) setPuzzle(data.puzzle, null, true);
  else if (data.examples.length) setPuzzle(data.examples[0].inputs, data.examples[0].labels, true);
  else setPuzzle(TRMText.emptyPuzzle(board), null, true);
  readFragment();
  view.startAt(state.puzzle);
  if (!$("status").textContent) say(`Press Play to watch the network solve this ${board.puzzle}.`);
}

open();
