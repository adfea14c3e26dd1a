"use strict";
// The page: the puzzle, the frames of the network, and the controls.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { board } = data;
const LEVELS = { easy: "Easy", medium: "Medium", hard: "Hard", unsolved: "Not solved" };

const state = { puzzle: [], labels: null, puzzleId: null, frames: [], now: 0, running: false, following: false, done: null, job: 0, chosen: 0, timer: null };

const view = new BoardView($("board"), board, {
  edit, choose, tokenAt: (position) => state.puzzle[position], editing: () => state.now === 0 && !state.running,
});
const charts = {
  halt: new Chart($("charts"), "Sure that all is right", percent, show),
  wrong: board.rules.length ? new Chart($("charts"), "Cells that break a rule", String, show) : null,
  changed: new Chart($("charts"), "Cells that changed", String, show),
};

// ---------------------------------------------------------------- the puzzle

// `example`: of data.examples, if it is one.
function setPuzzle(tokens, example = null, keepFragment = false) {
  halt();
  const { labels = null, puzzle_id: puzzleId = null } = example || {};
  Object.assign(state, { puzzle: [...tokens], labels, puzzleId, frames: [], now: 0, done: null, following: false });
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

// ---------------------------------------------------------------- showing

function show(index, playing = false) {
  const wanted = Math.max(0, Math.min(state.frames.length, index));
  if (!playing) state.following = state.running && wanted === state.frames.length;
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
  const doubt = frame && frame.probabilities && doubts(frame, given);
  view.draw({ tokens, given, changed: new Set(frame ? frame.changed : []), wrong: new Set(wrong), doubt });
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
      setPuzzle(example.inputs, example);
      view.startAt(example.inputs);
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
    swatch.style.backgroundColor = look.color;
    if (look.color) swatch.style.color = inkOn(look.color);
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
  else if (data.examples.length) setPuzzle(data.examples[0].inputs, data.examples[0], true);
  else setPuzzle(TRMText.emptyPuzzle(board), null, true);
  readFragment();
  view.startAt(state.puzzle);
  if (!$("status").textContent) say(`Press Play to watch the network solve this ${board.puzzle}.`);
}

open();
