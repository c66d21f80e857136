// The live picture: shown while the page is; mirrored here alone if wished; frozen for all.

import { send } from "./api.js";
import { onLost, onState, state } from "./live.js";
import { recall, remember, setLabel, t } from "./words.js";

const picture = document.getElementById("preview");
const note = document.getElementById("screen-note");
const mirror = document.getElementById("mirror");
const mirrorNote = document.getElementById("mirror-note");
const pause = document.getElementById("pause");
let retry = 0;
let lost = false;

function watch() {
  clearTimeout(retry);
  if (document.hidden) return;
  // A browser that has seen the stream end would show its last picture from memory.
  picture.src = `/preview.mjpg?at=${Date.now()}`;
}

function lookAway() {
  clearTimeout(retry);
  picture.removeAttribute("src");
}

function setMirrored(mirrored) {
  picture.classList.toggle("mirrored", mirrored);
  mirror.setAttribute("aria-pressed", String(mirrored));
  mirrorNote.dataset.t = mirrored ? "preview_mirrored" : "preview_as_others";
  mirrorNote.textContent = t(mirrorNote.dataset.t);
  remember("mirrored", mirrored ? "yes" : "no");
}

export const toggleMirror = () => setMirrored(!picture.classList.contains("mirrored"));
export const togglePause = () => send("PUT", "/pause", { paused: !state?.paused });

export function startPreview() {
  picture.addEventListener("load", () => {
    picture.hidden = false;
    note.hidden = true;
  });
  picture.addEventListener("error", () => {
    if (!picture.hasAttribute("src")) return;
    picture.hidden = true;
    note.hidden = false;
    retry = setTimeout(watch, 1500);
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? lookAway() : watch()));
  mirror.addEventListener("click", toggleMirror);
  pause.addEventListener("click", togglePause);
  // A stream that was stopped may end its picture without an error, and leave the last one standing.
  onLost((isLost) => {
    if (lost && !isLost) watch();
    lost = isLost;
  });
  setMirrored(recall("mirrored") === "yes");
  onState(({ paused }) => {
    document.getElementById("frozen").hidden = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    const key = paused ? "unfreeze" : "freeze";
    if (pause.dataset.l !== key) setLabel(pause, key);
  });
  watch();
}
