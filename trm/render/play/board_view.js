"use strict";
// The grid of cells: drawing it, moving in it, typing and painting.

// `actions`: edit(position, token), choose(position) for the cell that is described, editing() whether painting is possible.
class BoardView {
  constructor(element, board, actions) {
    Object.assign(this, { element, board, actions, focused: 0, tool: null, typed: "", typedAt: 0, stroke: null });
    this.keys = TRMText.keyTable(board);
    this.editable = new Set(board.editable || Array.from({ length: board.length }, (_, index) => index));
    this.rows = Math.ceil(board.length / board.columns);
    this.build();
    element.addEventListener("keydown", (event) => this.keydown(event));
    element.addEventListener("focusin", (event) => this.moveTo(this.positionOf(event.target), false));
    element.addEventListener("pointerover", (event) => {
      const position = this.positionOf(event.target);
      if (position !== null && event.pointerType === "mouse") actions.choose(position);
    });
    element.addEventListener("pointerleave", () => actions.choose(this.focused));
    element.addEventListener("pointerdown", (event) => this.pointerdown(event));
    element.addEventListener("pointermove", (event) => this.pointermove(event));
    for (const kind of ["pointerup", "pointercancel"]) element.addEventListener(kind, () => { this.stroke = null; });
  }

  build() {
    const { board, element } = this;
    element.style.setProperty("--columns", board.columns);
    element.style.setProperty("--rows", this.rows);
    element.classList.toggle("painted", board.tools.length > 0);
    element.classList.toggle("small", board.columns > 16);
    element.classList.toggle("words", board.looks.some((look) => [...look.text].length > 2));
    element.setAttribute("aria-rowcount", this.rows);
    element.setAttribute("aria-colcount", board.columns);
    this.cells = [];
    const rows = [];
    for (let row = 0; row < this.rows; row++) {
      const line = document.createElement("div");
      line.setAttribute("role", "row");
      for (let column = 0; column < board.columns && this.cells.length < board.length; column++)
        line.append(this.cell(row, column));
      rows.push(line);
    }
    element.replaceChildren(...rows, ...(board.lines.length ? [this.lines()] : []));
    this.cells[0].tabIndex = 0;
  }

  cell(row, column) {
    const { board } = this, position = this.cells.length, cell = document.createElement("div");
    cell.setAttribute("role", "gridcell");
    cell.tabIndex = -1;
    cell.dataset.position = position;
    cell.append(document.createElement("span"));
    const boxes = board.boxes;
    if (boxes.length && column > 0 && boxes[position] !== boxes[position - 1]) cell.classList.add("thick-left");
    if (boxes.length && row > 0 && boxes[position] !== boxes[position - board.columns]) cell.classList.add("thick-top");
    this.cells.push(cell);
    this.drawn = [];
    return cell;
  }

  lines() {
    const { board } = this, svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${board.columns} ${this.rows}`);
    svg.setAttribute("aria-hidden", "true");
    for (const ends of board.lines) {
      const line = document.createElementNS(svg.namespaceURI, "line");
      ends.forEach((position, end) => {
        line.setAttribute(`x${end + 1}`, position % board.columns + 0.5);
        line.setAttribute(`y${end + 1}`, Math.floor(position / board.columns) + 0.5);
      });
      svg.append(line);
    }
    return svg;
  }

  positionOf(target) {
    const cell = target instanceof Element ? target.closest("[data-position]") : null;
    return cell && this.element.contains(cell) ? Number(cell.dataset.position) : null;
  }

  place(position) {
    const [row, column] = [Math.floor(position / this.board.columns), position % this.board.columns];
    return this.rows > 1 ? `Row ${row + 1}, column ${column + 1}` : `Position ${column + 1}`;
  }

  // `scene`: tokens, and for each position whether it is given, changed or wrong, and how unsure the network is (0 to 1).
  draw(scene) {
    this.cells.forEach((cell, position) => {
      const token = scene.tokens[position], look = this.board.looks[token] || { text: "?", role: "plain", color: "" };
      const flags = ["given", "changed", "wrong"].filter((name) => scene[name].has(position));
      const doubt = scene.doubt ? scene.doubt[position] : 0;
      const unsure = doubt > 0.1;
      const state = [token, ...flags, Math.round(doubt * 20)].join();
      if (this.drawn[position] === state) return;
      this.drawn[position] = state;
      const thick = ["thick-left", "thick-top"].filter((name) => cell.classList.contains(name));
      cell.className = ["cell", `role-${look.role}`, ...thick, ...flags, ...(unsure ? ["unsure"] : [])].join(" ");
      cell.style.setProperty("--doubt", doubt.toFixed(2));
      cell.style.backgroundColor = look.color;
      cell.style.color = look.color ? inkOn(look.color) : "";
      cell.firstChild.textContent = look.text;
      const words = { given: "given", changed: "changed", wrong: "breaks a rule" };
      const notes = [...flags.map((name) => words[name]), ...(unsure ? [`${Math.round(100 * (1 - doubt))} % sure`] : [])];
      cell.setAttribute("aria-label", [this.place(position), TRMRules.nameOf(this.board, token) || "empty", ...notes].join(", "));
      cell.setAttribute("aria-readonly", String(!this.editable.has(position)));
    });
  }

  // Let the keyboard begin at the first cell that can be changed, an empty one if there is any.
  startAt(tokens) {
    const places = [...this.editable].sort((a, b) => a - b);
    this.moveTo(places.find((position) => tokens[position] === this.board.blank) ?? places[0] ?? 0, false);
  }

  moveTo(position, focus = true) {
    if (position === null || position < 0 || position >= this.cells.length) return;
    this.cells[this.focused].tabIndex = -1;
    this.focused = position;
    this.cells[position].tabIndex = 0;
    if (focus) this.cells[position].focus();
    this.actions.choose(position);
  }

  edit(position, token) {
    if (this.editable.has(position)) this.actions.edit(position, token);
  }

  keydown(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return this.moveByControl(event);
    const { columns } = this.board, at = this.focused, column = at % columns;
    const moves = { ArrowLeft: column > 0 ? -1 : 0, ArrowRight: column < columns - 1 ? 1 : 0, ArrowUp: -columns, ArrowDown: columns,
      Home: -column, End: Math.min(columns - 1, this.cells.length - 1 - at + column) - column };
    if (event.key in moves) this.moveTo(at + moves[event.key]);
    else if ((event.key === "Backspace" || event.key === "Delete") && this.board.blank !== null) this.edit(at, this.board.blank);
    else if (event.key === "Enter" || (event.key === " " && !this.keys.has(" "))) this.cycle(at);
    else if (event.key === " " && this.board.tools.length) this.cycle(at);
    else if ([...event.key].length !== 1 || !this.type(at, event.key)) return;
    event.preventDefault();
  }

  moveByControl(event) {
    if (!event.ctrlKey || !["Home", "End"].includes(event.key)) return;
    this.moveTo(event.key === "Home" ? 0 : this.cells.length - 1);
    event.preventDefault();
  }

  // A key of the board, or the beginning of a token's name; whether it meant something.
  type(position, key) {
    if (this.keys.has(key)) {
      this.edit(position, this.keys.get(key));
      return true;
    }
    const now = performance.now();
    this.typed = (now - this.typedAt < 1000 ? this.typed : "") + key.toLowerCase();
    this.typedAt = now;
    const starts = (text) => this.board.looks.findIndex((look) => !look.keys && look.role !== "path" && look.name.toLowerCase().startsWith(text));
    let token = starts(this.typed);
    if (token < 0) token = starts(this.typed = key.toLowerCase());
    if (token >= 0) this.edit(position, token);
    return token >= 0;
  }

  // The tokens that can be entered, in order.
  choices() {
    const { board } = this;
    if (board.tools.length) return board.tools;
    const all = board.looks.map((_, token) => token);
    const typed = all.filter((token) => board.looks[token].keys && board.looks[token].role !== "sign");
    const named = board.looks.every((look) => look.keys || look.role !== "plain" || look.text.length <= 1);
    return typed.length && named ? typed : all;
  }

  cycle(position) {
    const choices = this.choices(), index = choices.indexOf(this.actions.tokenAt(position));
    if (this.board.tools.length && this.tool !== null) this.edit(position, this.painted(position));
    else this.edit(position, choices[(index + 1) % choices.length]);
  }

  // What the chosen tool leaves at a position: painting a token over itself erases it.
  painted(position) {
    const same = this.actions.tokenAt(position) === this.tool;
    return same && this.board.blank !== null && !this.board.looks[this.tool].once ? this.board.blank : this.tool;
  }

  pointerdown(event) {
    const position = this.positionOf(event.target);
    if (position === null || event.button !== 0) return;
    if (this.board.tools.length && this.tool !== null && this.actions.editing()) {
      event.preventDefault();
      this.moveTo(position);
      this.stroke = { token: this.painted(position), last: position };
      this.edit(position, this.stroke.token);
      event.target.releasePointerCapture?.(event.pointerId);
    }
  }

  pointermove(event) {
    if (!this.stroke) return;
    const position = this.positionOf(document.elementFromPoint(event.clientX, event.clientY));
    if (position === null || position === this.stroke.last) return;
    for (const cell of this.between(this.stroke.last, position)) this.edit(cell, this.stroke.token);
    this.stroke.last = position;
  }

  // The cells of a line between two cells, without the first: a quick pointer skips cells.
  between(from, to) {
    const { columns } = this.board, [row, column] = [Math.floor(from / columns), from % columns];
    const [down, right] = [Math.floor(to / columns) - row, to % columns - column];
    const count = Math.max(Math.abs(down), Math.abs(right));
    return Array.from({ length: count }, (_, index) =>
      (row + Math.round(down * (index + 1) / count)) * columns + column + Math.round(right * (index + 1) / count));
  }
}

// Black or white, whichever is easier to read on a colour.
function inkOn(color) {
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#000000" : "#ffffff";
}
