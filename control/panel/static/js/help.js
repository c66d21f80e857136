// Where to find the camera in meeting programs, and what to do when it is not in their list.

import { onState, state } from "./live.js";
import { notice } from "./status.js";
import { onLanguage, t } from "./words.js";

const name = document.getElementById("help-name");
const advice = document.getElementById("help-advice");
let shown = null;

function show() {
  if (!state) return;
  const { camera } = state;
  const attached = camera.status === "attached";
  const key = JSON.stringify([document.documentElement.lang, camera]);
  if (key === shown) return;
  shown = key;
  name.textContent = attached
    ? t("help_name_now", { name: camera.label || camera.device })
    : t("help_name");
  const parts = [];
  if (camera.message) parts.push(notice({ title: t("help_advice"), text: camera.message, kind: "" }));
  advice.replaceChildren(...parts);
  document.getElementById("help-attached").hidden = !attached;
  document.getElementById("help-off").hidden = camera.status !== "off";
}

export function startHelp() {
  onState(show);
  onLanguage(show);
}
