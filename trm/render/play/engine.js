// The network in JavaScript: the supervision steps of trm.model.TinyRecursiveModel, in fp32.
//
//   const net = TRMEngine.create(network);      // network: the JSON of trm.render.play.network.network_data
//   net.start({tokens, seed: 0, puzzle: null}); // tokens: [L]. Seed 0: the model's own initial state. Another seed: with
//                                               // noise, as restarts have. puzzle: a puzzle id; null: the blank id 0
//   net.step();                                 // one supervision step: {tokens: Int32Array [L],
//                                               // probabilities: Float32Array [L * V], halt: 0..1}.
//                                               // The tokens are completed as `trm solve` completes answers
//   net.config                                  // network.config; its n_supervision is the default number of steps
//   net.multiplications                         // multiply-adds of one step, known after start()
//
// This file defines the global TRMEngine and needs simd.js, kernels.js, attention.js and layers.js before it
// (trm.render.play.network.engine_source joins them). There are no modules, so that it runs in a page, in a worker and in node alike.
//
// Relational weights take puzzles of another size if `vocab_size`, `context_length` and `structure` in network.config
// are replaced by those of that size.
"use strict";
(function (root) {
  const K = root.TRMKernels, L = root.TRMLayers;
  const HALF_POWER = 0.70710678;

  function decodeBase64(text) {
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const value = new Uint8Array(128);
    for (let i = 0; i < 64; i++) value[digits.charCodeAt(i)] = i;
    const bytes = new Uint8Array(Math.floor((text.replace(/=+$/, "").length * 3) / 4));
    for (let i = 0, at = 0; at < bytes.length; i += 4) {
      let bits = 0;
      for (let digit = 0; digit < 4; digit++) bits = (bits << 6) | value[text.charCodeAt(i + digit) & 127];
      bytes[at++] = bits >> 16; // what is past the end is dropped
      bytes[at++] = bits >> 8;
      bytes[at++] = bits;
    }
    return bytes;
  }

  // {name: {shape, data}}. The bytes are little-endian on every machine.
  function readWeights({ table, data }) {
    const bytes = decodeBase64(data), view = new DataView(bytes.buffer), weights = {};
    for (const [name, shape, offset] of table) {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
      for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(4 * (offset + i), true);
      weights[name] = { shape, data: values };
    }
    return weights;
  }

  // Standard normal numbers: the polar method on the generator sfc32.
  function normals(seed) {
    let a = seed | 0, b = Math.floor(seed / 4294967296) | 0, c = 0x243f6a88, counter = 1, spare = null;
    const uniform = () => {
      const t = (a + b + counter++) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + t) | 0;
      return (t >>> 0) / 4294967296;
    };
    for (let i = 0; i < 16; i++) uniform();
    return () => {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      for (;;) {
        const u = 2 * uniform() - 1, v = 2 * uniform() - 1, s = u * u + v * v;
        if (s === 0 || s >= 1) continue;
        const scale = Math.sqrt((-2 * Math.log(s)) / s);
        spare = v * scale;
        return u * scale;
      }
    };
  }

  // The vector of each token and symbol [V, S]: a token that is no symbol has its own, a symbol "this" or "another one".
  function symbolRoles({ vocab_size: vocabulary, structure: { interchangeable } }) {
    const others = [...Array(vocabulary).keys()].filter((token) => !interchangeable.includes(token));
    return Array.from({ length: vocabulary }, (_, token) =>
      interchangeable.map((symbol) => {
        if (others.includes(token)) return others.indexOf(token);
        return others.length + (token === symbol ? 0 : 1);
      }),
    );
  }

  // What is added at a place [P+L] to its token's vector; null without learned vectors.
  function placeVector(plan) {
    const { positions, puzzle_tokens: prefix, structure } = plan.config, { width } = plan;
    const learned = plan.weights["embedding.positions.weight"];
    if (positions === "learned") return (place, i) => learned.data[place * width + i];
    if (positions !== "grid") return null;
    let start = 0;
    const starts = structure.relations.map(({ groups }) => {
      const first = start;
      start += Math.max(...groups) + 1;
      return first;
    });
    return (place, i) => {
      if (place < prefix) return 0;
      let sum = 0;
      structure.relations.forEach(({ groups }, index) => {
        sum = Math.fround(sum + learned.data[(starts[index] + groups[place - prefix]) * width + i]);
      });
      return sum;
    };
  }

  // (tokens, puzzle): fill x [places, symbols, D] at `to`.
  function buildEmbedding(plan, to) {
    const { config, weights, width, stride, symbols } = plan, prefix = config.puzzle_tokens;
    const roles = config.per_symbol ? symbolRoles(config) : null;
    const vectors = weights["embedding.tokens"].data, puzzles = weights["embedding.puzzles.weight"];
    const places = placeVector(plan), scale = Math.fround(Math.sqrt(width));
    return (tokens, puzzle) => {
      const wide = puzzles ? puzzles.shape[1] : 0, own = (i) => (i < wide ? puzzles.data[puzzle * wide + i] : 0);
      for (let place = 0; place < plan.places; place++)
        for (let symbol = 0; symbol < symbols; symbol++)
          for (let i = 0; i < width; i++) {
            let value;
            if (place < prefix) {
              value = own(place * width + i);
            } else {
              const token = tokens[place - prefix];
              value = vectors[(roles ? roles[token][symbol] : token) * width + i];
              if (puzzles && !prefix) value = Math.fround(value + own(wide > width ? symbol * width + i : i));
            }
            if (places) value = Math.fround(HALF_POWER * Math.fround(value + places(place, i)));
            plan.heap[to + (place * symbols + symbol) * stride + i] = scale * value;
          }
    };
  }

  // (y, logits): logits of every token [L, V] in a Float32Array.
  function buildHead(plan) {
    const { config, length, stride, symbols } = plan, vocabulary = config.vocab_size;
    if (!config.per_symbol) {
      const packed = plan.linear("head.linear.weight"), wide = packed.columns, out = plan.reserve(plan.rows, wide);
      const project = plan.product(packed, stride, wide, plan.rows);
      return (y, logits) => {
        project(y, out);
        for (let place = 0; place < length; place++)
          for (let token = 0; token < vocabulary; token++)
            logits[place * vocabulary + token] = plan.heap[out + (plan.config.puzzle_tokens + place) * wide + token];
      };
    }
    const chosen = config.structure.interchangeable;
    const others = [...Array(vocabulary).keys()].filter((token) => !chosen.includes(token));
    const one = plan.linear("head.symbol.weight"), other = plan.linear("head.other.weight");
    const ones = plan.reserve(plan.rows, one.columns), rest = plan.reserve(length, other.columns);
    const means = plan.scratch("means", length);
    const projectOne = plan.product(one, stride, one.columns, plan.rows);
    const projectOther = plan.product(other, stride, other.columns, length);
    return (y, logits) => {
      projectOne(y, ones);
      L.meanOverSymbols(plan, y, means);
      projectOther(means, rest);
      for (let place = 0; place < length; place++) {
        const row = place * vocabulary;
        chosen.forEach((token, i) => (logits[row + token] = plan.heap[ones + (place * symbols + i) * one.columns]));
        others.forEach((token, i) => (logits[row + token] = plan.heap[rest + place * other.columns + i]));
      }
    };
  }

  // The probability that the whole answer is right, read from the mean of all rows of y or from the first one.
  function haltProbability({ config, weights, heap, rows, width, stride }, y) {
    const weight = weights["halt_head.linear.weight"].data, count = config.mean_halting ? rows : 1;
    let logit = weights["halt_head.linear.bias"].data[0];
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let row = 0; row < count; row++) sum += heap[y + row * stride + i];
      logit += (weight[i] * sum) / count;
    }
    return (1 + Math.tanh(logit / 2)) / 2;
  }

  // Turn logits [L, V] into probabilities, by the function that the network was trained with.
  function normalize(logits, vocabulary, kind) {
    const scores = new Float64Array(vocabulary);
    for (let from = 0; from < logits.length; from += vocabulary) {
      let most = -Infinity, sum = 0;
      for (let token = 0; token < vocabulary; token++) most = Math.max(most, logits[from + token]);
      for (let token = 0; token < vocabulary; token++) {
        const x = logits[from + token];
        if (kind === "softmax") scores[token] = Math.exp(x - most);
        else scores[token] = x < 0 ? 1 / (1 - x) : x + 1;
        sum += scores[token];
      }
      for (let token = 0; token < vocabulary; token++) logits[from + token] = scores[token] / sum;
    }
  }

  // One cycle: (y, z) hold the states before it and after it.
  function buildCycle(plan, x, y, z, rotary) {
    const count = plan.rows * plan.stride, injection = plan.reserve();
    const hrm = plan.config.architecture === "hrm";
    const before = plan.multiplications;
    const high = L.buildStack(plan, hrm ? "core.high" : "core.net", rotary);
    const highCost = plan.multiplications - before;
    const low = hrm ? L.buildStack(plan, "core.low", rotary) : high;
    const lowCost = hrm ? plan.multiplications - before - highCost : highCost;
    const { n_recursions: recursions } = plan.config;
    plan.multiplications = before + plan.config.T_steps * (recursions * lowCost + highCost);
    return () => {
      const heap = plan.heap;
      for (let i = 0; i < recursions; i++) {
        heap.copyWithin(injection, y, y + count);
        plan.arena.add(injection, x, count);
        low(z, injection);
      }
      high(y, z);
    };
  }

  // Everything that one length of puzzles needs.
  function build(config, weights, length, simd) {
    const plan = new L.Plan(config, weights, length, new K.Arena(simd));
    const [x, y, z] = [plan.reserve(), plan.reserve(), plan.reserve()];
    const embed = buildEmbedding(plan, x), head = buildHead(plan);
    const cycle = buildCycle(plan, x, y, z, root.TRMAttention.rotaryTables(plan));
    plan.arena.seal();
    return { plan, y, z, embed, head, cycle };
  }

  class Net {
    constructor({ config, weights }, { simd = true } = {}) {
      this.config = config;
      this.weights = readWeights(weights);
      this.simd = simd;
      this.built = null;
    }

    get multiplications() {
      return this.built.plan.multiplications;
    }

    start({ tokens, seed = 0, puzzle = null }) {
      const { context_length: expected, vocab_size: vocabulary } = this.config;
      if (tokens.length === 0 || (expected && tokens.length !== expected))
        throw new Error(`Expected a puzzle of ${expected || "some"} tokens, got ${tokens.length}.`);
      for (const token of tokens)
        if (!(Number.isInteger(token) && token >= 0 && token < vocabulary))
          throw new Error(`Expected tokens from 0 to ${vocabulary - 1}, got ${token}.`);
      const known = this.config.num_puzzles || 1;
      if (!(Number.isInteger(puzzle ?? 0) && puzzle >= 0 && puzzle < known))
        throw new Error(`Expected a puzzle id from 0 to ${known - 1}, got ${puzzle}.`);
      if (this.built?.plan.length !== tokens.length)
        this.built = build(this.config, this.weights, tokens.length, this.simd);
      this.tokens = Int32Array.from(tokens);
      this.built.embed(this.tokens, puzzle ?? 0);
      this.setState(this.built.y, "initial_answer", seed && normals(2 * seed));
      this.setState(this.built.z, "initial_latent", seed && normals(2 * seed + 1));
    }

    // The same vector in every row. Noise is drawn for each, but for networks of any length once, as in torch.
    setState(at, name, normal) {
      const { heap, rows, width, stride } = this.built.plan, vector = this.weights[name].data, { noise } = this.config;
      const once = this.config.context_length === 0;
      for (let row = 0; row < rows; row++)
        for (let i = 0; i < width; i++) {
          const to = at + row * stride + i;
          if (once && row) heap[to] = heap[at + i];
          else heap[to] = normal ? vector[i] + noise * normal() : vector[i];
        }
    }

    step() {
      const { plan, y, head, cycle } = this.built, { T_steps: cycles, vocab_size: vocabulary, loss } = this.config;
      for (let i = 0; i < cycles; i++) cycle();
      const logits = new Float32Array(plan.length * vocabulary);
      head(y, logits);
      const tokens = this.decode(logits);
      normalize(logits, vocabulary, loss);
      return { tokens, probabilities: logits, halt: haltProbability(plan, y) };
    }

    // The most probable tokens; fixed positions keep the puzzle's own.
    decode(logits) {
      const { vocab_size: vocabulary, fixed, fixed_tokens: fixedTokens } = this.config;
      const tokens = Int32Array.from(this.tokens);
      for (let place = 0; place < tokens.length; place++) {
        if (fixed.includes(place) || fixedTokens.includes(tokens[place])) continue;
        let best = 0;
        for (let token = 1; token < vocabulary; token++)
          if (logits[place * vocabulary + token] > logits[place * vocabulary + best]) best = token;
        tokens[place] = best;
      }
      return tokens;
    }
  }

  root.TRMEngine = { create: (network, options) => new Net(network, options) };
})(globalThis);
