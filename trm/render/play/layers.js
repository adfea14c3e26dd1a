// The layers of the network: mixers, MLPs and stacks of them, as in trm/model/layers.py and trm/model/relational.py.
//
// Defines the global TRMLayers; needs kernels.js and attention.js. A layer is built once for puzzles of one length: it packs its weights and
// reserves its room in the plan, and returns a function that then allocates nothing.
"use strict";
(function (root) {
  const K = root.TRMKernels, A = root.TRMAttention, { BLOCK, padded, paddedRows } = K;

  // What all layers of one network share: settings, weights, the heap, and the sizes.
  class Plan {
    constructor(config, weights, length, arena) {
      this.config = config;
      this.weights = weights; // {name: {shape, data}}
      this.arena = arena;
      this.scratches = {};
      this.multiplications = 0; // of one run of everything built since it was set to 0
      this.length = length;
      this.symbols = config.per_symbol ? config.structure.interchangeable.length : 1;
      this.places = config.puzzle_tokens + length;
      this.rows = this.places * this.symbols;
      this.width = config.hidden_dim;
      this.stride = padded(this.width);
    }

    get heap() {
      return this.arena.heap;
    }

    // Room for rows of its own.
    reserve(rows = this.rows, stride = this.stride) {
      return this.arena.reserve(paddedRows(rows) * stride);
    }

    // Room that all layers share, since one runs at a time.
    scratch(name, rows = this.rows, stride = this.stride) {
      const key = `${name} ${rows} ${stride}`;
      this.scratches[key] ??= this.reserve(rows, stride);
      return this.scratches[key];
    }

    // Some outputs of a weight [outputs, inputs], as torch's Linear has it; `groups` of outputs are padded each.
    linear(name, groups = 1) {
      const { shape: [outputs, depth], data } = this.weights[name];
      const size = outputs / groups, wide = padded(size);
      return K.pack(this.arena, depth, groups * wide, (row, column) => {
        const inside = column % wide;
        return inside < size ? data[(Math.floor(column / wide) * size + inside) * depth + row] : 0;
      });
    }

    // One matrix [inputs, outputs] of a weight [count, inputs, outputs].
    matrix(name, index) {
      const { shape: [, depth, columns], data } = this.weights[name];
      return K.pack(this.arena, depth, columns, (row, column) => data[(index * depth + row) * columns + column]);
    }

    // (a, c, rows) => c = a b
    product(packed, aStride, cStride, rows) {
      this.multiplications += rows * packed.depth * packed.columns;
      return (a, c, count = rows) => this.arena.product(a, aStride, packed, c, cStride, paddedRows(count));
    }
  }

  // (from, to): to = mlp(from), for rows of `stride` floats.
  function buildMLP(plan, prefix, rows, stride) {
    const relu = plan.config.activation === "relu";
    const first = plan.linear(relu ? `${prefix}.up.weight` : `${prefix}.gate_up.weight`, relu ? 1 : 2);
    const last = plan.linear(`${prefix}.down.weight`);
    const inner = plan.scratch("inner", BLOCK, first.columns);
    const up = plan.product(first, stride, first.columns, rows);
    const down = plan.product(last, first.columns, stride, rows);
    return (from, to) => {
      for (let row = 0; row < rows; row += BLOCK) {
        const count = Math.min(BLOCK, rows - row);
        up(from + row * stride, inner, count);
        if (relu) plan.arena.rectify(inner, count * first.columns);
        else plan.arena.gate(inner, count, first.columns);
        down(inner, to + row * stride, count);
      }
    };
  }

  function buildGrid(plan, prefix) {
    const attend = A.buildGridAttention(plan, prefix);
    if (!plan.config.per_symbol) return attend;
    const addSymbols = buildSymbols(plan, plan.linear(`${prefix}.symbols.weight`));
    return (from, to) => {
      attend(from, to);
      addSymbols(from, to);
    };
  }

  function buildRelational(plan, prefix) {
    const { relations, neighbours, interchangeable } = plan.config.structure;
    const parts = [];
    if (relations.length) parts.push(buildGroups(plan, `${prefix}.relations`, relations));
    if (interchangeable.length) parts.push(buildSymbols(plan, plan.matrix(`${prefix}.symbols`, 0)));
    if (neighbours.length) parts.push(buildNeighbours(plan, `${prefix}.neighbours`, neighbours));
    return (from, to) => {
      plan.heap.fill(0, to, to + plan.rows * plan.stride);
      for (const part of parts) part(from, to);
    };
  }

  // Each position receives the mean of each of its groups, projected once per group.
  function buildGroups(plan, name, relations) {
    const { length, symbols, stride } = plan, cell = symbols * stride;
    const matrices = new Map();
    const each = relations.map(({ groups, weight }) => {
      const count = Math.max(...groups) + 1, members = new Array(count).fill(0);
      for (const group of groups) members[group]++;
      if (!matrices.has(weight)) matrices.set(weight, plan.matrix(name, weight));
      return {
        groups: Int32Array.from(groups),
        shares: members.map((number) => 1 / Math.max(number, 1)),
        pooled: plan.scratch("pooled", count * symbols),
        projected: plan.scratch("projected", count * symbols),
        project: plan.product(matrices.get(weight), stride, stride, count * symbols),
      };
    });
    return (from, to) => {
      const heap = plan.heap;
      for (const { groups, shares, pooled, projected, project } of each) {
        heap.fill(0, pooled, pooled + shares.length * cell);
        for (let place = 0; place < length; place++) plan.arena.add(pooled + groups[place] * cell, from + place * cell, cell);
        for (let group = 0; group < shares.length; group++)
          for (let i = pooled + group * cell; i < pooled + (group + 1) * cell; i++) heap[i] *= shares[group];
        project(pooled, projected);
        for (let place = 0; place < length; place++) plan.arena.add(to + place * cell, projected + groups[place] * cell, cell);
      }
    };
  }

  // Each symbol of a position receives the mean over its symbols.
  function buildSymbols(plan, packed) {
    const { length, symbols, stride } = plan;
    const means = plan.scratch("means", length), projected = plan.scratch("projected means", length);
    const project = plan.product(packed, stride, stride, length);
    return (from, to) => {
      meanOverSymbols(plan, from, means);
      project(means, projected);
      for (let place = 0; place < length; place++)
        for (let symbol = 0; symbol < symbols; symbol++)
          plan.arena.add(to + (place * symbols + symbol) * stride, projected + place * stride, stride);
    };
  }

  function meanOverSymbols({ heap, length, symbols, stride }, from, to) {
    for (let place = 0; place < length; place++) {
      const target = to + place * stride, source = from + place * symbols * stride;
      for (let i = 0; i < stride; i++) {
        let sum = 0;
        for (let symbol = 0; symbol < symbols; symbol++) sum += heap[source + symbol * stride + i];
        heap[target + i] = sum / symbols;
      }
    }
  }

  // Each position receives the sum or the maximum of what its neighbours send; those outside the grid send zeros.
  function buildNeighbours(plan, name, neighbours) {
    const { symbols, stride, rows } = plan, cell = symbols * stride, [height, width] = plan.config.structure.grid;
    const most = plan.config.neighbour_pooling === "max";
    const sent = plan.scratch("sent"), best = plan.scratch("best");
    const projects = neighbours.map((_, index) => plan.product(plan.matrix(name, index), stride, stride, rows));
    return (from, to) => {
      const heap = plan.heap;
      if (most) heap.fill(-Infinity, best, best + rows * stride);
      for (let index = 0; index < neighbours.length; index++) {
        projects[index](from, sent);
        const [down, right] = neighbours[index];
        for (let row = 0; row < height; row++)
          for (let column = 0; column < width; column++) {
            const y = row + down, x = column + right, inside = y >= 0 && y < height && x >= 0 && x < width;
            const target = (row * width + column) * cell, source = sent + (y * width + x) * cell;
            if (!most) {
              if (inside) plan.arena.add(to + target, source, cell);
            } else {
              for (let i = 0; i < cell; i++) {
                const value = inside ? heap[source + i] : 0;
                if (value > heap[best + target + i]) heap[best + target + i] = value;
              }
            }
          }
      }
      if (most) plan.arena.add(to, best, rows * stride);
    };
  }

  function transpose(heap, from, fromStride, to, toStride, rows, columns) {
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        heap[to + column * toStride + row] = heap[from + row * fromStride + column];
  }

  // (h): h = rms(h + mlp(h)) over the positions, of which the norm takes the mean, too.
  function buildMixOverPositions(plan, prefix) {
    const { places, width, stride } = plan, across = padded(places);
    const turned = plan.scratch("turned", width, across), change = plan.scratch("turned change", width, across);
    const mix = buildMLP(plan, prefix, width, across);
    return (h) => {
      transpose(plan.heap, h, stride, turned, across, places, width);
      mix(turned, change);
      plan.arena.addAndNormalize(turned, change, width, places, across);
      transpose(plan.heap, turned, across, h, stride, width, places);
    };
  }

  // The mixers: (plan, prefix of the weights, rotary tables) => (from, to) => to = mix(from).
  const MIXES = { attention: A.buildAttention, grid: buildGrid, relational: buildRelational };

  // (h): h = rms(h + mix(h))
  function buildMix(plan, prefix, rotary) {
    const { mixing } = plan.config;
    if (mixing === "mlp") return buildMixOverPositions(plan, prefix);
    if (!(mixing in MIXES)) throw new Error(`Mixer '${mixing}' has no JavaScript form.`);
    const mix = MIXES[mixing](plan, prefix, rotary), change = plan.scratch("change");
    return (h) => {
      mix(h, change);
      plan.arena.addAndNormalize(h, change, plan.rows, plan.width, plan.stride);
    };
  }

  // (h, injection): h = layers(h + injection)
  function buildStack(plan, prefix, rotary) {
    const layers = [], change = plan.scratch("change");
    for (let index = 0; `${prefix}.layers.${index}.mlp.down.weight` in plan.weights; index++) {
      const name = `${prefix}.layers.${index}`;
      layers.push({
        mix: buildMix(plan, `${name}.mix`, rotary),
        mlp: buildMLP(plan, `${name}.mlp`, plan.rows, plan.stride),
      });
    }
    return (h, injection) => {
      plan.arena.add(h, injection, plan.rows * plan.stride);
      for (const { mix, mlp } of layers) {
        mix(h);
        mlp(h, change);
        plan.arena.addAndNormalize(h, change, plan.rows, plan.width, plan.stride);
      }
    };
  }

  root.TRMLayers = { Plan, buildStack, meanOverSymbols };
})(globalThis);
