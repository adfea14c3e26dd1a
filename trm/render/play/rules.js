"use strict";
// The rules of `trm.render.Board`, applied to an answer. Runs in the page and in the worker.

const TRMRules = (() => {
  const signs = { "−": "-", "×": "*", "x": "*" };

  // The answer as it is shown: the puzzle's own tokens at fixed positions, where predictions mean nothing.
  function complete(board, inputs, tokens) {
    const answer = Array.from(tokens);
    const fixedTokens = new Set(board.fixed_tokens || []);
    for (const position of board.fixed || []) answer[position] = inputs[position];
    if (fixedTokens.size)
      inputs.forEach((token, position) => { if (fixedTokens.has(token)) answer[position] = token; });
    return answer;
  }

  // The character that stands for a token in a text.
  function written(board, token) {
    const look = board.looks[token];
    return look ? [...look.keys][0] || look.text || "?" : "?";
  }

  function nameOf(board, token) {
    const look = board.looks[token];
    return look ? look.name || look.text || String(token) : String(token);
  }

  // Where a group of positions is on the board: in a row, column or box, on a diagonal, or just in a group.
  function placeOf({ columns, boxes }, group) {
    const same = (number) => group.every((position) => number(position) === number(group[0]));
    const row = (position) => Math.floor(position / columns), column = (position) => position % columns;
    if (same(row)) return `in row ${row(group[0]) + 1}`;
    if (same(column)) return `in column ${column(group[0]) + 1}`;
    if (boxes.length && same((position) => boxes[position])) return "in a box";
    const step = group[1] - group[0];
    const diagonal = [columns - 1, columns + 1].includes(step) && group.every((position, index) => position === group[0] + index * step);
    return diagonal ? "on a diagonal" : "in a group";
  }

  // The value of numbers with + - and *, as a BigInt; null if the text is something else.
  function valueOf(text) {
    const plain = [...text].map((letter) => signs[letter] || letter).join("").replace(/\s/g, "");
    if (!/^[-+]?\d+([-+*]\d+)*$/.test(plain)) return null;
    let sum = 0n;
    for (const [term] of plain.matchAll(/[-+]?\d+(\*\d+)*/g)) {
      const sign = term[0] === "-" ? -1n : 1n;
      sum += sign * term.replace(/^[-+]/, "").split("*").map(BigInt).reduce((a, b) => a * b, 1n);
    }
    return sum;
  }

  // Positions beside a position on the grid.
  function neighbours(position, columns, length) {
    const column = position % columns, found = [];
    if (position >= columns) found.push(position - columns);
    if (column > 0) found.push(position - 1);
    if (column < columns - 1 && position + 1 < length) found.push(position + 1);
    if (position + columns < length) found.push(position + columns);
    return found;
  }

  // The number of moves from a position to each other one over passable positions; -1 where there is no way.
  function distances(from, passable, columns) {
    const moves = new Int32Array(passable.length).fill(-1), queue = [from];
    moves[from] = 0;
    for (let head = 0; head < queue.length; head++)
      for (const next of neighbours(queue[head], columns, passable.length))
        if (passable[next] && moves[next] < 0) {
          moves[next] = moves[queue[head]] + 1;
          queue.push(next);
        }
    return moves;
  }

  // Each rule calls `wrong(positions, sentence)` for what breaks it, and returns false where the answer is incomplete.
  const RULES = {
    distinct(rule, { board, answer, wrong }) {
      const allowed = new Set(rule.tokens);
      let full = true;
      for (const group of rule.groups) {
        const seen = new Map();
        for (const position of group) {
          const token = answer[position];
          if (allowed.size && !allowed.has(token)) { full = false; continue; }
          seen.set(token, [...(seen.get(token) || []), position]);
        }
        for (const [token, positions] of seen)
          if (positions.length > 1) wrong(positions, `${nameOf(board, token)} appears ${times(positions.length)} ${placeOf(board, group)}`);
      }
      return full;
    },

    same(rule, { answer, wrong }) {
      for (const group of rule.groups)
        if (group.some((position) => answer[position] !== answer[group[0]])) wrong(group, "cells that must be the same differ");
      return true;
    },

    given(rule, { inputs, answer, wrong }) {
      const blanks = new Set(rule.blanks), fill = new Set(rule.fill);
      inputs.forEach((token, position) => {
        if (!blanks.has(token)) {
          if (answer[position] !== token) wrong([position], "a given cell was changed");
        } else if (fill.size && !fill.has(answer[position])) wrong([position], "this token cannot be in an answer");
      });
      return true;
    },

    count(rule, { board, answer, wrong }) {
      const counted = new Set(rule.tokens), names = rule.tokens.map((token) => nameOf(board, token)).join(" or ");
      let full = true;
      for (const group of rule.groups) {
        const found = group.filter((position) => counted.has(answer[position]));
        if (rule.most !== null && found.length > rule.most) wrong(found, `${found.length} × ${names}, at most ${rule.most} in a group`);
        if (found.length < rule.least) full = false;
      }
      return full;
    },

    sum(rule, { inputs, answer, wrong }) {
      rule.groups.forEach((group, index) => {
        const totals = rule.totals.length ? rule.totals : rule.totals_at.map((position) => rule.values[inputs[position]]);
        const total = totals[totals.length === 1 ? 0 : index];
        const difference = group.reduce((sum, position) => sum + rule.values[answer[position]], 0) - total;
        const place = rule.totals_at.length ? [rule.totals_at[index] ?? rule.totals_at[0]] : group;
        if (rule.modulo ? difference % rule.modulo !== 0 : difference !== 0) wrong(place, "a sum is not right here");
      });
      return true;
    },

    way(rule, { board, inputs, answer, wrong }) {
      const start = inputs.indexOf(rule.start), goal = inputs.indexOf(rule.goal);
      if (start < 0 || goal < 0) return false;
      const ends = (position) => position === start || position === goal;
      const marked = answer.map((token, position) => token === rule.path || ends(position));
      const open = inputs.map((token, position) => rule.free.includes(token) || ends(position));
      const from = distances(start, marked, board.columns), to = distances(goal, marked, board.columns);
      const least = distances(start, open, board.columns)[goal];
      const path = answer.flatMap((token, position) => (token === rule.path ? [position] : []));
      if (!path.length && from[goal] < 0) return false;
      if (from[goal] < 0) {
        wrong([goal], "the way does not reach the goal");
        const lost = path.filter((position) => from[position] < 0);
        if (lost.length) wrong(lost, "this part is not connected with the start");
        return false;
      }
      const strays = path.filter((position) => from[position] < 0 || from[position] + to[position] !== from[goal]);
      if (strays.length) wrong(strays, "this cell is not on the way");
      if (rule.shortest && from[goal] > least) wrong([goal], `the way has ${from[goal]} moves, a shortest one has ${least}`);
      return true;
    },

    equation(rule, { board, answer, wrong }) {
      const cells = rule.text.flatMap((part) => (typeof part === "string" ? [{ letter: part }]
        : part.map((position) => ({ letter: written(board, answer[position]), position }))));
      const middle = cells.findIndex((cell) => cell.letter === "=" && cell.position === undefined);
      const [left, right] = [cells.slice(0, middle), cells.slice(middle + 1)];
      const [value, answered] = [left, right].map((side) => valueOf(side.map((cell) => cell.letter).join("")));
      if (value === null || answered === null) return false;
      const off = differing(right, value);
      if (off.length || value !== answered) wrong(off, `${value} is right`);
      return true;
    },
  };

  // The cells of a number, sign first, that differ from a value. An expression that is no number differs as a whole, or not.
  function differing(cells, value) {
    if (cells.slice(1).some((cell) => !/\d/.test(cell.letter)))
      return valueOf(cells.map((cell) => cell.letter).join("")) === value ? [] : cells.flatMap((cell) => cell.position ?? []);
    const signed = "+-−".includes(cells[0].letter), digits = cells.length - (signed ? 1 : 0);
    const absolute = String(value < 0n ? -value : value).padStart(digits, "0");
    const expected = [...(signed ? [value < 0n ? "-" : "+"] : []), ...absolute];
    return cells.filter((cell, index) => cell.position !== undefined && (signs[cell.letter] || cell.letter) !== expected[index])
      .map((cell) => cell.position);
  }

  function times(count) {
    return count === 2 ? "twice" : `${count} times`;
  }

  // What breaks the rules: positions, the sentences about each, and whether the answer is valid; null without rules.
  function check(board, inputs, tokens) {
    const puzzle = Array.from(inputs), answer = complete(board, puzzle, tokens);
    if (!board.rules || !board.rules.length) return { violations: [], reasons: {}, valid: null };
    const reasons = {};
    const wrong = (positions, sentence) => {
      for (const position of positions) {
        reasons[position] ||= [];
        if (!reasons[position].includes(sentence)) reasons[position].push(sentence);
      }
    };
    let full = true, broken = false;
    for (const rule of board.rules)
      full = RULES[rule.kind](rule, { board, inputs: puzzle, answer, wrong: (...found) => { broken = true; wrong(...found); } }) && full;
    return { violations: Object.keys(reasons).map(Number), reasons, valid: full && !broken };
  }

  return { check, complete, written, nameOf };
})();
globalThis.TRMRules = TRMRules; // the worker looks for it there
if (typeof module !== "undefined") module.exports = TRMRules;
