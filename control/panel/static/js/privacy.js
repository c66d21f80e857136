// The privacy switch: a calm picture in the place of the face, for everybody who watches.

import { send } from "./api.js";
import { onState, state } from "./live.js";
import { t } from "./words.js";

const button = document.getElementById("privacy");
const words = document.getElementById("privacy-words");
const badge = document.getElementById("privacy-badge");
const screen = document.getElementById("screen");

export const togglePrivacy = () => send("PUT", "/privacy", { privacy: !state?.privacy });

export function startPrivacy() {
  button.addEventListener("click", togglePrivacy);
  onState(({ privacy }) => {
    button.setAttribute("aria-pressed", String(privacy));
    words.dataset.t = privacy ? "privacy_off" : "privacy_on";
    words.textContent = t(words.dataset.t);
    badge.hidden = !privacy;
    screen.classList.toggle("private", privacy);
  });
}
