// How the photo is framed: sliders, and the picture itself, which can be dragged and zoomed.

import { Latest } from "./api.js";
import { onState, state } from "./live.js";
import { isMoved, place, press, segments, watchMoves } from "./ranges.js";

const DEFAULTS = { fit: "face", zoom: 1, offset_x: 0, offset_y: 0, mirror: false, fill: "blur" };
const out = new Latest("PUT", "/view");
const sliders = Object.fromEntries(
  [...document.querySelectorAll("[data-view]")].map((input) => [input.dataset.view, input]),
);
const fit = document.getElementById("fit");
const fill = document.getElementById("fill");
const fillColor = document.getElementById("fill-color");
const mirror = document.getElementById("view-mirror");
const screen = document.getElementById("screen");
const picture = document.getElementById("preview");
const panel = document.getElementById("panel-portrait");

// Only beside the sliders for it: elsewhere a slip of the hand must not move the live picture.
const framing = () => !panel.hidden && Boolean(state) && !picture.hidden;
const DRAG_PX = 4;
let drag = null;

function show(view) {
  for (const [name, input] of Object.entries(sliders)) {
    if (!isMoved(input) && !drag) place(input, view[name]);
    showNumber(input);
  }
  press(fit, view.fit);
  press(fill, view.fill === "blur" ? "blur" : "color");
  if (view.fill !== "blur" && document.activeElement !== fillColor) fillColor.value = view.fill;
  fillColor.hidden = view.fill === "blur";
  mirror.checked = view.mirror;
}

function showNumber(input) {
  const value = Number(input.value);
  input.nextElementSibling.textContent =
    input.dataset.view === "zoom" ? `${value.toFixed(2)}×` : value.toFixed(2);
}

/** Move a slider by hand or by the picture, and send where it is. */
function move(name, value) {
  const input = sliders[name];
  const bounded = Math.min(Math.max(value, Number(input.min)), Number(input.max));
  place(input, bounded);
  showNumber(input);
  out.send({ [name]: Number(bounded.toFixed(4)) });
}

/** Whether the picture on the page is the other way round than the photo. */
const flipped = () => Boolean(state?.view.mirror) !== picture.classList.contains("mirrored");

/** The height of the frame as it is shown, in CSS pixels. */
function frameHeight() {
  const box = picture.getBoundingClientRect();
  const view = state.view;
  return Math.min(box.height, (box.width * view.height) / view.width);
}

function startDrag(event) {
  if (event.button !== 0 || !framing() || event.target.closest("button")) return;
  drag = {
    id: event.pointerId,
    from: [event.clientX, event.clientY],
    offset: [state.view.offset_x, state.view.offset_y],
    far: false,
  };
}

function dragged(event) {
  if (event.pointerId !== drag?.id) return;
  const [x, y] = [event.clientX - drag.from[0], event.clientY - drag.from[1]];
  if (!drag.far) {
    if (Math.hypot(x, y) < DRAG_PX) return;
    drag.far = true;
    screen.setPointerCapture(drag.id);
    screen.classList.add("dragging");
  }
  const height = frameHeight();
  move("offset_x", drag.offset[0] + ((flipped() ? -1 : 1) * x) / height);
  move("offset_y", drag.offset[1] + y / height);
}

function endDrag(event) {
  if (event.pointerId !== drag?.id) return;
  drag = null;
  screen.classList.remove("dragging");
}

function wheel(event) {
  // The page scrolls by the wheel; with Ctrl (or two fingers on a touch pad) it is the picture.
  if (!event.ctrlKey || !framing()) return;
  event.preventDefault();
  move("zoom", Number(sliders.zoom.value) * Math.exp(-event.deltaY * 0.002));
}

export function startView() {
  for (const [name, input] of Object.entries(sliders)) {
    watchMoves(input);
    input.addEventListener("input", () => move(name, Number(input.value)));
    input.addEventListener("dblclick", () => move(name, DEFAULTS[name]));
  }
  segments(fit, (value) => out.send({ fit: value }));
  segments(fill, (value) => out.send({ fill: value === "blur" ? "blur" : fillColor.value }));
  fillColor.addEventListener("input", () => out.send({ fill: fillColor.value }));
  mirror.addEventListener("change", () => out.send({ mirror: mirror.checked }));
  document.getElementById("view-reset").addEventListener("click", () => out.send(DEFAULTS));
  screen.addEventListener("pointerdown", startDrag);
  screen.addEventListener("pointermove", dragged);
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    screen.addEventListener(name, endDrag);
  }
  screen.addEventListener("wheel", wheel, { passive: false });
  // The finger that drags must not scroll; the class says so to the style sheet.
  new MutationObserver(() => screen.classList.toggle("framing", !panel.hidden)).observe(panel, {
    attributes: true,
    attributeFilter: ["hidden"],
  });
  screen.classList.toggle("framing", !panel.hidden);
  onState(({ view }) => show(view));
}
