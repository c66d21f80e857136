// Camera, engine and rate in the header; what needs the operator's attention above the picture.

import { make } from "./api.js";
import { onLost, onState, state } from "./live.js";
import { streamReason } from "./stream.js";
import { has, language, onLanguage, t } from "./words.js";

const notices = document.getElementById("notices");
const CAMERA_DOT = { attached: "good", waiting: "warn", closed: "bad", off: "" };
let lost = false;
let shown = null;
let dismissed = "";

function chip(id, text, title = "") {
  const element = document.getElementById(id);
  element.querySelector("span").textContent = text;
  element.title = title;
  return element;
}

function showChips({ camera, engine, fps, late }) {
  const words = t(`camera_${camera.status}`);
  const name = camera.status === "attached" ? camera.label || camera.device : "";
  const dot = chip("chip-camera", name ? `${words} · ${name}` : words, camera.device ?? "").firstChild;
  dot.className = `dot ${CAMERA_DOT[camera.status] ?? ""}`;
  const engineName = engine ? t(`engine_${engine.name}`) : "";
  const device = engine?.device === "cpu" ? "CPU" : engine?.device;
  chip("chip-engine", engine ? `${engineName} · ${device}` : "", engine?.backend ?? "");
  const lateWords = late ? t("late", { n: late }) : t("late_none");
  chip("chip-fps", `${Number(fps).toFixed(1)} fps · ${lateWords}`, t("fps"));
}

/** A notice; what stands between backticks is a command to copy, the rest is behind "More". */
export function notice({ title, text, kind, dismiss }) {
  const box = make("div", { className: `notice ${kind}` });
  const head = make("header");
  const rest = make("div", { className: "rest", hidden: true });
  let commands = 0;
  text.split("`").forEach((part, i) => {
    const target = commands ? rest : box;
    if (i % 2) {
      target.append(command(part));
      commands += 1;
    } else if (part.replace(/^[\s.,;()]+/, "")) {
      target.append(make("p", { textContent: part.replace(/^[\s.,;]+/, "").trim() }));
    }
  });
  if (title) head.append(make("strong", { textContent: title }));
  if (rest.childElementCount) {
    const more = make("button", { type: "button", className: "button quiet", textContent: t("more") });
    more.setAttribute("aria-expanded", "false");
    more.addEventListener("click", () => {
      rest.hidden = !rest.hidden;
      more.textContent = t(rest.hidden ? "more" : "less");
      more.setAttribute("aria-expanded", String(!rest.hidden));
    });
    head.append(more);
    box.append(rest);
  }
  if (dismiss) {
    const close = make("button", { type: "button", className: "icon-button", textContent: "×" });
    close.setAttribute("aria-label", t("close"));
    close.addEventListener("click", dismiss);
    head.append(close);
  }
  if (head.childElementCount) box.prepend(head);
  return box;
}

/** A line to type, with a button that copies it. */
export function command(text) {
  const line = make("div", { className: "command" });
  const copy = make("button", { type: "button", className: "button small", textContent: t("copy") });
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = t("copied");
    setTimeout(() => (copy.textContent = t("copy")), 1500);
  });
  line.append(make("code", { textContent: text }), copy);
  return line;
}

function showNotices() {
  const wanted = [];
  if (lost) wanted.push({ title: "", text: t("lost"), kind: "bad" });
  if (state) {
    const { camera, problems } = state;
    if (camera.message && camera.message !== dismissed) {
      const dismiss = () => {
        dismissed = camera.message;
        showNotices();
      };
      // The title says the essence; the stream's own words have what to type.
      const title = has(`reason_${camera.reason}`) ? t(`reason_${camera.reason}`) : t("camera_help");
      wanted.push({ title, text: camera.message, kind: "", dismiss });
    }
    for (const text of problems ?? []) {
      if (text === camera.message) continue;
      const title = text === state.stream?.message ? streamReason(state.stream) : "";
      wanted.push({ title, text, kind: "bad" });
    }
  }
  const key = JSON.stringify([language, wanted]);
  if (key === shown) return; // the screen reader speaks only what is new
  shown = key;
  notices.replaceChildren(...wanted.map(notice));
  notices.hidden = wanted.length === 0;
}

export function startStatus() {
  onState((now) => {
    showChips(now);
    showNotices();
  });
  onLost((isLost) => {
    lost = isLost;
    showNotices();
  });
  onLanguage(() => {
    if (state) showChips(state);
    showNotices();
  });
}
