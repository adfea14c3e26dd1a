// Attention: by queries and keys, as in trm/model/layers.py, and by row and column numbers, as in trm/model/grid.py.
//
// Defines the global TRMAttention; needs kernels.js. See layers.js for what a plan is.
"use strict";
(function (root) {
  const K = root.TRMKernels, { padded, paddedDepth, paddedRows } = K;
  const SHARPNESS = 8; // of the scores of trm/model/grid.py

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

  // Room for queries, keys and values, each `stride` wide. A product of 4 places at a time reads past the last one.
  function reserveHeads(plan) {
    return plan.scratch("qkv", paddedRows(plan.places) * plan.symbols, 3 * plan.stride);
  }

  // (qkv, mixed): each head's attention over the places, for each symbol on its own. `bias(head, scores, stride, factor)` adds
  // to the scores, which are multiplied by 1 / factor later.
  function buildHeads(plan, rotary, bias) {
    const { places, symbols, stride, width } = plan, wide = 3 * stride, next = symbols * wide;
    const heads = plan.config.num_heads, size = width / heads, across = padded(places), scale = 1 / Math.sqrt(size);
    const scores = plan.scratch("scores", places, across), received = plan.scratch("received", places, padded(size));
    // The keys and values of one head, packed anew each time.
    const keys = { offset: plan.scratch("keys", across, paddedDepth(size)), depth: paddedDepth(size), columns: across };
    const values = { offset: plan.scratch("values", across, padded(size)), depth: paddedDepth(places), columns: padded(size) };
    const before = plan.multiplications;
    const compare = plan.product(keys, next, across, places), collect = plan.product(values, across, padded(size), places);
    plan.multiplications = before + heads * symbols * (plan.multiplications - before);

    function attend(query, to, head) {
      const { heap } = plan, key = query + stride, value = key + stride;
      if (rotary) {
        rotate(heap, query, places, next, size / 2, rotary);
        rotate(heap, key, places, next, size / 2, rotary);
      }
      for (let place = 0; place < places; place++)
        for (let i = 0; i < size; i++) {
          heap[keys.offset + K.packedIndex(keys.depth, i, place)] = heap[key + place * next + i];
          heap[values.offset + K.packedIndex(values.depth, place, i)] = heap[value + place * next + i];
        }
      compare(query, scores);
      if (bias) bias(head, scores, across, 1 / scale);
      K.softmax(heap, scores, places, places, across, scale);
      collect(scores, received);
      for (let place = 0; place < places; place++)
        for (let i = 0; i < size; i++)
          heap[to + place * symbols * stride + i] = heap[received + place * padded(size) + i];
    }

    return (qkv, mixed) => {
      for (let symbol = 0; symbol < symbols; symbol++)
        for (let head = 0; head < heads; head++)
          attend(qkv + symbol * wide + head * size, mixed + symbol * stride + head * size, head);
    };
  }

  function buildAttention(plan, prefix, rotary) {
    const { rows, stride } = plan, qkv = reserveHeads(plan), mixed = plan.scratch("attended");
    const project = plan.product(plan.linear(`${prefix}.qkv.weight`, 3), stride, 3 * stride, rows);
    const attend = buildHeads(plan, rotary, null);
    const out = plan.product(plan.linear(`${prefix}.out.weight`), stride, stride, rows);
    return (from, to) => {
      project(from, qkv);
      attend(qkv, mixed);
      out(mixed, to);
    };
  }

  function buildGridAttention(plan, prefix) {
    const { rows, stride } = plan, mixed = plan.scratch("attended");
    const byContent = `${prefix}.query_key.weight` in plan.weights;
    const attend = (byContent ? buildContent : buildPlaces)(plan, prefix);
    const out = plan.product(plan.linear(`${prefix}.out.weight`), stride, stride, rows);
    return (from, to) => {
      attend(from, mixed);
      out(mixed, to);
    };
  }

  // The learned scores of the numbers of an axis for each other: (head, from, to) => score.
  function axisScores({ weights }, name, count) {
    const { shape, data } = weights[name];
    if (shape.length === 3) return (head, from, to) => SHARPNESS * data[(head * count + from) * count + to];
    const reach = (shape[1] - 1) / 2;
    return (head, from, to) =>
      SHARPNESS * data[head * shape[1] + Math.max(-reach, Math.min(to - from, reach)) + reach];
  }

  function scoreTable(plan, name, count) {
    const score = axisScores(plan, name, count), heads = plan.config.num_heads;
    return Float32Array.from({ length: heads * count * count }, (_, index) =>
      score(Math.floor(index / (count * count)), Math.floor(index / count) % count, index % count));
  }

  // (from, mixed): attention by queries and keys, with the scores of rows and columns added.
  function buildContent(plan, prefix) {
    const { rows, stride } = plan, [height, width] = plan.config.structure.grid, qkv = reserveHeads(plan);
    const ofRows = scoreTable(plan, `${prefix}.rows.weight`, height);
    const ofColumns = scoreTable(plan, `${prefix}.columns.weight`, width);
    const compare = plan.product(plan.linear(`${prefix}.query_key.weight`, 2), stride, 3 * stride, rows);
    const send = plan.product(plan.linear(`${prefix}.value.weight`), stride, 3 * stride, rows);
    const attend = buildHeads(plan, null, (head, scores, across, factor) => {
      for (let place = 0; place < height * width; place++) {
        const row = (head * height + Math.floor(place / width)) * height, column = (head * width + (place % width)) * width;
        let at = scores + place * across;
        for (let other = 0; other < height; other++)
          for (let i = 0; i < width; i++) plan.heap[at++] += factor * (ofRows[row + other] + ofColumns[column + i]);
      }
    });
    return (from, mixed) => {
      compare(from, qkv);
      send(from, qkv + 2 * stride);
      attend(qkv, mixed);
    };
  }

  // (from, mixed): attention by row and column numbers alone, which is a sum over rows and then one over columns.
  function buildPlaces(plan, prefix) {
    const { rows, stride, symbols } = plan, [height, width] = plan.config.structure.grid, cell = symbols * stride;
    const values = plan.scratch("values sent"), between = plan.scratch("over rows");
    const send = plan.product(plan.linear(`${prefix}.value.weight`), stride, stride, rows);
    const overRows = plan.arena.put(sharesByColumn(plan, `${prefix}.rows.weight`, height));
    const overColumns = plan.arena.put(sharesByColumn(plan, `${prefix}.columns.weight`, width));
    plan.multiplications += rows * stride * (height + width);
    return (from, mixed) => {
      const { heap, arena } = plan, at = (row, column) => (row * width + column) * cell;
      send(from, values);
      heap.fill(0, between, between + rows * stride);
      heap.fill(0, mixed, mixed + rows * stride);
      for (let row = 0; row < height; row++)
        for (let other = 0; other < height; other++) {
          const shares = overRows + (row * height + other) * stride;
          arena.addScaled(between + at(row, 0), values + at(other, 0), shares, width * symbols, stride);
        }
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++)
          for (let other = 0; other < width; other++) {
            const shares = overColumns + (column * width + other) * stride;
            arena.addScaled(mixed + at(row, column), between + at(row, other), shares, symbols, stride);
          }
    };
  }

  // The softmax of the scores of an axis [count, count, stride]: what each column of a state takes, by its head.
  function sharesByColumn(plan, name, count) {
    const { width, stride } = plan, size = width / plan.config.num_heads, score = axisScores(plan, name, count);
    const shares = new Float32Array(count * count * stride);
    for (let from = 0; from < count; from++)
      for (let i = 0; i < width; i++) {
        const scores = Array.from({ length: count }, (_, to) => score(Math.floor(i / size), from, to));
        const most = Math.max(...scores), sum = scores.reduce((total, value) => total + Math.exp(value - most), 0);
        scores.forEach((value, to) => (shares[(from * count + to) * stride + i] = Math.exp(value - most) / sum));
      }
    return shares;
  }

  root.TRMAttention = { buildAttention, buildGridAttention, rotaryTables };
})(globalThis);
