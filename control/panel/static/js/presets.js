// The expressions: big buttons and number keys; press and hold for those that hold.

import { make, send } from "./api.js";
import { onState, state } from "./live.js";
import { percent, place } from "./ranges.js";
import { onLanguage, pick, t } from "./words.js";

const box = document.getElementById("presets");
const now = document.getElementById("now");
const stop = document.getElementById("stop");
const strength = document.getElementById("strength");
let presets = [];
let photos = [];
let drawnFor = null;

// One after the other: a release must never overtake its press on another connection.
let queue = Promise.resolve();
const act = (path, body) => (queue = queue.then(() => send("POST", path, body)));

const named = (name) => presets.find((preset) => preset.name === name);
const button = (name) => box.querySelector(`[data-name="${CSS.escape(name)}"]`);

function down(preset) {
  const element = button(preset.name);
  if (!element || element.disabled) return;
  element.classList.add("down");
  if (preset.mode === "loop" && state?.playing.includes(preset.name)) {
    act(`/release/${preset.name}`);
  } else {
    act(`/trigger/${preset.name}`, { strength: Number(strength.value) });
  }
}

function up(preset) {
  const element = button(preset.name);
  if (!element?.classList.contains("down")) return;
  element.classList.remove("down");
  if (preset.mode === "hold") act(`/release/${preset.name}`);
}

/** Number key n: press or let go. */
export function key(n, isDown) {
  const preset = presets[n - 1];
  if (preset) (isDown ? down : up)(preset);
}

/** Let go of everything that a finger or a key is on. */
export const letGo = () => presets.forEach(up);

export const stopAll = () => act("/stop");

function draw() {
  box.replaceChildren(
    ...presets.map((preset, i) => {
      const element = make("button", { type: "button", className: "preset" });
      element.dataset.name = preset.name;
      element.append(
        make("span", { className: "emoji", textContent: preset.emoji, ariaHidden: "true" }),
        make("span", { textContent: pick(preset.label) }),
      );
      if (preset.mode !== "once") {
        element.append(make("span", { className: "mode", textContent: t(`mode_${preset.mode}`) }));
      }
      if (i < 9) {
        element.append(make("kbd", { textContent: i + 1, ariaHidden: "true" }));
        element.setAttribute("aria-keyshortcuts", String(i + 1));
      }
      let byPointer = false;
      element.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        element.setPointerCapture(event.pointerId);
        byPointer = true;
        down(preset);
      });
      for (const name of ["pointerup", "pointercancel"]) {
        element.addEventListener(name, () => up(preset));
      }
      element.addEventListener("blur", () => up(preset));
      element.addEventListener("keydown", (event) => {
        if (!event.repeat && (event.key === "Enter" || event.key === " ")) {
          event.preventDefault();
          down(preset);
        }
      });
      element.addEventListener("keyup", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault(); // or Firefox makes a click of it
        up(preset);
      });
      // A click without a pointer or key before it comes from a screen reader: one click holds,
      // the next lets go.
      element.addEventListener("click", () => {
        if (!byPointer) {
          if (preset.mode === "hold" && state?.playing.includes(preset.name)) {
            act(`/release/${preset.name}`);
          } else {
            down(preset);
            element.classList.remove("down");
          }
        }
        byPointer = false;
      });
      element.addEventListener("contextmenu", (event) => event.preventDefault());
      return element;
    }),
  );
  if (!presets.length) box.append(make("p", { className: "empty", textContent: t("no_expressions") }));
  if (state) show(state);
}

/** A person who lives and was not asked is not made to speak. */
function mayPlay(preset) {
  const photo = photos.find((entry) => entry.name === state?.photo);
  return !photo || photo.may_speak || !preset?.speaks;
}

function show({ playing, presets_id }) {
  if (presets_id !== drawnFor) {
    drawnFor = presets_id;
    load();
  }
  for (const element of box.querySelectorAll(".preset")) {
    element.classList.toggle("playing", playing.includes(element.dataset.name));
    const may = mayPlay(named(element.dataset.name));
    element.disabled = !may;
    element.title = may ? "" : t("not_for_this_photo");
  }
  stop.disabled = playing.length === 0;
  const text = playing.join("\n");
  if (now.dataset.text !== `${text}/${document.documentElement.lang}`) {
    now.dataset.text = `${text}/${document.documentElement.lang}`;
    now.replaceChildren(
      ...playing.map((name) => {
        const preset = named(name);
        const chip = make("b");
        if (preset) chip.append(make("i", { className: "emoji", textContent: preset.emoji }), " ");
        chip.append(preset ? pick(preset.label) : name === "say" ? t("say") : name);
        return chip;
      }),
    );
    if (!playing.length) now.append(t("nothing_plays"));
  }
}

async function load() {
  const answer = await send("GET", "/expressions");
  if (!answer) return;
  presets = answer.expressions;
  draw();
}

/** The photos, for who may speak. */
export function setPhotos(list) {
  photos = list;
  if (state) show(state);
}

export function startPresets() {
  stop.addEventListener("click", stopAll);
  strength.addEventListener("input", () => {
    place(strength, strength.value);
    document.getElementById("strength-value").textContent = percent(strength.value);
  });
  place(strength, 1);
  onState(show);
  onLanguage(draw);
}
