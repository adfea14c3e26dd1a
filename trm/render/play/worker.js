// The worker of a page: solves puzzles, and posts every supervision step. It runs after the engine and TRMRules.
//
// In:  {type: "load", network, board}   network: of trm.render.play.network.network_data; board: for TRMRules.check
//      {type: "solve", id, tokens, steps, restarts, stopWhenValid, seed, puzzle}
//      {type: "stop"}                   ends the puzzle being solved; so does another "solve" or "load"
// Out: {type: "ready"}                  after "load"
//      {type: "frame", id, attempt, step, tokens, probabilities, halt, violations, valid, milliseconds}
//      {type: "done", id, reason, attempt, step, answer}
//      {type: "error", message, id}     id: of the puzzle, or null
//
// Attempts and steps count from 1. `restarts` is the number of attempts, as in `trm solve --restarts`: the first starts from
// the model's own initial state, the others from noise that depends on `seed` (default 0) and the attempt. `reason` is
// "valid", "steps" (all attempts are used up) or "stopped". `answer`, null before the first step, is the frame that
// `trm solve` would answer with: {attempt, step, tokens, halt, valid}. A valid answer is chosen first; then the one with the
// most votes, then the surest. milliseconds: of the network alone.
"use strict";
(function (root) {
  let net = null, board = null, running = null;

  // Lets messages in. A timer would wait for 4 ms each time.
  const channel = new MessageChannel(), waiting = [];
  channel.port1.onmessage = () => waiting.shift()();
  const messages = () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(null);
    });

  // The answers so far, as trm.evaluation.search.Candidates counts them.
  class Candidates {
    constructor(surest, steps) {
      this.surest = surest; // every step has a vote, weighted by its halting probability; else the last of an attempt
      this.steps = steps;
      this.votes = new Map();
      this.valid = null;
      this.latest = null;
    }

    add(frame) {
      this.latest = frame;
      if (frame.valid) this.valid ??= frame;
      if (!this.surest && frame.step < this.steps && !frame.valid) return;
      const key = frame.tokens.join(), found = this.votes.get(key) ?? { votes: 0, frame };
      found.votes += this.surest ? frame.halt : 1;
      if (frame.halt > found.frame.halt) found.frame = frame;
      this.votes.set(key, found);
    }

    chosen() {
      let best = null;
      for (const found of this.votes.values())
        if (!best || found.votes > best.votes || (found.votes === best.votes && found.frame.halt > best.frame.halt))
          best = found;
      return this.valid ?? best?.frame ?? this.latest;
    }
  }

  function check(tokens, answer) {
    return board ? root.TRMRules.check(board, tokens, answer) : { violations: [], valid: null };
  }

  async function solve(run, { id, tokens, steps, restarts = 1, stopWhenValid = true, seed = 0, puzzle = null }) {
    const candidates = new Candidates(net.config.answer === "surest", steps);
    const done = (reason, attempt, step) =>
      root.postMessage({ type: "done", id, reason, attempt, step, answer: candidates.chosen() });
    let attempt = 0, step = 0;
    while (attempt < restarts) {
      attempt++;
      net.start({ tokens, seed: attempt === 1 ? 0 : seed * 65536 + attempt, puzzle });
      for (step = 1; step <= steps; step++) {
        await messages();
        if (run !== running) return done("stopped", attempt, step - 1);
        const started = performance.now(), frame = net.step(), milliseconds = performance.now() - started;
        const { violations, valid } = check(tokens, frame.tokens);
        candidates.add({ attempt, step, tokens: frame.tokens, halt: frame.halt, valid });
        root.postMessage({ type: "frame", id, attempt, step, ...frame, violations, valid, milliseconds });
        if (valid && stopWhenValid) return done("valid", attempt, step);
      }
      step = steps;
    }
    return done("steps", attempt, step);
  }

  function receive(message) {
    running = null;
    if (message.type === "load") {
      net = root.TRMEngine.create(message.network);
      board = message.board ?? null;
      root.postMessage({ type: "ready" });
    } else if (message.type === "solve") {
      if (!net) throw new Error("No network is loaded.");
      const run = (running = {});
      solve(run, message).catch((error) => fail(error, message.id));
    } else if (message.type !== "stop") {
      throw new Error(`Unknown message '${message.type}'.`);
    }
  }

  function fail(error, id) {
    root.postMessage({ type: "error", message: String(error.message ?? error), id: id ?? null });
  }

  root.onmessage = (event) => {
    try {
      receive(event.data);
    } catch (error) {
      fail(error, event.data?.id);
    }
  };
})(globalThis);
