// The arithmetic of the network on one heap of floats: matrix products, activations and the norm.
//
// Defines the global TRMKernels. Offsets and strides count floats. Rows are padded to a multiple of 8 columns with zeros,
// which every kernel preserves, and products work on 4 rows at a time, so that there is room for a multiple of 4.
"use strict";
(function (root) {
  const LANES = 8, ROWS = 4, STEP = 4, RMS_EPS = 1e-5;
  const BLOCK = 64; // rows that are computed together, so that they stay in the cache
  const padded = (columns) => Math.ceil(columns / LANES) * LANES;
  const paddedDepth = (depth) => Math.ceil(depth / STEP) * STEP;
  const paddedRows = (rows) => Math.ceil(rows / ROWS) * ROWS;

  // A heap that is laid out first (`reserve`, `put`) and exists once it is sealed. Then `heap` holds its floats, and the
  // other methods compute on them: in WebAssembly where there is TRMSimd and `simd` is true, or else by the loops below.
  class Arena {
    constructor(simd = true) {
      this.size = 0;
      this.contents = [];
      this.heap = null;
      this.kernels = null;
      this.simd = simd && root.TRMSimd !== null;
    }

    // The offset of room for `length` floats, initially zero.
    reserve(length) {
      const offset = this.size;
      this.size += padded(length);
      return offset;
    }

    // The offset of a copy of some values.
    put(values) {
      const offset = this.reserve(values.length);
      this.contents.push([offset, values]);
      return offset;
    }

    seal() {
      if (this.simd) {
        const memory = new WebAssembly.Memory({ initial: Math.ceil((4 * this.size) / 65536) });
        this.kernels = root.TRMSimd.instantiate(memory);
        this.heap = new Float32Array(memory.buffer);
      } else {
        this.heap = new Float32Array(this.size);
      }
      for (const [offset, values] of this.contents) this.heap.set(values, offset);
      this.contents = [];
    }

    // c = a b: `rows` rows of a, each `aStride` apart, by a packed matrix b, to rows of c. See `pack`.
    product(a, aStride, b, c, cStride, rows) {
      for (let row = 0; row < rows; row += BLOCK) {
        const count = paddedRows(Math.min(BLOCK, rows - row)), from = a + row * aStride, to = c + row * cStride;
        if (!this.kernels) productLoop(this.heap, from, aStride, b, to, cStride, count);
        else this.kernels.product(4 * from, 4 * aStride, 4 * b.offset, 4 * to, 4 * cStride, count, b.columns, b.depth);
      }
    }

    // h = rms_norm(h + change), for rows of `width` floats.
    addAndNormalize(h, change, rows, width, stride) {
      if (this.kernels) this.kernels.normalize(4 * h, 4 * change, 4 * stride, rows, width);
      else normalizeLoop(this.heap, h, change, rows, width, stride);
    }

    // The first half of each row of `stride` floats becomes silu(first half) * second half.
    gate(h, rows, stride) {
      if (this.kernels) this.kernels.gate(4 * h, 4 * stride, 2 * stride, rows);
      else gateLoop(this.heap, h, rows, stride / 2);
    }

    add(target, source, count) {
      if (this.kernels) this.kernels.add(4 * target, 4 * source, 4 * count);
      else addLoop(this.heap, target, source, count);
    }

    // target += source * factors: rows of `stride` floats, and the same factors in each.
    addScaled(target, source, factors, rows, stride) {
      if (this.kernels) this.kernels.addScaled(4 * target, 4 * source, 4 * factors, 4 * stride, rows);
      else addScaledLoop(this.heap, target, source, factors, rows, stride);
    }

    rectify(h, count) {
      for (let i = h; i < h + count; i++) if (this.heap[i] < 0) this.heap[i] = 0;
    }
  }

  // Lay out a matrix [depth, columns] for `Arena.product`: panels of 8 columns, in each of them row after row. Rows of zeros
  // make the depth a multiple of 4.
  function pack(arena, depth, columns, value) {
    const packed = { offset: 0, depth: paddedDepth(depth), columns: padded(columns) };
    const values = new Float32Array(packed.depth * packed.columns);
    for (let column = 0; column < columns; column++)
      for (let row = 0; row < depth; row++) values[packedIndex(packed.depth, row, column)] = value(row, column);
    packed.offset = arena.put(values);
    return packed;
  }

  const packedIndex = (depth, row, column) =>
    (Math.floor(column / LANES) * depth + row) * LANES + (column % LANES);

  // Blocks of 4 x 4: sixteen sums stay in registers, and each number that is read is used four times.
  function productLoop(heap, a, aStride, { offset, columns, depth }, c, cStride, rows) {
    const fround = Math.fround;
    for (let row = 0; row < rows; row += ROWS) {
      const a0 = a + row * aStride, a1 = a0 + aStride, a2 = a1 + aStride, a3 = a2 + aStride;
      for (let column = 0; column < columns; column += 4) {
        let panel = offset + (column - (column % LANES)) * depth + (column % LANES);
        let s00 = fround(0), s01 = fround(0), s02 = fround(0), s03 = fround(0);
        let s10 = fround(0), s11 = fround(0), s12 = fround(0), s13 = fround(0);
        let s20 = fround(0), s21 = fround(0), s22 = fround(0), s23 = fround(0);
        let s30 = fround(0), s31 = fround(0), s32 = fround(0), s33 = fround(0);
        for (let k = 0; k < depth; k++, panel += LANES) {
          const b0 = heap[panel], b1 = heap[panel + 1], b2 = heap[panel + 2], b3 = heap[panel + 3];
          const x0 = heap[a0 + k], x1 = heap[a1 + k], x2 = heap[a2 + k], x3 = heap[a3 + k];
          s00 = fround(s00 + fround(x0 * b0)); s01 = fround(s01 + fround(x0 * b1));
          s02 = fround(s02 + fround(x0 * b2)); s03 = fround(s03 + fround(x0 * b3));
          s10 = fround(s10 + fround(x1 * b0)); s11 = fround(s11 + fround(x1 * b1));
          s12 = fround(s12 + fround(x1 * b2)); s13 = fround(s13 + fround(x1 * b3));
          s20 = fround(s20 + fround(x2 * b0)); s21 = fround(s21 + fround(x2 * b1));
          s22 = fround(s22 + fround(x2 * b2)); s23 = fround(s23 + fround(x2 * b3));
          s30 = fround(s30 + fround(x3 * b0)); s31 = fround(s31 + fround(x3 * b1));
          s32 = fround(s32 + fround(x3 * b2)); s33 = fround(s33 + fround(x3 * b3));
        }
        let to = c + row * cStride + column;
        heap[to] = s00; heap[to + 1] = s01; heap[to + 2] = s02; heap[to + 3] = s03;
        to += cStride;
        heap[to] = s10; heap[to + 1] = s11; heap[to + 2] = s12; heap[to + 3] = s13;
        to += cStride;
        heap[to] = s20; heap[to + 1] = s21; heap[to + 2] = s22; heap[to + 3] = s23;
        to += cStride;
        heap[to] = s30; heap[to + 1] = s31; heap[to + 2] = s32; heap[to + 3] = s33;
      }
    }
  }

  function normalizeLoop(heap, h, change, rows, width, stride) {
    for (let row = 0; row < rows; row++) {
      const from = h + row * stride, other = change + row * stride;
      let squares = 0;
      for (let i = 0; i < width; i++) {
        const value = Math.fround(heap[from + i] + heap[other + i]);
        heap[from + i] = value;
        squares += value * value;
      }
      const scale = 1 / Math.sqrt(squares / width + RMS_EPS);
      for (let i = 0; i < width; i++) heap[from + i] *= scale;
    }
  }

  function gateLoop(heap, h, rows, width) {
    for (let row = 0; row < rows; row++) {
      const from = h + row * 2 * width;
      for (let i = from; i < from + width; i++) {
        const x = heap[i];
        heap[i] = (x / (1 + Math.exp(-x))) * heap[i + width];
      }
    }
  }

  // Rows of `width` floats become softmax(scale * row).
  function softmax(heap, h, rows, width, stride, scale) {
    for (let row = 0; row < rows; row++) {
      const from = h + row * stride, end = from + width;
      let most = -Infinity, sum = 0;
      for (let i = from; i < end; i++) if (heap[i] > most) most = heap[i];
      for (let i = from; i < end; i++) sum += heap[i] = Math.exp(scale * (heap[i] - most));
      for (let i = from; i < end; i++) heap[i] /= sum;
    }
  }

  function addLoop(heap, target, source, count) {
    for (let i = 0; i < count; i++) heap[target + i] += heap[source + i];
  }

  function addScaledLoop(heap, target, source, factors, rows, stride) {
    for (let row = 0; row < rows; row++, target += stride, source += stride)
      for (let i = 0; i < stride; i++) heap[target + i] += heap[source + i] * heap[factors + i];
  }

  root.TRMKernels = { Arena, BLOCK, pack, packedIndex, padded, paddedDepth, paddedRows, softmax };
})(globalThis);
