// The control page: starts its parts, and listens to the keyboard.

import { startEditor } from "./editor.js";
import { startBadge } from "./badge.js";
import { startChoices } from "./choices.js";
import { startFace } from "./face.js";
import { startHelp } from "./help.js";
import { startLandmarks } from "./landmarks.js";
import { startLive } from "./live.js";
import { startMonitor } from "./monitor.js";
import { startPhotos } from "./photos.js";
import { key, letGo, startPresets, stopAll } from "./presets.js";
import { startPreview, toggleMirror, togglePause } from "./preview.js";
import { startPrivacy, togglePrivacy } from "./privacy.js";
import { startSay } from "./say.js";
import { startStatus } from "./status.js";
import { startStream } from "./stream.js";
import { startTabs } from "./tabs.js";
import { startView } from "./view.js";
import { startWeights } from "./weights.js";
import { startLanguage } from "./words.js";

const KEYS = { Escape: stopAll, p: togglePause, m: toggleMirror, b: togglePrivacy };

/** Whether keys belong to a field that takes text. Sliders keep the letters and digits free. */
const typing = (target) =>
  target.matches?.("textarea, select, [contenteditable], input:not([type=range], [type=checkbox])");

function listen(event, isDown) {
  const meant = !(event.ctrlKey || event.altKey || event.metaKey || event.repeat);
  // What a key began ends with it, wherever the focus has gone meanwhile.
  if (isDown && (!meant || typing(event.target))) return;
  // By place, not by sign: a Korean or French layout has other signs on the same keys.
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (digit) return key(Number(digit[1]), isDown);
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase() ?? event.key;
  if (isDown) KEYS[letter]?.();
}

for (const element of document.querySelectorAll("[data-url]")) {
  element.textContent = new URL(element.dataset.url, location.href);
}
document.addEventListener("keydown", (event) => listen(event, true));
document.addEventListener("keyup", (event) => listen(event, false));
addEventListener("blur", letGo); // its keys come up somewhere else

await startLanguage();
startTabs();
startStatus();
startPreview();
startPresets();
startSay();
startFace();
startPrivacy();
startPhotos();
startLandmarks();
startView();
startBadge();
startChoices();
startStream();
startWeights();
startHelp();
startEditor();
startMonitor();
startLive();
