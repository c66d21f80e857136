// Idle life, and a slider for every parameter: held where it was put, else showing what is live.

import { Latest, make, send } from "./api.js";
import { face, onFace, onState, state } from "./live.js";
import { isMoved, percent, place, press, segments, watchMoves } from "./ranges.js";
import { onLanguage, pick, t } from "./words.js";

const parametersOut = new Latest("PUT", "/parameters");
const idleOut = new Latest("PUT", "/idle");
const idle = document.getElementById("idle");
const styles = document.getElementById("styles");
const releaseAll = document.getElementById("release-all");
const rows = new Map();
let table = null;
let styleList = [];

function row(parameter) {
  const { name, low, high, step, neutral } = parameter;
  const element = make("div", { className: "face-row" });
  const label = make("label", { textContent: pick(parameter.label), htmlFor: `p-${name}` });
  element.title = pick(parameter.meaning);
  const track = make("div", { className: "track" });
  const input = make("input", { type: "range", id: `p-${name}`, min: low, max: high, step });
  const mark = make("i");
  track.append(mark, input);
  const output = make("output");
  output.htmlFor = `p-${name}`;
  const undo = make("button", { type: "button", className: "undo", textContent: "↺" });
  undo.setAttribute("aria-label", t("release", { name: pick(parameter.label) }));
  undo.title = undo.ariaLabel;
  const share = (value) => (value - low) / (high - low);
  track.style.setProperty("--rest", share(neutral));
  watchMoves(input);
  const digits = step < 0.01 ? 3 : step < 0.1 ? 2 : 1;
  const free = () => {
    parametersOut.send({ [name]: null });
    element.classList.remove("held");
    input.blur();
  };
  input.addEventListener("input", () => {
    parametersOut.send({ [name]: Number(input.value) });
    element.classList.add("held");
    output.textContent = Number(input.value).toFixed(digits);
  });
  input.addEventListener("dblclick", free);
  label.addEventListener("dblclick", free);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") free();
  });
  undo.addEventListener("click", free);
  element.append(label, track, output, undo);
  return {
    element,
    live(value, held) {
      mark.style.setProperty("--live", share(value).toFixed(4));
      track.style.setProperty("--live", share(value).toFixed(4));
      if (isMoved(input)) return;
      element.classList.toggle("held", held !== undefined);
      input.value = held ?? value;
      output.textContent = (held ?? value).toFixed(digits);
    },
  };
}

function draw() {
  if (!table) return;
  rows.clear();
  const groups = Object.entries(table.groups).map(([group, label]) => {
    const box = make("section", { className: "face-group" });
    box.append(make("h3", { textContent: pick(label) }));
    for (const parameter of table.parameters.filter((p) => p.group === group)) {
      const made = row(parameter);
      rows.set(parameter.name, made);
      made.live(parameter.value ?? parameter.neutral, state?.held[parameter.name]);
      box.append(made.element);
    }
    return box;
  });
  document.getElementById("sliders").replaceChildren(...groups);
  styles.replaceChildren(
    ...styleList.map((style) => {
      const button = make("button", { type: "button", textContent: pick(style.label) });
      button.dataset.value = style.name;
      return button;
    }),
  );
  if (state) press(styles, state.idle.style);
}

async function load() {
  table = await send("GET", "/parameters");
  styleList = (await send("GET", "/idle"))?.styles ?? [];
  draw();
}

export function startFace() {
  segments(styles, (style) => idleOut.send({ style }));
  watchMoves(idle);
  idle.addEventListener("input", () => {
    place(idle, idle.value);
    document.getElementById("idle-value").textContent = percent(idle.value);
    idleOut.send({ strength: Number(idle.value) });
  });
  releaseAll.addEventListener("click", () => send("POST", "/reset"));
  let loadedFor = null;
  onState((now) => {
    // Another portrait has another rest; other preset files may bring other styles.
    const wanted = `${now.photo}/${now.presets_id}`;
    if (wanted !== loadedFor) {
      loadedFor = wanted;
      load();
    }
    if (!isMoved(idle)) {
      place(idle, now.idle.strength);
      document.getElementById("idle-value").textContent = percent(now.idle.strength);
    }
    press(styles, now.idle.style);
    releaseAll.disabled = Object.keys(now.held).length === 0;
    for (const [name, made] of rows) {
      if (name in face) made.live(face[name], now.held[name]);
    }
  });
  onFace((now) => {
    if (document.getElementById("panel-face").hidden) return;
    for (const [name, made] of rows) made.live(now[name], state?.held[name]);
  });
  onLanguage(draw);
}
