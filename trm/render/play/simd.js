// The kernels that take nearly all of the time, as a WebAssembly module with 128-bit vectors, assembled here.
//
// Defines the global TRMSimd, null where WebAssembly or its vectors are missing: kernels.js then uses its loops.
// TRMSimd.instantiate(memory) gives functions on byte offsets and byte strides:
//   product(a, aStride, b, c, cStride, rows, columns, depth)   c = a b, b packed in panels of 8 columns; sums in the same
//                                                              order as the loop, so that the results are equal bit by bit
//   gate(h, stride, half, rows)                                first half of a row = silu(first half) * second half
//   normalize(h, change, stride, rows, width)                  h = rms_norm(h + change)
//   add(target, source, bytes)                                 target += source
//   addScaled(target, source, factors, stride, rows)           target += source * factors, the same factors in each row
// Widths are multiples of 16 bytes, and all counts are positive.
"use strict";
(function (root) {
  const bytes = (...parts) => parts.flat(Infinity);
  const unsigned = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]);
  const signed = (value) => (value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)]);
  const sized = (...parts) => [...unsigned(bytes(parts).length), ...bytes(parts)];
  const list = (items) => bytes(unsigned(items.length), items);
  const text = (name) => sized([...name].map((letter) => letter.charCodeAt(0)));
  const float = (value) => [...new Uint8Array(new Float32Array([value]).buffer)];

  // Instructions. Each function gives the bytes of an expression, and its operands are such bytes.
  const I32 = 0x7f, V128 = 0x7b;
  const instruction = (...code) => (...operands) => bytes(operands, code);
  const [plus, times] = [0x6a, 0x6c].map((code) => instruction(code));
  const [fRoot, fPlus, fDivide, fFromInteger] = [0x91, 0x92, 0x95, 0xb2].map((code) => instruction(code));
  const vector = (code) => instruction(0xfd, unsigned(code));
  const [vPlus, vMinus, vTimes, vDivide, vMin, vMax] = [228, 229, 230, 231, 232, 233].map(vector);
  const [vNearest, vToIntegers, vShiftLeft, vPlusIntegers, vSplat] = [106, 248, 171, 174, 19].map(vector);
  const vLane = (value, lane) => bytes(value, 0xfd, 31, lane);
  const number = (value) => [0x41, ...signed(value)];
  const fNumber = (value) => [0x43, ...float(value)];
  const vNumber = (value) => bytes(0xfd, 12, Array(4).fill(float(value)));
  const vInteger = (value) => bytes(0xfd, 12, Array(4).fill([value, 0, 0, 0]));
  const place = (offset) => [2, ...unsigned(offset)]; // addresses are multiples of 2^2
  const vLoad = (address, offset = 0) => bytes(address, 0xfd, 0, place(offset));
  const vLoadOne = (address, offset = 0) => bytes(address, 0xfd, 9, place(offset));
  const vStore = (address, value, offset = 0) => bytes(address, value, 0xfd, 11, place(offset));

  // Repeat while a counter, from which each round takes `step`, is positive.
  const repeat = (counter, step, ...body) =>
    bytes(0x03, 0x40, body, counter.plus(number(-step)), counter.get, number(0), 0x4a, 0x0d, 0, 0x0b);

  // A function of integers: the names of its parameters, integers and vectors, and its body as a function of these by name.
  function define(parameters, integers, vectors, body) {
    const names = [parameters, integers, vectors].flatMap((group) => group.split(" ").filter(Boolean)), locals = {};
    names.forEach((name, index) => {
      const get = [0x20, ...unsigned(index)], set = (value) => bytes(value, 0x21, unsigned(index));
      locals[name] = { get, set, plus: (amount) => set(plus(get, amount)) };
    });
    const count = (group) => group.split(" ").filter(Boolean).length;
    const declared = list([[unsigned(count(integers)), I32], [unsigned(count(vectors)), V128]]);
    return { parameters: count(parameters), code: sized(declared, body(locals), 0x0b) };
  }

  // 4 rows by 8 columns at a time: eight sums in registers, and four steps of the depth per round.
  const product = define(
    "a aStride b c cStride rows columns depth",
    "row k panel to x0 x1 x2 x3",
    "left right value s0 s1 s2 s3 s4 s5 s6 s7",
    (l) => {
      const rows = [l.x0, l.x1, l.x2, l.x3], sums = [l.s0, l.s1, l.s2, l.s3, l.s4, l.s5, l.s6, l.s7];
      const accumulate = (sum, factor) => sum.set(vPlus(sum.get, vTimes(l.value.get, factor.get)));
      const step = (k) => [
        l.left.set(vLoad(l.panel.get, 32 * k)),
        l.right.set(vLoad(l.panel.get, 32 * k + 16)),
        rows.map((x, i) => [
          l.value.set(vLoadOne(x.get, 4 * k)),
          accumulate(sums[2 * i], l.left),
          accumulate(sums[2 * i + 1], l.right),
        ]),
      ];
      const block = [
        sums.map((sum) => sum.set(vNumber(0))),
        l.panel.set(l.b.get),
        l.k.set(l.depth.get),
        repeat(l.k, 4, [0, 1, 2, 3].map(step), l.panel.plus(number(128)), rows.map((x) => x.plus(number(16)))),
        rows.map((_, i) => [
          vStore(l.to.get, sums[2 * i].get),
          vStore(l.to.get, sums[2 * i + 1].get, 16),
          l.to.plus(l.cStride.get),
        ]),
        // Each x has moved along its row; the next rows begin four strides after this block's beginning.
        rows.map((x) => x.plus(plus(times(l.aStride.get, number(4)), times(l.depth.get, number(-4))))),
      ];
      return repeat(
        l.columns, 8,
        l.row.set(l.rows.get),
        l.to.set(l.c.get),
        l.x0.set(l.a.get),
        rows.slice(1).map((x, i) => x.set(plus(rows[i].get, l.aStride.get))),
        repeat(l.row, 4, block),
        l.b.plus(times(l.depth.get, number(32))),
        l.c.plus(number(32)),
      );
    },
  );

  // exp(y) as 2^n exp(r) with |r| <= ln(2) / 2 and a polynomial of degree 6 for exp(r); n and r are locals.
  function exponential(y, n, r) {
    const [highPart, lowPart] = [0.693359375, -2.1219444e-4]; // of ln(2): n times the first is exact
    const coefficients = [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1].map(vNumber);
    const polynomial = coefficients.reduce((sum, next) => vPlus(vTimes(sum, r.get), next));
    return bytes(
      r.set(vMax(vMin(y, vNumber(87)), vNumber(-87))),
      n.set(vNearest(vTimes(r.get, vNumber(Math.LOG2E)))),
      r.set(vMinus(vMinus(r.get, vTimes(n.get, vNumber(highPart))), vTimes(n.get, vNumber(lowPart)))),
      vTimes(polynomial, vShiftLeft(vPlusIntegers(vToIntegers(n.get), vInteger(127)), number(23))),
    );
  }

  const gate = define("h stride half rows", "at rest", "x n r e", (l) =>
    repeat(
      l.rows, 1,
      l.at.set(l.h.get),
      l.rest.set(l.half.get),
      repeat(
        l.rest, 16,
        l.x.set(vLoad(l.at.get)),
        l.e.set(exponential(vMinus(vNumber(0), l.x.get), l.n, l.r)),
        l.n.set(vLoad(plus(l.at.get, l.half.get))),
        vStore(l.at.get, vTimes(vDivide(l.x.get, vPlus(vNumber(1), l.e.get)), l.n.get)),
        l.at.plus(number(16)),
      ),
      l.h.plus(l.stride.get),
    ),
  );

  const normalize = define("h change stride rows width", "at rest", "x squares", (l) => {
    const sum = [0, 1, 2, 3].map((lane) => vLane(l.squares.get, lane)).reduce((total, lane) => fPlus(total, lane));
    const mean = fDivide(sum, fFromInteger(l.width.get));
    return repeat(
      l.rows, 1,
      l.at.set(l.h.get),
      l.rest.set(l.stride.get),
      l.squares.set(vNumber(0)),
      repeat(
        l.rest, 16,
        l.x.set(vPlus(vLoad(l.at.get), vLoad(l.change.get))),
        vStore(l.at.get, l.x.get),
        l.squares.set(vPlus(l.squares.get, vTimes(l.x.get, l.x.get))),
        l.at.plus(number(16)),
        l.change.plus(number(16)),
      ),
      l.squares.set(vSplat(fDivide(fNumber(1), fRoot(fPlus(mean, fNumber(1e-5)))))),
      l.rest.set(l.stride.get),
      repeat(l.rest, 16, vStore(l.h.get, vTimes(vLoad(l.h.get), l.squares.get)), l.h.plus(number(16))),
    );
  });

  const add = define("target source bytes", "", "", (l) =>
    repeat(
      l.bytes, 16,
      vStore(l.target.get, vPlus(vLoad(l.target.get), vLoad(l.source.get))),
      l.target.plus(number(16)),
      l.source.plus(number(16)),
    ),
  );

  const addScaled = define("target source factors stride rows", "at rest", "", (l) =>
    repeat(
      l.rows, 1,
      l.at.set(l.factors.get),
      l.rest.set(l.stride.get),
      repeat(
        l.rest, 16,
        vStore(l.target.get, vPlus(vLoad(l.target.get), vTimes(vLoad(l.source.get), vLoad(l.at.get)))),
        l.target.plus(number(16)),
        l.source.plus(number(16)),
        l.at.plus(number(16)),
      ),
    ),
  );

  function assemble() {
    const functions = { product, gate, normalize, add, addScaled };
    const names = Object.keys(functions), all = Object.values(functions), section = (id, items) => [id, sized(list(items))];
    return Uint8Array.from(bytes(
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, all.map(({ parameters }) => [0x60, list(Array(parameters).fill(I32)), 0])),
      section(2, [[text("js"), text("memory"), 2, 0, 1]]),
      section(3, all.map((_, index) => index)),
      section(7, names.map((name, index) => [text(name), 0, index])),
      section(10, all.map(({ code }) => code)),
    ));
  }

  // A page may forbid WebAssembly, and an old browser has no vectors.
  function compile() {
    try {
      const module = new WebAssembly.Module(assemble());
      return { instantiate: (memory) => new WebAssembly.Instance(module, { js: { memory } }).exports };
    } catch {
      return null;
    }
  }

  root.TRMSimd = compile();
})(globalThis);
