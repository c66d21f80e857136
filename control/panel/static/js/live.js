// What is live, from the stream's events. A hidden page lets go of its connection.

import { language, onLanguage } from "./words.js";

const stateListeners = [];
const faceListeners = [];
const lostListeners = [];
let source = null;

export let state = null;
export let face = {};

export function onState(draw) {
  stateListeners.push(draw);
  if (state) draw(state);
}
export const onFace = (draw) => faceListeners.push(draw);
export const onLost = (draw) => lostListeners.push(draw);

/** Draw everything that depends on the state once more. */
export function drawAgain() {
  if (state) stateListeners.forEach((draw) => draw(state));
}

function open() {
  if (source) return;
  source = new EventSource(`/events?lang=${language}`);
  source.addEventListener("state", (event) => {
    state = JSON.parse(event.data);
    lostListeners.forEach((draw) => draw(false));
    stateListeners.forEach((draw) => draw(state));
  });
  source.addEventListener("face", (event) => {
    face = JSON.parse(event.data);
    faceListeners.forEach((draw) => draw(face));
  });
  source.addEventListener("error", () => {
    lostListeners.forEach((draw) => draw(true));
    if (source?.readyState === EventSource.CLOSED) {
      // Told to come back later (503), or not at all: browsers give up then, we do not.
      source = null;
      setTimeout(again, 2000);
    }
  });
}

async function again() {
  if (document.hidden) return;
  const answer = await fetch("/health", { method: "HEAD" }).catch(() => null);
  if (answer?.status === 401) return location.reload(); // the token has changed
  if (!document.hidden) open();
}

export function startLive() {
  onLanguage(() => {
    if (!source) return;
    source.close(); // its sentences are in the language before
    source = null;
    open();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else {
      open();
    }
  });
  if (!document.hidden) open();
}
