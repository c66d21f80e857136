// The preset editor: a performance read from its file, changed on a time line, tried and saved.

import { make, send } from "./api.js";
import { onState } from "./live.js";
import { drawCurves, drawMarks, placePlayhead, startPlayhead } from "./timeline.js";
import { onLanguage, pick, t } from "./words.js";

const $ = (id) => document.getElementById(id);
const CHECK_MS = 120; // a pause this long in typing or dragging is checked
const NEW = "";
const EMPTY = {
  name: "my_preset",
  label: { en: "My preset", ko: "내 표정" },
  emoji: "🎭",
  duration_ms: 1500,
  keyframes: [
    { time: 0, params: {} },
    { time: 0.4, params: { smile: 0.8 } },
    { time: 1, params: {} },
  ],
};

let schema = null;
let parameters = new Map();
let presets = [];
let draft = null; // the content of the file
let origin = null; // the answer that it came from; null for a new one
let clean = ""; // the content as it was before it was changed here
let wished = null; // what to edit when the changes are thrown away
let selected = 0;
let courses = {};
let sound = true;
let head = null;
let waiting = 0;
let asked = 0;

const rest = (name) => parameters.get(name).neutral;

/** A value as a number: a percentage is of the photo's own. */
const valueOf = (name, value) =>
  typeof value === "string" ? (parseFloat(value) / 100) * rest(name) : value;

const unsaved = () => draft !== null && JSON.stringify(draft) !== clean;

/** What there is to say of a draft without faults. */
function standing() {
  if (!origin || unsaved()) return t("editor_sound");
  return t(origin.own ? "editor_saved" : "editor_same");
}

/** Check the draft with the loader, and draw what it says. */
async function check() {
  const mine = ++asked;
  const answer = await send("POST", "/presets/check", { preset: draft });
  if (!answer || mine !== asked) return;
  sound = answer.ok;
  if (answer.ok) courses = answer.curves;
  const problem = $("editor-problem");
  problem.textContent = answer.ok ? standing() : answer.detail;
  problem.classList.toggle("bad", !answer.ok);
  $("editor-yaml").textContent = answer.yaml;
  $("editor-save").disabled = $("editor-play").disabled = !answer.ok;
  drawCurves(courses, parameters);
}

function changed() {
  clearTimeout(waiting);
  waiting = setTimeout(check, CHECK_MS);
}

/** Move a keyframe; where it is the place that a held preset waits at, that goes along. */
function retime(i, time) {
  const before = draft.keyframes[i].time;
  const after = Math.round(time * 1e4) / 1e4;
  draft.keyframes[i].time = after;
  const follow = (place) => (place === before ? after : place);
  if (Array.isArray(draft.sustain)) draft.sustain = draft.sustain.map(follow);
  else if (draft.sustain !== undefined) draft.sustain = follow(draft.sustain);
}

function drawTimeline() {
  drawMarks(draft.keyframes, selected, draft.duration_ms, {
    select,
    move(i, time) {
      const [before, after] = [draft.keyframes[i - 1].time, draft.keyframes[i + 1].time];
      const gap = 0.005;
      retime(i, Math.min(after - gap, Math.max(before + gap, time)));
      drawTimeline();
      drawKeyframeTime();
      changed();
    },
    done: check,
    remove,
  });
}

function select(i) {
  selected = Math.min(Math.max(i, 0), draft.keyframes.length - 1);
  drawTimeline();
  drawKeyframe();
}

function remove(i) {
  if (i <= 0 || i >= draft.keyframes.length - 1) return;
  draft.keyframes.splice(i, 1);
  select(i - 1);
  changed();
}

/** A keyframe where the playhead stands, with the values that play there. */
function add() {
  const time = Math.round(head.at() * 1000) / 1000;
  const taken = draft.keyframes.findIndex((keyframe) => Math.abs(keyframe.time - time) < 0.005);
  if (taken >= 0) return select(taken);
  const params = {};
  for (const [name, values] of Object.entries(courses)) {
    const value = values[Math.round(time * (values.length - 1))];
    const digits = parameters.get(name).step < 0.1 ? 3 : 1;
    params[name] = Number(value.toFixed(digits));
  }
  const i = draft.keyframes.findIndex((keyframe) => keyframe.time > time);
  draft.keyframes.splice(i, 0, { time, params });
  select(i);
  changed();
}

function drawKeyframeTime() {
  const keyframe = draft.keyframes[selected];
  const ms = Math.round(keyframe.time * draft.duration_ms);
  $("keyframe-title").textContent = t("keyframe_at", { n: selected + 1, ms });
  $("keyframe-time").value = ms;
  $("keyframe-time").max = draft.duration_ms;
}

function drawEasing() {
  const values = schema.easings[draft.keyframes[selected].easing ?? draft.easing ?? "smoothstep"];
  const points = values.map((y, k) => `${(k / (values.length - 1)) * 100} ${35 - y * 30}`);
  $("keyframe-curve").setAttribute("d", `M${points.join("L")}`);
}

function drawKeyframe() {
  const keyframe = draft.keyframes[selected];
  const end = selected === 0 || selected === draft.keyframes.length - 1;
  drawKeyframeTime();
  $("keyframe-time").disabled = $("keyframe-delete").disabled = end;
  $("keyframe-easing").value = keyframe.easing ?? "";
  $("keyframe-easing").disabled = selected === 0;
  drawEasing();
  $("keyframe-params").replaceChildren(
    ...Object.keys(keyframe.params ?? {}).map((name) => valueRow(keyframe, name)),
  );
  const left = [...parameters.values()].filter((p) => !(p.name in (keyframe.params ?? {})));
  $("keyframe-param").replaceChildren(
    new Option(t("keyframe_param_pick"), ""),
    ...left.map((p) => new Option(p.text, p.name)),
  );
}

function valueRow(keyframe, name) {
  const parameter = parameters.get(name);
  const row = make("div", { className: "value-row" });
  const id = `value-${name}`;
  const label = make("label", { textContent: parameter.text, htmlFor: id });
  const { low, high, step } = parameter;
  const slider = make("input", { type: "range", id, min: low, max: high, step });
  const exact = make("input", { type: "text", inputMode: "decimal" });
  exact.setAttribute("aria-label", t("exact_value", { name: parameter.text }));
  const gone = make("button", { type: "button", className: "icon-button", textContent: "×" });
  gone.setAttribute("aria-label", t("remove_value", { name: parameter.text }));
  const show = () => {
    slider.value = valueOf(name, keyframe.params[name]);
    slider.style.setProperty("--at", `${((slider.value - low) / (high - low)) * 100}%`);
    exact.value = keyframe.params[name];
  };
  slider.addEventListener("input", () => {
    const percent = typeof keyframe.params[name] === "string";
    keyframe.params[name] = percent
      ? `${Math.round((slider.value / rest(name)) * 100)}%`
      : Number(slider.value);
    show();
    scrubTo(keyframe.time);
    changed();
  });
  exact.addEventListener("change", () => {
    const text = exact.value.trim();
    keyframe.params[name] = text.endsWith("%") || Number.isNaN(Number(text)) ? text : Number(text);
    show();
    changed();
  });
  gone.addEventListener("click", () => {
    delete keyframe.params[name];
    drawKeyframe();
    changed();
  });
  show();
  row.append(label, slider, exact, gone);
  return row;
}

// The newest place only: the stream answers in its own time.
let scrubbing = null;
let scrubBusy = false;
async function scrubTo(x) {
  scrubbing = x;
  placePlayhead(x);
  if (scrubBusy || !sound) return;
  scrubBusy = true;
  while (scrubbing !== null) {
    const at = scrubbing;
    scrubbing = null;
    await send("POST", "/presets/try", { preset: draft, at });
  }
  scrubBusy = false;
}

const play = async () => {
  clearTimeout(waiting);
  await check();
  if (sound) send("POST", "/presets/try", { preset: draft, strength: 1 });
};

async function save() {
  const saved = await send("PUT", `/presets/${encodeURIComponent(draft.name)}`, { preset: draft });
  if (saved) take(saved.content, saved);
}

async function erase() {
  const answer = await send("DELETE", `/presets/${origin.content.name}`);
  if (!answer) return;
  if (answer.shipped) open(answer.deleted);
  else take(structuredClone(EMPTY), null);
}

/** Open another preset; what is not saved is thrown away only when somebody says so. */
function leaveFor(name) {
  if (!unsaved()) return open(name);
  wished = name;
  $("editor-preset").value = origin ? origin.content.name : NEW;
  $("editor-leave").hidden = false;
  $("editor-stay").focus();
}

async function open(name) {
  if (name === NEW) return take(structuredClone(EMPTY), null);
  const answer = await send("GET", `/presets/${name}`);
  if (answer) take(answer.content, answer);
}

/** Edit this content from now on. */
function take(content, from) {
  draft = structuredClone(content);
  for (const keyframe of draft.keyframes) keyframe.params ??= {};
  clean = JSON.stringify(draft);
  origin = from;
  $("editor-leave").hidden = true;
  selected = Math.min(1, draft.keyframes.length - 1);
  draw();
  check();
}

function drawFields() {
  $("editor-name").value = draft.name;
  $("editor-emoji").value = draft.emoji ?? "";
  $("editor-ko").value = draft.label?.ko ?? "";
  $("editor-en").value = draft.label?.en ?? "";
  $("editor-length").value = draft.duration_ms;
  $("editor-mode").value = draft.mode ?? "once";
  for (const input of $("editor-blocks").querySelectorAll("input")) {
    input.checked = (draft.blocks ?? []).includes(input.value);
  }
  $("editor-delete").hidden = !origin?.own;
  $("editor-delete").textContent = t(origin?.covers ? "editor_restore" : "editor_delete");
  const kind = !origin ? "new" : !origin.own ? "shipped" : origin.covers ? "covers" : "own";
  $("editor-source").textContent = t(`editor_${kind}_hint`);
}

function draw() {
  if (!schema || !draft) return;
  $("editor-mode").replaceChildren(...schema.modes.map((m) => new Option(t(`mode_${m}`), m)));
  $("keyframe-easing").replaceChildren(
    new Option(t("curve_usual"), ""),
    ...Object.keys(schema.easings).map((name) => new Option(t(`curve_${name}`), name)),
  );
  $("editor-blocks").replaceChildren(
    ...schema.channels.map((channel) => {
      const label = make("label");
      label.append(make("input", { type: "checkbox", value: channel }), t(`channel_${channel}`));
      return label;
    }),
  );
  $("editor-preset").replaceChildren(
    new Option(t("editor_new_one"), NEW),
    ...presets.map((preset) => new Option(`${preset.emoji} ${pick(preset.label)}`, preset.name)),
  );
  $("editor-preset").value = origin ? origin.content.name : NEW;
  drawFields();
  drawTimeline();
  drawKeyframe();
  drawCurves(courses, parameters);
}

async function load() {
  const [table, expressions] = await Promise.all([
    send("GET", "/parameters"),
    send("GET", "/expressions"),
  ]);
  schema ??= await send("GET", "/presets/schema");
  if (!table || !expressions || !schema) return;
  presets = expressions.expressions;
  parameters = new Map(table.parameters.map((p) => [p.name, { ...p, text: pick(p.label) }]));
  if (draft) draw();
  else open(presets[0]?.name ?? NEW);
}

/** A field whose value is stored under a key of the draft. */
function bind(id, put) {
  $(id).addEventListener("input", () => {
    put($(id).value);
    changed();
  });
}

export function startEditor() {
  const panel = $("panel-editor");
  let loadedFor = null;
  let now = null;
  const wake = () => {
    if (panel.hidden || !now) return;
    const wanted = `${now.photo}/${now.presets_id}`;
    if (wanted === loadedFor) return;
    loadedFor = wanted;
    load();
  };
  onState((state) => {
    now = state;
    wake();
  });
  new MutationObserver(() => {
    if (panel.hidden) send("POST", "/presets/forget");
    else wake();
  }).observe(panel, { attributeFilter: ["hidden"] });
  onLanguage(() => {
    for (const parameter of parameters.values()) parameter.text = pick(parameter.label);
    draw();
  });

  head = startPlayhead(scrubTo, () => {});
  bind("editor-name", (value) => (draft.name = value.trim()));
  bind("editor-emoji", (value) => (draft.emoji = value));
  bind("editor-ko", (value) => (draft.label = { ...draft.label, ko: value }));
  bind("editor-en", (value) => (draft.label = { ...draft.label, en: value }));
  bind("editor-length", (value) => {
    draft.duration_ms = Number(value);
    drawTimeline();
    drawKeyframeTime();
  });
  bind("editor-mode", (value) => (draft.mode = value));
  bind("keyframe-easing", (value) => {
    if (value) draft.keyframes[selected].easing = value;
    else delete draft.keyframes[selected].easing;
    drawEasing();
  });
  $("keyframe-time").addEventListener("change", () => {
    const [before, after] = [draft.keyframes[selected - 1], draft.keyframes[selected + 1]];
    const time = Number($("keyframe-time").value) / draft.duration_ms;
    if (time > before.time && time < after.time) retime(selected, time);
    drawTimeline();
    drawKeyframeTime();
    changed();
  });
  $("editor-blocks").addEventListener("change", () => {
    draft.blocks = [...$("editor-blocks").querySelectorAll("input:checked")].map((i) => i.value);
    changed();
  });
  $("keyframe-param").addEventListener("change", (event) => {
    const name = event.target.value;
    if (!name) return;
    const share = ["eye_ratio", "lip_ratio"].includes(name);
    draft.keyframes[selected].params[name] = share ? "100%" : rest(name);
    drawKeyframe();
    $(`value-${name}`).focus();
    changed();
  });
  $("keyframe-add").addEventListener("click", add);
  $("keyframe-delete").addEventListener("click", () => remove(selected));
  $("editor-preset").addEventListener("change", (event) => leaveFor(event.target.value));
  $("editor-new").addEventListener("click", () => leaveFor(NEW));
  $("editor-discard").addEventListener("click", () => {
    open(wished);
    $("editor-preset").focus();
  });
  $("editor-stay").addEventListener("click", () => {
    $("editor-leave").hidden = true;
    $("editor-preset").focus();
  });
  addEventListener("beforeunload", (event) => unsaved() && event.preventDefault());
  $("editor-play").addEventListener("click", play);
  $("editor-delete").addEventListener("click", erase);
  $("editor").addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
}
