// How the photo is framed: sliders, and the picture itself, which can be dragged and zoomed.
// Drawing another framing takes the stream a part of a second, so the page moves its picture at
// once by itself, and sends where it rests.

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
const framing = () => !panel.hidden && Boolean(state) && !picture.hidden && !state.privacy;
const DRAG_PX = 4;
const REST_MS = 180;
// A framing that the stream has not taken by then was refused.
const GIVE_UP_MS = 4000;
let drag = null;
let wanted = {}; // moved by hand, and not yet what the stream shows
let rest = 0;
let giveUp = 0;

function show(view) {
  for (const [name, input] of Object.entries(sliders)) {
    if (!isMoved(input) && !(name in wanted)) place(input, view[name]);
    showNumber(input);
  }
  press(fit, view.fit);
  press(fill, view.fill === "blur" ? "blur" : "color");
  if (view.fill !== "blur" && document.activeElement !== fillColor) fillColor.value = view.fill;
  fillColor.hidden = view.fill === "blur";
  mirror.checked = view.mirror;
  lead();
}

function showNumber(input) {
  const value = Number(input.value);
  input.nextElementSibling.textContent =
    input.dataset.view === "zoom" ? `${value.toFixed(2)}×` : value.toFixed(2);
}

/** Where something is, or is wanted; sliders know it only by their step. */
const now = (name) => wanted[name] ?? state.view[name];

/** Move a slider by hand or by the picture, and send where it comes to rest. */
function move(name, value) {
  const input = sliders[name];
  const bounded = Math.min(Math.max(value, Number(input.min)), Number(input.max));
  place(input, bounded);
  showNumber(input);
  wanted[name] = Number(bounded.toFixed(4));
  lead();
  clearTimeout(rest);
  rest = setTimeout(sendRest, REST_MS);
}

function sendRest() {
  out.send({ ...wanted });
  clearTimeout(giveUp);
  giveUp = setTimeout(() => {
    wanted = {};
    lead();
  }, GIVE_UP_MS);
}

/** Move the picture on this page from where the stream has it to where it is wanted. */
function lead() {
  const view = state?.view;
  if (!view) return;
  const { zoom, offset_x, offset_y } = { ...view, ...wanted };
  const height = frameHeight();
  const x = (flipped() ? -1 : 1) * (offset_x - view.offset_x) * height;
  const y = (offset_y - view.offset_y) * height;
  const near = Math.abs(x) < 0.5 && Math.abs(y) < 0.5 && Math.abs(zoom - view.zoom) < 0.001;
  const still = near || state.privacy; // its picture has a place of its own
  picture.style.translate = still ? "" : `${x.toFixed(1)}px ${y.toFixed(1)}px`;
  picture.style.scale = still ? "" : String(zoom / view.zoom);
  if (near && !drag) wanted = {};
}

/** Whether the picture on the page is the other way round than the photo. */
const flipped = () => Boolean(state?.view.mirror) !== picture.classList.contains("mirrored");

/** The height of the frame as it is shown, in CSS pixels. */
function frameHeight() {
  const { width, height } = state.view;
  return Math.min(screen.clientHeight, (screen.clientWidth * height) / width);
}

function startDrag(event) {
  if (event.button !== 0 || !framing() || event.target.closest("button")) return;
  drag = {
    id: event.pointerId,
    from: [event.clientX, event.clientY],
    offset: [now("offset_x"), now("offset_y")],
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
  move("zoom", now("zoom") * Math.exp(-event.deltaY * 0.002));
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
  document.getElementById("view-reset").addEventListener("click", () => {
    clearTimeout(rest);
    wanted = {};
    out.send(DEFAULTS);
  });
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
