// The kernels that take nearly all of the time, as a WebAssembly module with 128-bit vectors, assembled here.
//
// Defines the global TRMSimd, null where there is no WebAssembly or no vectors in it: kernels.js then uses its loops.
// TRMSimd.instantiate(memory) gives functions on byte offsets and byte strides:
//   product(a, aStride, b, c, cStride, rows, columns, depth)   c = a b, b packed in panels of 8 columns; sums in the same
//                                                              order as the loop, so that the results are equal bit by bit
//   gate(h, stride, half, rows)                                first half of a row = silu(first half) * second half
//   normalize(h, change, stride, rows, width)                  h = rms_norm(h + change)
//   add(target, source, bytes)                                 target += source
"use strict";
(function (root) {
  const unsigned = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]);
  const signed = (value) =>
    value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
  const list = (items) => [...unsigned(items.length), ...items.flat()];
  const section = (id, items) => [id, ...list([...list(items)])];
  const text = (name) => list([...name].map((letter) => letter.charCodeAt(0)));
  const float = (value) => [...new Uint8Array(new Float32Array([value]).buffer)];

  // Instructions: each function gives the bytes of an expression whose operands are such bytes.
  const I32 = 0x7f, F32 = 0x7d, V128 = 0x7b;
  const plain = (...code) => (...operands) => [...operands.flat(), ...code];
  const vector = (code) => plain(0xfd, ...unsigned(code));
  const number = (value) => [0x41, ...signed(value)];
  const [plus, times] = [plain(0x6a), plain(0x6c)];
  const [fPlus, fTimes, fDivide, fRoot, fFromInteger] = [0x92, 0x94, 0x95, 0x91, 0xb2].map((code) => plain(code));
  const [vPlus, vMinus, vTimes, vDivide, vMin, vMax] = [228, 229, 230, 231, 232, 233].map(vector);
  const [vNearest, vToIntegers, vShiftLeft, vPlusIntegers, vSplat] = [106, 248, 171, 174, 19].map(vector);
  const vLane = (value, lane) => [...value, 0xfd, 31, lane];
  const vAll = (value) => [0xfd, 12, ...[0, 1, 2, 3].flatMap(() => float(value))];
  const vAllIntegers = (value) => [0xfd, 12, ...[0, 1, 2, 3].flatMap(() => [value, 0, 0, 0])];
  const access = (code) => (address, offset = 0) => [...address, 0xfd, code, 2, ...unsigned(offset)];
  const [vLoad, vLoadOne] = [access(0), access(9)];
  const vStore = (address, value, offset = 0) => [...address, ...value, 0xfd, 11, 2, ...unsigned(offset)];
  const doWhilePositive = (counter, body) => [0x03, 0x40, ...body.flat(), ...counter, ...number(0), 0x4a, 0x0d, 0, 0x0b];

  // A function of integers: its locals by name, each {get, set(value), plus(amount)}, and its body.
  function define(parameters, integers, vectors, body) {
    const locals = {};
    [...parameters, ...integers, ...vectors].forEach((name, index) => {
      const get = [0x20, ...unsigned(index)], set = (...value) => [...value.flat(), 0x21, ...unsigned(index)];
      locals[name] = { get, set, plus: (amount) => set(plus(get, amount)) };
    });
    const code = list([[unsigned(integers.length), I32], [unsigned(vectors.length), V128]].map((group) => group.flat()));
    return { parameters: parameters.length, code: list([...code, ...body(locals).flat(Infinity), 0x0b]) };
  }

  // 4 rows by 8 columns at a time: eight sums in registers.
  const product = define(
    ["a", "aStride", "b", "c", "cStride", "rows", "columns", "depth"],
    ["row", "k", "panel", "to", "x0", "x1", "x2", "x3"],
    ["left", "right", "value", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"],
    (l) => {
      const rows = [l.x0, l.x1, l.x2, l.x3];
      const sums = [l.s0, l.s1, l.s2, l.s3, l.s4, l.s5, l.s6, l.s7];
      const unrolled = [0, 1, 2, 3].map((k) => [
        l.left.set(vLoad(l.panel.get, 32 * k)),
        l.right.set(vLoad(l.panel.get, 32 * k + 16)),
        rows.map((x, i) => [
          l.value.set(vLoadOne(x.get, 4 * k)),
          sums[2 * i].set(vPlus(sums[2 * i].get, vTimes(l.value.get, l.left.get))),
          sums[2 * i + 1].set(vPlus(sums[2 * i + 1].get, vTimes(l.value.get, l.right.get))),
        ]),
      ]);
      const block = [
        sums.map((sum) => sum.set(vAll(0))),
        l.panel.set(l.b.get),
        l.k.set(l.depth.get),
        doWhilePositive(l.k.get, [
          unrolled.flat(Infinity),
          [l.panel.plus(number(128)), rows.map((x) => x.plus(number(16))), l.k.plus(number(-4))].flat(Infinity),
        ]),
        rows.map((_, i) => [
          vStore(l.to.get, sums[2 * i].get),
          vStore(l.to.get, sums[2 * i + 1].get, 16),
          l.to.plus(l.cStride.get),
        ]),
      ];
      // Each x has moved along its row, so the next block's rows begin four strides after this block's beginning.
      const nextRows = rows.map((x) => x.plus(plus(times(l.aStride.get, number(4)), times(l.depth.get, number(-4)))));
      return [
        doWhilePositive(l.columns.get, [
          [
            l.row.set(l.rows.get),
            l.to.set(l.c.get),
            l.x0.set(l.a.get),
            rows.slice(1).map((x, i) => x.set(plus(rows[i].get, l.aStride.get))),
            doWhilePositive(l.row.get, [[block, nextRows, l.row.plus(number(-4))].flat(Infinity)]),
            l.b.plus(times(l.depth.get, number(32))),
            l.c.plus(number(32)),
            l.columns.plus(number(-8)),
          ].flat(Infinity),
        ]),
      ];
    },
  );

  // exp of a vector, as 2^n exp(r) with |r| <= ln(2) / 2 and a polynomial of degree 6 for exp(r); n and r are locals.
  function exponential(y, n, r) {
    const coefficients = [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1];
    const [highPart, lowPart] = [0.693359375, -2.12194440e-4]; // of ln(2): n times the first is exact
    const polynomial = coefficients.map(vAll).reduce((sum, next) => vPlus(vTimes(sum, r.get), next));
    return [
      r.set(vMax(vMin(y, vAll(87)), vAll(-87))),
      n.set(vNearest(vTimes(r.get, vAll(Math.LOG2E)))),
      r.set(vMinus(vMinus(r.get, vTimes(n.get, vAll(highPart))), vTimes(n.get, vAll(lowPart)))),
      vTimes(polynomial, vShiftLeft(vPlusIntegers(vToIntegers(n.get), vAllIntegers(127)), number(23))),
    ].flat(Infinity);
  }

  const gate = define(["h", "stride", "half", "rows"], ["at", "rest"], ["x", "n", "r", "e"], (l) => [
    doWhilePositive(l.rows.get, [
      [
        l.at.set(l.h.get),
        l.rest.set(l.half.get),
        doWhilePositive(l.rest.get, [
          [
            l.x.set(vLoad(l.at.get)),
            l.e.set(exponential(vMinus(vAll(0), l.x.get), l.n, l.r)),
            l.n.set(vLoad(plus(l.at.get, l.half.get))),
            vStore(l.at.get, vTimes(vDivide(l.x.get, vPlus(vAll(1), l.e.get)), l.n.get)),
            l.at.plus(number(16)),
            l.rest.plus(number(-16)),
          ].flat(Infinity),
        ]),
        l.h.plus(l.stride.get),
        l.rows.plus(number(-1)),
      ].flat(Infinity),
    ]),
  ]);

  const normalize = define(["h", "change", "stride", "rows", "width"], ["at", "rest"], ["x", "squares"], (l) => {
    const lanes = [0, 1, 2, 3].map((lane) => vLane(l.squares.get, lane));
    const mean = fDivide(lanes.reduce((sum, lane) => fPlus(sum, lane)), fFromInteger(l.width.get));
    const scale = fDivide([0x43, ...float(1)], fRoot(fPlus(mean, [0x43, ...float(1e-5)])));
    return [
      doWhilePositive(l.rows.get, [
        [
          l.at.set(l.h.get),
          l.rest.set(l.stride.get),
          l.squares.set(vAll(0)),
          doWhilePositive(l.rest.get, [
            [
              l.x.set(vPlus(vLoad(l.at.get), vLoad(l.change.get))),
              vStore(l.at.get, l.x.get),
              l.squares.set(vPlus(l.squares.get, vTimes(l.x.get, l.x.get))),
              l.at.plus(number(16)),
              l.change.plus(number(16)),
              l.rest.plus(number(-16)),
            ].flat(Infinity),
          ]),
          l.squares.set(vSplat(scale)),
          l.at.set(l.h.get),
          l.rest.set(l.stride.get),
          doWhilePositive(l.rest.get, [
            [
              vStore(l.at.get, vTimes(vLoad(l.at.get), l.squares.get)),
              l.at.plus(number(16)),
              l.rest.plus(number(-16)),
            ].flat(Infinity),
          ]),
          l.h.plus(l.stride.get),
          l.rows.plus(number(-1)),
        ].flat(Infinity),
      ]),
    ];
  });

  const add = define(["target", "source", "bytes"], [], [], (l) => [
    doWhilePositive(l.bytes.get, [
      [
        vStore(l.target.get, vPlus(vLoad(l.target.get), vLoad(l.source.get))),
        l.target.plus(number(16)),
        l.source.plus(number(16)),
        l.bytes.plus(number(-16)),
      ].flat(Infinity),
    ]),
  ]);

  function assemble() {
    const functions = { product, gate, normalize, add };
    const names = Object.keys(functions), all = Object.values(functions);
    return Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, all.map(({ parameters }) => [0x60, ...list(Array(parameters).fill(I32)), 0])),
      ...section(2, [[...text("js"), ...text("memory"), 2, 0, 1]]),
      ...section(3, all.map((_, index) => [index])),
      ...section(7, names.map((name, index) => [...text(name), 0, index])),
      ...section(10, all.map(({ code }) => code)),
    ]);
  }

  // A page may forbid WebAssembly, and an old browser has no vectors.
  function compile() {
    try {
      const module = new WebAssembly.Module(assemble());
      return { instantiate: (memory) => new WebAssembly.Instance(module, { js: { memory } }).exports };
    } catch (error) {
      if (typeof process !== "undefined") console.error(error);
      return null;
    }
  }

  root.TRMSimd = compile();
})(globalThis);
