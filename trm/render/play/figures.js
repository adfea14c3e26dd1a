"use strict";
// The charts of a run, and the panel that describes one cell.

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

const percent = (share) => `${Math.round(100 * share)} %`;
const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

// A chart of one number a frame. `choose(index)` is called with the frame that is clicked.
class Chart {
  constructor(container, title, text, choose) {
    Object.assign(this, { title, text });
    const figure = make("figure"), caption = make("figcaption");
    this.value = make("b");
    caption.append(make("span", title), this.value);
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("viewBox", "0 0 100 100");
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("role", "img");
    [this.mark, this.line] = ["line", "polyline"].map((name) => document.createElementNS(this.svg.namespaceURI, name));
    this.svg.append(this.mark, this.line);
    this.svg.addEventListener("click", (event) => {
      const box = this.svg.getBoundingClientRect();
      if (this.count) choose(1 + Math.round((event.clientX - box.left) / box.width * (this.count - 1)));
    });
    figure.append(caption, this.svg);
    container.append(figure);
  }

  // `values` of all frames; `now` is the frame that is shown, 0 for the puzzle itself.
  draw(values, now, top) {
    this.count = values.length;
    const x = (index) => (values.length > 1 ? 2 + 96 * index / (values.length - 1) : 50);
    const heights = values.map((value) => 94 - 88 * Math.min(1, value / (top || 1)));
    const every = Math.ceil(values.length / 500); // more points than that cannot be told apart
    const points = values.flatMap((_, index) => (index % every && index < values.length - 1 ? [] : [`${x(index)},${heights[index]}`]));
    if (points.length === 1) points.splice(0, 1, `2,${heights[0]}`, `98,${heights[0]}`);
    this.line.setAttribute("points", points.join(" "));
    this.value.textContent = now ? this.text(values[now - 1]) : "–";
    for (const [name, place] of [["x1", x(now - 1)], ["x2", x(now - 1)], ["y1", 0], ["y2", 100]]) this.mark.setAttribute(name, place);
    this.mark.style.visibility = now && values.length > 1 ? "visible" : "hidden";
    const last = values.slice(-32);
    const label = values.length ? `${this.title} by step: ${values.length > 32 ? "…, " : ""}${last.map(this.text).join(", ")}` : `${this.title}: no steps yet`;
    this.svg.setAttribute("aria-label", label);
  }
}

// The likely tokens at a position of a frame, most likely first.
function likely(frame, position, vocabulary, most = 5) {
  const shares = Array.from(frame.probabilities.subarray(position * vocabulary, (position + 1) * vocabulary));
  return shares.map((share, token) => ({ share, token })).filter(({ share }) => share >= 0.005)
    .sort((a, b) => b.share - a.share).slice(0, most);
}

// The content of the panel for a cell: where it is, what is said about it, and how likely each token is.
function describeCell(view, board, position, frame, notes) {
  const parts = [make("h2", view.place(position))];
  if (notes.length) parts.push(make("p", notes.join(" · "), "notes"));
  if (!frame) {
    parts.push(make("p", "After Play, each step shows here how likely the network finds each answer.", "soft"));
    return parts;
  }
  if (!frame.probabilities) return [...parts, make("p", "The shares of this step were dropped to save memory.", "soft")];
  const list = make("ul", undefined, "likely");
  for (const { share, token } of likely(frame, position, board.looks.length)) {
    const row = make("li"), bar = make("i");
    bar.style.width = percent(share).replace(" ", "");
    const track = make("span", undefined, "track");
    track.append(bar);
    row.append(make("span", TRMRules.nameOf(board, token), "token"), track, make("span", percent(share), "number"));
    list.append(row);
  }
  parts.push(list);
  return parts;
}
