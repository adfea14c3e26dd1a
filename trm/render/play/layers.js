// The layers of the network: mixers, MLPs and stacks of them, as in trm/model/layers.py and trm/model/relational.py.
//
// Defines the global TRMLayers; needs kernels.js. A layer is built once for puzzles of one length: it packs its weights and
// reserves its room in the plan, and returns a function that then allocates nothing.
"use strict";
(function (root) {
  const K = root.TRMKernels, { BLOCK, padded, paddedDepth, paddedRows } = K;

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

  // Cosines and sines [places, head / 2] of rotary positions; null without them. Prefix tokens of a grid do not turn.
  function rotaryTables(plan) {
    const { positions, rotary_frequencies: frequencies, puzzle_tokens: prefix, structure } = plan.config;
    if (positions !== "rope" && positions !== "rope2d") return null;
    const grid = positions === "rope2d", pairs = (grid ? 2 : 1) * frequencies.length;
    const cos = new Float32Array(plan.places * pairs), sin = new Float32Array(plan.places * pairs);
    for (let place = 0; place < plan.places; place++)
      for (let pair = 0; pair < pairs; pair++) {
        let where = place;
        if (grid) {
          const inside = place - prefix, columns = structure.grid[1];
          if (inside < 0) where = 0;
          else where = pair < frequencies.length ? Math.floor(inside / columns) : inside % columns;
        }
        const angle = Math.fround(where * frequencies[pair % frequencies.length]);
        cos[place * pairs + pair] = Math.cos(angle);
        sin[place * pairs + pair] = Math.sin(angle);
      }
    return { cos: plan.arena.put(cos), sin: plan.arena.put(sin) };
  }

  // Turn `places` rows of one head in place, in half-rotation form.
  function rotate(heap, from, places, stride, half, { cos, sin }) {
    for (let place = 0; place < places; place++) {
      const at = from + place * stride;
      for (let i = 0; i < half; i++) {
        const first = heap[at + i], second = heap[at + half + i];
        const c = heap[cos + place * half + i], s = heap[sin + place * half + i];
        heap[at + i] = first * c - second * s;
        heap[at + half + i] = second * c + first * s;
      }
    }
  }

  function buildAttention(plan, prefix, rotary) {
    const { rows, stride, width } = plan, heads = plan.config.num_heads, size = width / heads;
    const packed = plan.linear(`${prefix}.qkv.weight`, 3), wide = packed.columns, across = padded(rows);
    const qkv = plan.scratch("qkv", rows, wide), mixed = plan.scratch("attended", rows, stride);
    const scores = plan.scratch("scores", rows, across), received = plan.scratch("received", rows, padded(size));
    // The keys and values of one head, packed anew each time.
    const keys = { offset: plan.scratch("keys", across, paddedDepth(size)), depth: paddedDepth(size), columns: across };
    const values = { offset: plan.scratch("values", rows, padded(size)), depth: paddedDepth(rows), columns: padded(size) };
    const project = plan.product(packed, stride, wide, rows);
    const compare = plan.product(keys, wide, across, rows), collect = plan.product(values, across, padded(size), rows);
    plan.multiplications += (heads - 1) * rows * (keys.columns * keys.depth + values.columns * values.depth);
    const out = plan.product(plan.linear(`${prefix}.out.weight`), stride, stride, rows);
    return (from, to) => {
      project(from, qkv);
      const heap = plan.heap;
      for (let head = 0; head < heads; head++) {
        const query = qkv + head * size, key = query + stride, value = key + stride;
        if (rotary) {
          rotate(heap, query, rows, wide, size / 2, rotary);
          rotate(heap, key, rows, wide, size / 2, rotary);
        }
        for (let row = 0; row < rows; row++)
          for (let i = 0; i < size; i++) {
            heap[keys.offset + K.packedIndex(keys.depth, i, row)] = heap[key + row * wide + i];
            heap[values.offset + K.packedIndex(values.depth, row, i)] = heap[value + row * wide + i];
          }
        compare(query, scores);
        K.softmax(heap, scores, rows, rows, across, 1 / Math.sqrt(size));
        collect(scores, received);
        for (let row = 0; row < rows; row++)
          for (let i = 0; i < size; i++)
            heap[mixed + row * stride + head * size + i] = heap[received + row * padded(size) + i];
      }
      out(mixed, to);
    };
  }

  function buildRelational(plan, prefix) {
    const { relations, neighbours, interchangeable } = plan.config.structure;
    const parts = [];
    if (relations.length) parts.push(buildGroups(plan, `${prefix}.relations`, relations));
    if (interchangeable.length) parts.push(buildSymbols(plan, `${prefix}.symbols`));
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
  function buildSymbols(plan, name) {
    const { length, symbols, stride } = plan;
    const means = plan.scratch("means", length), projected = plan.scratch("projected means", length);
    const project = plan.product(plan.matrix(name, 0), stride, stride, length);
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

  // (h): h = rms(h + mix(h))
  function buildMix(plan, prefix, rotary) {
    const { mixing } = plan.config;
    if (mixing === "mlp") return buildMixOverPositions(plan, prefix);
    if (mixing !== "attention" && mixing !== "relational") throw new Error(`Mixer '${mixing}' has no JavaScript form.`);
    const mix = mixing === "attention" ? buildAttention(plan, prefix, rotary) : buildRelational(plan, prefix);
    const change = plan.scratch("change");
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

  root.TRMLayers = { Plan, buildStack, meanOverSymbols, rotaryTables };
})(globalThis);
