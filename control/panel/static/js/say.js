// Say a text: the mouth follows its letters; the page's strength goes with it.

import { send } from "./api.js";
import { onState } from "./live.js";
import { onLanguage, t } from "./words.js";

const form = document.getElementById("say-form");
const text = document.getElementById("say-text");
const button = form.querySelector("button");
const strength = document.getElementById("strength");

/** While it speaks and nothing new was typed, the button stops it. */
let said = null;
let speaking = false;

function draw() {
  button.dataset.t = speaking && text.value === said ? "say_stop" : "say_button";
  button.textContent = t(button.dataset.t);
}

async function submit(event) {
  event.preventDefault();
  if (button.dataset.t === "say_stop") {
    await send("POST", "/say", { text: "" });
    return;
  }
  if (!text.value.trim()) return text.focus();
  said = text.value;
  await send("POST", "/say", { text: said, strength: Number(strength.value) });
}

export function startSay() {
  form.addEventListener("submit", submit);
  text.addEventListener("input", draw);
  onLanguage(() => {
    text.placeholder = t("say_example");
    draw();
  });
  onState(({ playing }) => {
    speaking = playing.includes("say");
    draw();
  });
}
