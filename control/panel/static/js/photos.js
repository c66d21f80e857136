// The portraits: switched by a click; added by drop, paste or file; described and deleted.

import { inLanguage, make, send, toast } from "./api.js";
import { editPoints } from "./landmarks.js";
import { onState, state } from "./live.js";
import { setPhotos } from "./presets.js";
import { language, onLanguage, pick, t } from "./words.js";

const ICONS = {
  points: "M4 13c2-4 5-6 8-6s6 2 8 6c-2 4-5 6-8 6s-6-2-8-6zM12 10.5v5M9.5 13h5",
  about: "M12 7.5a3 3 0 1 0 .01 0zM6 19c.6-3.6 3-5 6-5s5.4 1.4 6 5",
  remove: "M5 7h14M10 7V4.5h4V7M7 7l.8 12h8.4L17 7M10.5 10.5v5M13.5 10.5v5",
};
const box = document.getElementById("photos");
const credit = document.getElementById("credit");
const answers = document.getElementById("photo-answers");
const fileInput = document.getElementById("photo-file");
const cover = document.getElementById("photo-drop");
let photos = [];
let limits = { bytes: Infinity };
let busy = null;
let shownFor = null;

const labelOf = (photo) => pick(photo.label) || photo.name;
const where = (photo) => `/photos/${encodeURIComponent(photo.name)}`;

/** Ask for something whose refusal is shown in its place instead of in a corner. */
async function ask(method, path, body) {
  try {
    const file = body instanceof Blob;
    const headers = file ? {} : { "Content-Type": "application/json" };
    const answer = await fetch(path, { method, headers: inLanguage(headers), body: file ? body : JSON.stringify(body) });
    const data = await answer.json().catch(() => ({}));
    return { ok: answer.ok, status: answer.status, ...data };
  } catch {
    return { ok: false, detail: t("lost") };
  }
}

async function change(photo) {
  busy = photo.name;
  show();
  const answer = await ask("POST", "/photos", { name: photo.name });
  busy = null;
  show();
  if (answer.ok) return;
  if (answer.code !== "no-face") return toast(answer.detail);
  const mark = () => {
    card.remove();
    correct(photo);
  };
  const title = t("photo_not_shown", { name: labelOf(photo) });
  const row = buttons([t("photo_mark"), mark]);
  const card = put(answerCard("bad", title, sentence(t("photo_no_face")), row));
}

// --- the list

function icon(name) {
  const svg = document.createElementNS(document.querySelector("svg").namespaceURI, "svg");
  const path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function tool(name, label, act) {
  const button = make("button", { type: "button", className: `tool tool-${name}`, title: label });
  button.setAttribute("aria-label", label);
  button.append(icon(name));
  button.addEventListener("click", act);
  return button;
}

function draw() {
  const items = photos.map((photo) => {
    const item = make("li", { className: "photo-item" });
    const button = make("button", { type: "button", className: "photo" });
    button.dataset.name = photo.name;
    button.append(
      make("img", { src: photo.thumbnail, alt: "", loading: "lazy" }),
      make("span", { textContent: labelOf(photo) }),
      make("span", { className: "tag" }),
    );
    button.addEventListener("click", () => change(photo));
    const name = { name: labelOf(photo) };
    const tools = make("div", { className: "photo-tools" });
    tools.append(tool("points", t("photo_points", name), () => correct(photo)));
    if (photo.own) {
      tools.append(
        tool("about", t("photo_about", name), () => describe(photo)),
        tool("remove", t("photo_delete", name), () => confirmDelete(photo)),
      );
    }
    item.append(button, tools);
    return item;
  });
  const add = make("button", { type: "button", className: "photo add", id: "photo-add" });
  add.append(
    make("span", { className: "plus", textContent: "+", ariaHidden: "true" }),
    make("span", { textContent: t("photo_add") }),
  );
  add.addEventListener("click", () => fileInput.click());
  const last = make("li");
  last.append(add);
  box.replaceChildren(...items, last);
  show();
}

function show() {
  for (const button of box.querySelectorAll(".photo[data-name]")) {
    const photo = photos.find((entry) => entry.name === button.dataset.name);
    const current = photo.name === state?.photo;
    button.setAttribute("aria-pressed", String(current));
    button.classList.toggle("busy", busy === photo.name);
    const tags = [];
    if (busy === photo.name) tags.push(t("photo_changing"));
    else if (current) tags.push(t("photo_current"));
    if (photo.demo) tags.push(t("photo_demo"));
    else if (!photo.may_speak) tags.push(t("photo_silent"));
    button.querySelector(".tag").textContent = tags.join(" · ");
  }
  const current = photos.find((entry) => entry.name === state?.photo);
  const agreed = current?.consent && t("photo_consent", { words: current.consent });
  credit.textContent = current ? [current.credit, agreed].filter(Boolean).join(" · ") : "";
  document.getElementById("demo").hidden = !current?.demo;
}

async function load() {
  const answer = await send("GET", "/photos");
  if (!answer) return;
  ({ photos, limits } = answer);
  setPhotos(photos);
  draw();
}

// --- adding

/** A card below the list: a title, sentences, buttons. */
function answerCard(kind, title, ...parts) {
  const card = make("div", { className: `answer ${kind}` });
  const words = make("div", { className: "answer-words" });
  const close = make("button", { type: "button", className: "icon-button", textContent: "×" });
  close.setAttribute("aria-label", t("close"));
  close.addEventListener("click", () => card.remove());
  words.append(make("strong", { textContent: title }), ...parts.filter(Boolean));
  card.append(words, close);
  return card;
}

function put(card) {
  answers.append(card);
  card.scrollIntoView({ block: "nearest" });
  return card;
}

const sentence = (text) => make("p", { textContent: text });

function buttons(...list) {
  const row = make("div", { className: "answer-buttons" });
  for (const [text, act, kind = ""] of list) {
    const button = make("button", { type: "button", className: `button ${kind}`, textContent: text });
    button.addEventListener("click", act);
    row.append(button);
  }
  return row;
}

async function add(file, byHand = false) {
  const name = file.name || "photo";
  const waiting = put(answerCard("waiting", t("photo_adding", { name })));
  const tooLarge = file.size > limits.bytes;
  const path = `/photos/${encodeURIComponent(name)}${byHand ? "?face=by-hand" : ""}`;
  const answer = tooLarge ? { ok: false, status: 413 } : await ask("PUT", path, file);
  if (answer.ok) {
    await load();
    const photo = answer.photo;
    waiting.replaceWith(byHand ? "" : added(photo));
    if (byHand) correct(photo);
    return;
  }
  const parts = [];
  if (answer.status === 413) {
    const mb = (bytes) => Math.round(bytes / 2 ** 20);
    parts.push(sentence(t("photo_too_large", { mb: mb(file.size), max: mb(limits.bytes) })));
  } else if (answer.code === "no-face") {
    parts.push(sentence(t("photo_no_face")));
    const mark = () => {
      refused.remove();
      add(file, true);
    };
    parts.push(buttons([t("photo_mark"), mark]));
  } else {
    parts.push(sentence(answer.detail ?? ""), sentence(t("photo_advice")));
  }
  const refused = answerCard("bad", t("photo_refused", { name }), ...parts);
  waiting.replaceWith(refused);
  refused.scrollIntoView({ block: "nearest" });
}

async function addAll(files) {
  document.getElementById("tab-portrait").click();
  for (const file of files) await add(file);
  fileInput.value = "";
}

function added(photo) {
  const card = answerCard(
    "good",
    t("photo_added", { name: labelOf(photo) }),
    aboutForm(photo, () => card.remove()),
  );
  const bar = buttons(
    [t("photo_show"), () => change(photo), "primary"],
    [t("photo_points_short"), () => correct(photo)],
  );
  card.querySelector("strong").after(bar);
  return card;
}

// --- correcting, describing and deleting

async function correct(photo) {
  const kept = await editPoints(photo, labelOf(photo));
  if (!kept) return;
  answers.replaceChildren();
  const aside = kept.aside ? sentence(t("points_aside", { path: kept.aside })) : null;
  const card = answerCard("good", t("points_kept", { name: labelOf(photo) }), aside);
  if (photo.name !== state?.photo) {
    const go = () => {
      card.remove();
      change(photo);
    };
    card.querySelector(".answer-words").append(buttons([t("photo_show"), go, "primary"]));
  }
  if (photo.own && !photo.consent) {
    // Also who marks the points by hand is asked who agreed.
    card.querySelector(".answer-words").append(aboutForm(photo, () => card.remove()));
  }
  put(card);
}

function aboutForm(photo, done) {
  const form = make("form", { className: "about" });
  const who = make("input", { type: "text", maxLength: 60, value: labelOf(photo) });
  const label = make("label", { className: "field" });
  label.append(make("span", { textContent: t("about_who") }), who);
  const agreed = make("input", { type: "text", maxLength: 200, value: photo.consent });
  agreed.placeholder = t("about_consent_example");
  const consent = make("label", { className: "field" });
  consent.append(make("span", { textContent: t("about_consent") }), agreed);
  const answers = make("div", { className: "answer-buttons consent" });
  for (const key of ["about_consent_me", "about_consent_with", "about_consent_nobody"]) {
    const words = t(key);
    const button = make("button", { type: "button", className: "button small", textContent: words });
    button.addEventListener("click", () => {
      // What ends in an ellipsis is to be completed.
      agreed.value = words.replace("…", "");
      agreed.focus();
    });
    answers.append(button);
  }
  const may = make("input", { type: "checkbox", checked: photo.may_speak });
  may.setAttribute("role", "switch");
  const speak = make("label", { className: "switch" });
  const words = make("span");
  words.append(
    make("span", { textContent: t("about_speak") }),
    make("small", { textContent: t("about_speak_hint") }),
  );
  const track = make("span", { className: "switch-track", ariaHidden: "true" });
  speak.append(may, track, words);
  const save = make("button", { className: "button", textContent: t("about_save") });
  const row = make("div", { className: "answer-buttons" });
  row.append(save);
  form.append(label, consent, answers, speak, row);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = who.value.trim();
    // One name for all languages, unless the other one has a name of its own.
    const label = { en: text, ko: text };
    for (const other of Object.keys(label)) {
      if (other !== language && photo.label.en !== photo.label.ko) label[other] = photo.label[other];
    }
    const changes = { may_speak: may.checked };
    if (agreed.value.trim() !== photo.consent) changes.consent = agreed.value.trim();
    if (text !== labelOf(photo)) changes.label = label;
    if (await send("PUT", `${where(photo)}/about`, changes)) {
      done();
      load();
    }
  });
  return form;
}

function describe(photo) {
  answers.replaceChildren();
  const card = answerCard("", labelOf(photo), aboutForm(photo, () => card.remove()));
  put(card).querySelector("input").focus();
}

function confirmDelete(photo) {
  const name = labelOf(photo);
  if (photo.name === state?.photo) return toast(t("photo_delete_live", { name }));
  answers.replaceChildren();
  const card = answerCard("", t("photo_delete_ask", { name }), sentence(t("photo_delete_what")));
  const remove = async () => {
    card.remove();
    if (await send("DELETE", where(photo))) load();
    document.getElementById("photo-add")?.focus();
  };
  const row = buttons(
    [t("photo_delete_yes"), remove, "danger"],
    [t("photo_delete_no"), () => card.remove()],
  );
  card.querySelector(".answer-words").append(row);
  put(card).querySelector(".button").focus();
}

// --- what is dragged or pasted onto the page

// A picture of the page itself, dragged, comes as a file, too.
let fromHere = false;
const hasFiles = (event) => !fromHere && event.dataTransfer?.types.includes("Files");
const pictures = (list) => [...list].filter((file) => !file.type || !/^(text|video|audio)/.test(file.type));

function watchDrops() {
  const away = () => (cover.hidden = true);
  addEventListener("dragstart", () => (fromHere = true));
  addEventListener("dragend", () => (fromHere = false));
  addEventListener("dragenter", (event) => hasFiles(event) && (cover.hidden = false));
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // or the browser would open the file instead of the page
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("dragleave", (event) => event.relatedTarget || away());
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    away();
    if (!document.querySelector("dialog[open]")) addAll(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    const files = pictures(event.clipboardData?.files ?? []);
    if (files.length && !document.querySelector("dialog[open]")) addAll(files);
  });
}

export function startPhotos() {
  fileInput.addEventListener("change", () => addAll([...fileInput.files]));
  watchDrops();
  onState((now) => {
    const wanted = `${now.photo}/${now.photos_id}`;
    if (wanted !== shownFor) {
      shownFor = wanted;
      load();
    }
  });
  document.getElementById("tab-portrait").addEventListener("click", load);
  onLanguage(draw);
}
