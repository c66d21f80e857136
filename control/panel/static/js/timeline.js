// The time line of the preset editor: curves, keyframes to drag, and a playhead.

import { make } from "./api.js";
import { t } from "./words.js";

const WIDTH = 360;
const HEIGHT = 150;
const EDGE = 10; // room above and below the curves
const COLOURS = ["#e9b872", "#6fb7e9", "#8fd18a", "#e98fb0", "#b79bf0", "#7fd3c7", "#e5d06a", "#f0916b"];

const box = document.getElementById("timeline");
const curves = document.getElementById("timeline-curves");
const marks = document.getElementById("timeline-marks");
const playhead = document.getElementById("playhead");
const legend = document.getElementById("timeline-legend");

const svg = (tag, attributes) => {
  const element = document.createElementNS(curves.namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};
export const colourOf = (index) => COLOURS[index % COLOURS.length];
const clamp = (x) => Math.min(1, Math.max(0, x));
const placeOf = (event) => {
  const rect = box.getBoundingClientRect();
  return clamp((event.clientX - rect.left) / rect.width);
};

/** Draw the course of each parameter, each over the part of its range that it uses. */
export function drawCurves(courses, parameters) {
  const lines = [];
  const entries = [];
  Object.entries(courses).forEach(([name, values], i) => {
    const parameter = parameters.get(name);
    // All in one picture: a parameter's whole range is the height, its rest the same line for all.
    const rest = parameter.neutral;
    const reach = Math.max(...values.map((v) => Math.abs(v - rest)), (parameter.high - parameter.low) / 8);
    const y = (v) => HEIGHT / 2 - ((v - rest) / reach) * (HEIGHT / 2 - EDGE);
    const path = values.map((v, k) => `${((k / (values.length - 1)) * WIDTH).toFixed(1)} ${y(v).toFixed(1)}`);
    lines.push(svg("path", { d: `M${path.join("L")}`, stroke: colourOf(i) }));
    const entry = make("li");
    const swatch = make("i");
    swatch.style.background = colourOf(i);
    entry.append(swatch, parameter.text);
    entries.push(entry);
  });
  curves.replaceChildren(svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2 }), ...lines);
  legend.replaceChildren(...entries);
}

/** Draw the keyframes; `on` has select(i), move(i, time), done(). The first and last stay. */
export function drawMarks(keyframes, selected, lengthMs, on) {
  while (marks.children.length > keyframes.length) marks.lastChild.remove();
  keyframes.forEach((keyframe, i) => {
    let mark = marks.children[i];
    if (!mark) {
      mark = make("button", { type: "button", className: "mark" });
      marks.append(mark);
    }
    const fixed = i === 0 || i === keyframes.length - 1;
    mark.classList.toggle("fixed", fixed);
    mark.style.left = `${keyframe.time * 100}%`;
    mark.setAttribute("aria-pressed", String(i === selected));
    mark.setAttribute("aria-label", t("keyframe_at", { n: i + 1, ms: Math.round(keyframe.time * lengthMs) }));
    mark.onpointerdown = (event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      on.select(i);
      if (fixed) return;
      mark.setPointerCapture(event.pointerId);
      mark.onpointermove = (move) => on.move(i, placeOf(move));
    };
    mark.onpointerup = mark.onpointercancel = () => {
      if (mark.onpointermove) on.done();
      mark.onpointermove = null;
    };
    mark.onclick = () => on.select(i);
    mark.onkeydown = (event) => {
      const step = { ArrowLeft: -0.01, ArrowRight: 0.01 }[event.key];
      if (step && !fixed) {
        event.preventDefault();
        on.move(i, keyframe.time + step * (event.shiftKey ? 5 : 1));
        on.done();
      } else if (event.key === "Delete" && !fixed) {
        event.preventDefault();
        on.remove(i);
      }
    };
  });
}

export function placePlayhead(x) {
  playhead.style.left = `${x * 100}%`;
  playhead.setAttribute("aria-valuenow", String(Math.round(x * 100)));
}

/** Let the playhead be dragged, by pointer anywhere on the curves or by the arrow keys. */
export function startPlayhead(scrub, end) {
  let x = 0;
  const to = (value) => {
    x = clamp(value);
    placePlayhead(x);
    scrub(x);
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".mark")) return;
    box.setPointerCapture(event.pointerId);
    to(placeOf(event));
  });
  box.addEventListener("pointermove", (event) => {
    if (box.hasPointerCapture(event.pointerId)) to(placeOf(event));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    box.addEventListener(name, (event) => {
      if (!event.target.closest(".mark")) end();
    });
  }
  playhead.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.01, ArrowRight: 0.01, PageDown: -0.1, PageUp: 0.1 }[event.key];
    if (event.key === "Home") to(0);
    else if (event.key === "End") to(1);
    else if (step) to(x + step);
    else return;
    event.preventDefault();
  });
  playhead.addEventListener("blur", end);
  return { at: () => x, to };
}
