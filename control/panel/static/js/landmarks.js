// The landmark editor: the points of a photo's face, corrected by hand, tried on air, kept.

import { inLanguage } from "./api.js";
import { state } from "./live.js";
import { closed, nameOf, place, setClosed } from "./points_model.js";
import { PointsView } from "./points_view.js";
import { press, segments } from "./ranges.js";
import { onLanguage, t } from "./words.js";

const byId = (id) => document.getElementById(`points${id && "-"}${id}`);
const dialog = byId("");
const problem = byId("problem");
const live = byId("live");
const flags = dialog.querySelectorAll("[data-flag]");
const view = new PointsView(byId("view"), byId("loupe"), {
  begins: (handle) => begin(handle),
  changes: (handle) => changed(handle),
  chooses: (handle) => tell(handle),
  clicks: (at) => clicked(at),
});
let now = null; // the photo that is edited, and all that belongs to it while it is

const copy = (doc) => JSON.parse(JSON.stringify(doc));
const same = (one, two) => JSON.stringify(one) === JSON.stringify(two);

async function ask(method, path = "", body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const data = body === undefined ? undefined : JSON.stringify(body);
  complain("");
  try {
    const answer = await fetch(`${now.path}${path}`, { method, headers: inLanguage(headers), body: data });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    complain(told.detail ?? `${answer.status} ${answer.statusText}`);
  } catch {
    complain(t("lost"));
  }
  return null;
}

function complain(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

/** Wait for an answer with the buttons off, so that nothing is asked for twice. */
async function during(words, work) {
  dialog.classList.add("busy");
  byId("state").textContent = words;
  show();
  const result = await work();
  dialog.classList.remove("busy");
  byId("state").textContent = now?.tried ? t("points_tried") : "";
  show();
  return result;
}

// --- opening and closing

/** Edit the points of a photo; resolves with what was kept, or null. */
export async function editPoints(photo, label) {
  if (dialog.open) return null;
  const path = `/photos/${encodeURIComponent(photo.name)}/landmarks`;
  now = { photo, label, path, doc: null, kept: null, source: "none", undo: [], tried: false };
  now.before = state?.photo;
  now.result = null;
  words();
  complain("");
  byId("now").hidden = true;
  byId("leave").hidden = true;
  byId("end").hidden = false;
  view.show(null);
  dialog.showModal();
  live.src = `/preview.mjpg?at=${Date.now()}`;
  const closed = new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  const told = await during(t("points_looking"), () => ask("GET"));
  if (told && dialog.open) take(told);
  await closed;
  const { result } = now;
  now = null;
  return result;
}

function take(told) {
  now.source = told.source;
  now.kept = told.landmarks;
  now.undo = [];
  const picture = new Image();
  const url = now.path.replace(/landmarks$/, "image");
  const start = (size) => {
    view.open(url, size);
    setDocument(told.landmarks && copy(told.landmarks));
    if (!told.landmarks) {
      if (!told.faceless) complain(told.problem);
      startPupils();
    }
    view.setGroup(null);
    press(byId("groups"), "");
  };
  const size = told.landmarks?.image;
  if (size) return start([size.width, size.height]);
  picture.addEventListener("load", () => start([picture.naturalWidth, picture.naturalHeight]));
  picture.src = url;
}

const dirty = () => now.doc && !same(now.doc, now.kept);

function leave() {
  if (dialog.classList.contains("busy")) return;
  if (!dirty()) return close();
  byId("end").hidden = true;
  byId("leave").hidden = false;
  byId("stay").focus();
}

function stay() {
  byId("leave").hidden = true;
  byId("end").hidden = false;
}

/** Close, and take what was only tried off the stage again. */
async function close() {
  if (now.tried) {
    const body = JSON.stringify({ name: now.before ?? now.photo.name });
    const headers = { "Content-Type": "application/json" };
    await fetch("/photos", { method: "POST", headers, body }).catch(() => null);
  }
  live.removeAttribute("src");
  dialog.close();
}

// --- changing

function setDocument(doc) {
  now.doc = doc;
  now.marks = null;
  view.show(doc);
  show();
}

let lastKey = { handle: null, at: -Infinity };

/** Remember how it was; a run of key presses on one point is one step. */
function begin(handle) {
  const at = performance.now();
  const run = handle && handle === lastKey.handle && at - lastKey.at < 1000;
  lastKey = { handle, at };
  if (!run && !now.marks) now.undo.push(copy(now.doc));
}

function changed(handle) {
  tell(handle);
  complain("");
  show();
}

function tell(handle) {
  const line = byId("now");
  line.hidden = false;
  const at = now.marks ? handle.at : place(now.doc, handle);
  const size = handle.part === "iris_r" ? now.doc[handle.owner].iris_r.toFixed(1) : null;
  line.textContent = `${handle.name ?? nameOf(handle)} · ${size ?? at.map((v) => v.toFixed(1)).join(", ")}`;
}

function undo() {
  if (!now.undo.length) return;
  lastKey.handle = null;
  complain("");
  setDocument(now.undo.pop());
  byId("now").hidden = true;
}

function replaceBy(doc) {
  if (now.doc) now.undo.push(copy(now.doc));
  setDocument(copy(doc));
  view.fit();
}

// --- two clicks on the pupils

function startPupils() {
  const [width, height] = view.size;
  const places = now.doc
    ? [now.doc.eye_l.iris, now.doc.eye_r.iris]
    : [[0.4 * width, 0.42 * height], [0.6 * width, 0.42 * height]];
  now.marks = places.map((at, i) => ({
    id: `pupil${i}`,
    group: "pupil",
    name: t(`point_pupil_${i}`),
    at: [...at],
    set: false,
  }));
  view.show(now.doc, now.marks);
  view.fit();
  show();
}

function clicked(at) {
  const mark = now.marks?.find((each) => !each.set);
  if (!mark) return;
  Object.assign(mark, { at: at.map((v) => Math.round(v * 10) / 10), set: true });
  view.draw();
  show();
  if (now.marks.every((each) => each.set)) placePupils();
}

async function placePupils() {
  const [left, right] = now.marks.map((mark) => mark.at);
  const body = { left, right };
  const told = await during(t("points_placing"), () => ask("POST", "/pupils", body));
  if (told) replaceBy(told.landmarks);
  else now.marks.forEach((mark) => (mark.set = false));
  view.draw();
  show();
}

// --- trying and keeping

async function attempt() {
  const told = await during(t("points_trying"), () => ask("POST", "/try", now.doc));
  if (!told) return;
  now.tried = true;
  byId("state").textContent = t("points_tried");
}

async function save() {
  const told = await during(t("points_saving"), () => ask("PUT", "", now.doc));
  if (!told) return;
  now.result = told;
  // On stage it is drawn from the file by now; another photo goes back to what was there.
  if (now.before === now.photo.name) now.tried = false;
  close();
}

async function forget() {
  if (!(await during(t("points_looking"), () => ask("DELETE")))) return;
  const told = await during(t("points_looking"), () => ask("GET"));
  if (!told) return;
  now.tried &&= now.before !== now.photo.name;
  take(told);
}

async function anew() {
  const told = await during(t("points_looking"), () => ask("GET", "?anew=yes"));
  if (!told) return;
  if (told.landmarks) replaceBy(told.landmarks);
  else complain(told.problem);
}

// --- what the page shows of it

function show() {
  if (!now) return;
  const busy = dialog.classList.contains("busy");
  const off = (id, value) => (byId(id).disabled = busy || value);
  const marking = Boolean(now.marks);
  off("undo", !now.undo.length && !(marking && now.doc));
  off("reset", !dirty() || marking || !now.kept);
  off("pupils", false);
  off("anew", marking);
  off("try", marking || !now.doc);
  off("save", marking || !dirty());
  byId("forget").hidden = now.source !== "yours";
  off("forget", false);
  byId("groups").toggleAttribute("inert", marking || !now.doc);
  byId("flags").disabled = busy || marking || !now.doc;
  for (const box of flags) {
    const flag = box.dataset.flag;
    box.checked = Boolean(now.doc) && (flag === "closed" ? closed(now.doc) : now.doc.flags[flag]);
  }
  byId("source").textContent = t(`points_source_${now.source}`);
  byId("pupils").textContent = t(marking ? "points_place" : "points_pupils");
  byId("hint").textContent = t(marking ? "points_hint_pupils" : "points_hint");
}

function words() {
  if (!now) return;
  byId("title").textContent = t("points_title", { name: now.label });
  show();
}

function key(event) {
  // The page's own keys (expressions, privacy) rest while the editor is open.
  event.stopPropagation();
  if (event.type === "keyup") return;
  if ((event.ctrlKey || event.metaKey) && event.code === "KeyZ") {
    event.preventDefault();
    undoOrLeavePupils();
  } else if (event.key === "Enter" && now.marks && event.target.dataset.id) {
    placePupils();
  } else if (!event.ctrlKey && !event.metaKey && (event.key === "+" || event.key === "-")) {
    view.zoom(event.key === "+" ? 1.25 : 0.8);
  }
}

function undoOrLeavePupils() {
  if (now.marks) {
    if (now.doc) setDocument(now.doc);
  } else {
    undo();
  }
}

export function startLandmarks() {
  const on = (id, act) => byId(id).addEventListener("click", act);
  on("close", leave);
  on("discard", close);
  on("stay", stay);
  on("undo", undoOrLeavePupils);
  on("reset", () => replaceBy(now.kept));
  on("pupils", () => (now.marks ? placePupils() : startPupils()));
  on("anew", anew);
  on("forget", forget);
  on("try", attempt);
  on("save", save);
  on("in", () => view.zoom(1.4));
  on("out", () => view.zoom(1 / 1.4));
  on("fit", () => view.fit());
  for (const box of flags) {
    box.addEventListener("change", () => {
      begin();
      if (box.dataset.flag === "closed") setClosed(now.doc, box.checked);
      else now.doc.flags[box.dataset.flag] = box.checked;
      complain("");
      view.draw();
      show();
    });
  }
  segments(byId("groups"), (group) => {
    press(byId("groups"), group);
    view.setGroup(group || null);
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });
  for (const name of ["keydown", "keyup"]) dialog.addEventListener(name, key);
  onLanguage(words);
}
