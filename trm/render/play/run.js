"use strict";
// Running the network in its worker, and what is said about the answer. `state` and `board` are those of page.js.

const PACE = 140; // milliseconds for which a step is shown at least, while the network is ahead of the display
const MOST_DETAILS = 2000; // frames that keep their probabilities, which take most of the memory
let worker = null, workerReady = null;

function start() {
  const reason = whyNotReady();
  if (reason) return say(reason);
  $("problem").textContent = "";
  halt();
  Object.assign(state, { frames: [], now: 0, running: true, following: true, done: null, job: state.job + 1 });
  const [steps, restarts] = [["steps", data.steps], ["restarts", 1]].map(([id, usual]) =>
    Math.max(1, Math.min(Number($(id).max), Math.round(Number($(id).value)) || usual)));
  $("steps").value = steps;
  $("restarts").value = restarts;
  say(worker ? "Thinking." : "Loading the network.");
  draw();
  const job = state.job;
  prepared().then(() => {
    if (job !== state.job || !state.running) return;
    say("Thinking.");
    worker.postMessage({ type: "solve", id: job, tokens: state.puzzle, puzzle: state.puzzleId, steps, restarts, stopWhenValid: $("stop").checked && board.rules.length > 0, seed: 0 });
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
  if (message.type === "done") state.done = message;
  if (message.type === "frame") addFrame(message);
}

function addFrame(message) {
  const tokens = TRMRules.complete(board, state.puzzle, message.tokens);
  const before = state.frames.length && state.frames.at(-1).attempt === message.attempt ? state.frames.at(-1).tokens : state.puzzle;
  const changed = tokens.flatMap((token, position) => (token === before[position] ? [] : [position]));
  state.frames.push({ ...message, tokens, changed });
  if (state.frames.length > MOST_DETAILS) state.frames[state.frames.length - MOST_DETAILS - 1].probabilities = null;
  drawControls();
}

// Show the next frame of a run, or a later one if the network is far ahead. A reader who has gone back is left there.
function advance() {
  const behind = state.following ? state.frames.length - state.now : 0;
  if (behind > 0) show(state.now + Math.ceil(behind / 12), true);
  else if (state.done) finish();
}

function finish() {
  clearInterval(state.timer);
  const { following } = state;
  Object.assign(state, { running: false, following: false });
  const answer = state.done.answer, last = state.frames.find((frame) => answer && frame.attempt === answer.attempt && frame.step === answer.step) || state.frames.at(-1);
  if (last && following) state.now = state.frames.indexOf(last) + 1; // of several attempts, the one that `trm solve` answers with
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
