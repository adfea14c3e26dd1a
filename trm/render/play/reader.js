"use strict";
// Puzzles as text: pasted, copied, and in the fragment of the address.

const TRMText = (() => {
  const SEPARATORS = new Set("|,;:+[](){}'\"│┃║ \t\u00a0");
  const ALTERNATIVES = { "×": "×*xX·", "−": "−-–", "-": "-−–" };
  const escaped = (text) => text.replace(/[-\\^$*+?.()|[\]{}]/g, "\\$&");

  // The token of each character that can stand in a puzzle.
  function keyTable(board) {
    const table = new Map();
    board.looks.forEach((look, token) => { for (const key of look.keys) if (!table.has(key)) table.set(key, token); });
    return table;
  }

  // The first puzzle of a text as tokens; throws an Error with a sentence for the reader.
  function read(board, text) {
    const plain = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
    if (!plain.trim()) throw new Error(`There is no ${board.puzzle} in the text.`);
    if (board.text.length) return readNumbers(board, plain);
    const table = keyTable(board);
    return readWords(board, plain, table) || readCells(board, plain, table);
  }

  // Tokens by name or number, separated; null if the text is not of that form.
  function readWords(board, text, table) {
    const words = text.split(/[\s,;|[\]()]+/).filter(Boolean);
    const names = new Map();
    board.looks.forEach((look, token) => {
      for (const name of [look.name, look.text]) if (name) names.set(name.toLowerCase(), names.get(name.toLowerCase()) ?? token);
    });
    if (words.length < board.length || words.every((word) => word.length === 1 && table.has(word))) return null;
    const tokens = words.map((word) => names.get(word.toLowerCase()) ?? (/^\d+$/.test(word) ? Number(word) : -1));
    if (words.length !== board.length || tokens.some((token) => token < 0 || token >= board.looks.length)) return null;
    return tokens;
  }

  function readCells(board, text, table) {
    const answers = new Map();
    for (const look of board.looks) if (!look.keys && look.text && board.blank !== null) answers.set(look.text, board.blank);
    const lines = text.replace(/^\n+/, "").trimEnd().split("\n").map((line, index) => ({ line, number: index + 1 }));
    const kept = lines.filter(({ line }) => !isRule(line, lines));
    const spaces = table.has(" ") && ![...text].some((letter) => letter !== " " && table.get(letter) === table.get(" "));
    const tokens = [];
    for (const { line, number } of kept) {
      const width = spaces && kept.length > 1 ? Math.max(board.columns, line.length) : 0;
      for (const letter of line.padEnd(width)) {
        const token = letter === " " && !spaces ? undefined : table.get(letter) ?? answers.get(letter);
        if (token !== undefined) tokens.push(token);
        else if (!SEPARATORS.has(letter))
          throw new Error(`Line ${number}: “${letter}” is not a cell of a ${board.puzzle}. Cells are ${alphabet(board)}.`);
      }
    }
    if (!tokens.length || tokens.length % board.length)
      throw new Error(`The text has ${tokens.length} cells. This network takes a ${board.puzzle} of ${board.length}.`);
    return tokens.slice(0, board.length);
  }

  // Whether a line is drawn between rows, such as "------+-------".
  function isRule(line, lines) {
    const drawn = line.trim();
    if (!drawn || !/^[-+=|:─━═┼╋│║├┤┌┐└┘┬┴╔╗╚╝╠╣╦╩╬╟╢╤╧╪ ]*$/.test(drawn)) return false;
    return /[^-| ]/.test(drawn) || (!drawn.includes(" ") && lines.some((other) => /[|│║]/.test(other.line)));
  }

  function alphabet(board) {
    const shown = board.looks.filter((look) => look.keys).map((look) => `${look.keys[0] === " " ? "space" : look.keys[0]}`);
    return shown.length > 12 ? `${shown.slice(0, 10).join(" ")} … ${shown.at(-1)}` : shown.join(" ");
  }

  // A puzzle of numbers, as in "123 + 456 = ?"; what follows the "=" is ignored.
  function readNumbers(board, text) {
    const line = text.split("\n").find((part) => part.trim()).replace(/(\d)[,_](?=\d{3})/g, "$1");
    const end = board.text.indexOf("=");
    const parts = end < 0 ? board.text : board.text.slice(0, end);
    const pattern = parts.map((part) => (typeof part === "string"
      ? [...part].map((letter) => `[${escaped(ALTERNATIVES[letter] || letter)}]`).join("\\s*") : "(\\d+)"));
    const match = new RegExp(`^\\s*${pattern.join("\\s*")}\\s*(=.*)?$`).exec(line);
    if (!match) throw new Error(`“${line.trim().slice(0, 40)}” cannot be read. ${board.hint}`.trim());
    const tokens = emptyPuzzle(board), table = keyTable(board);
    parts.filter((part) => typeof part !== "string").forEach((positions, index) => {
      const digits = match[index + 1].replace(/^0+(?=\d)/, "");
      if (digits.length > positions.length)
        throw new Error(`${digits} has ${digits.length} digits. This network takes at most ${positions.length}.`);
      [...digits.padStart(positions.length, "0")].forEach((digit, place) => { tokens[positions[place]] = table.get(digit); });
    });
    return tokens;
  }

  function emptyPuzzle(board) {
    return board.empty.length ? [...board.empty] : new Array(board.length).fill(board.blank ?? 0);
  }

  // A puzzle or an answer as text that `read` and `trm solve` read.
  function write(board, tokens) {
    if (board.text.length) return writeNumbers(board, tokens);
    const letters = tokens.map((token) => TRMRules.written(board, token));
    const single = board.looks.every((look) => look.keys || [...look.text].length <= 1);
    const rows = [];
    for (let start = 0; start < letters.length; start += board.columns)
      rows.push(letters.slice(start, start + board.columns).join(single ? "" : " "));
    return rows.join(board.one_line ? (single ? "" : " ") : "\n");
  }

  function writeNumbers(board, tokens) {
    const parts = board.text.map((part) => {
      if (typeof part === "string") return ` ${part} `;
      const cells = part.map((position) => TRMRules.written(board, tokens[position])).join("");
      return /^\?+$/.test(cells) ? "" : cells.replace(/^\+/, "").replace(/^(-?)0+(?=\d)/, "$1");
    });
    return parts.join("").trim();
  }

  // The fragment that `fromFragment` reads: the text if it is one word, otherwise a digit to the base 36 for each token.
  function toFragment(board, tokens) {
    const text = write(board, tokens).replace(/\s*=.*$/, "").replace(/ /g, "");
    if (/^[\w.+*-]+$/.test(text) && (board.text.length || text.length === board.length)) return `#p=${encodeURIComponent(text)}`;
    const digits = board.looks.length <= 36 ? tokens.map((token) => token.toString(36)).join("") : tokens.join(".");
    return `#p=~${digits}`;
  }

  // The tokens of a fragment; null if it has none. Throws an Error as `read` does.
  function fromFragment(board, fragment) {
    const match = /^#(?:.*&)?p=([^&]*)/.exec(fragment);
    if (!match) return null;
    let text;
    try { text = decodeURIComponent(match[1]); } catch { throw new Error("The address has a damaged puzzle."); }
    if (!text.startsWith("~")) return read(board, text);
    const parts = board.looks.length <= 36 ? [...text.slice(1)].map((digit) => parseInt(digit, 36)) : text.slice(1).split(".").map(Number);
    if (parts.length !== board.length || !parts.every((token) => Number.isInteger(token) && token >= 0 && token < board.looks.length))
      throw new Error(`The address has a damaged puzzle, or one of another size. This network takes ${board.length} cells.`);
    return parts;
  }

  return { read, write, toFragment, fromFragment, keyTable, emptyPuzzle };
})();
if (typeof module !== "undefined") module.exports = TRMText;
