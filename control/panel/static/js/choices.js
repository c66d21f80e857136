// Camera, size, rate and engine: what is really in use, what else there is, and why not.

import { make, send } from "./api.js";
import { onState, state } from "./live.js";
import { press, segments } from "./ranges.js";
import { command } from "./status.js";
import { has, onLanguage, t } from "./words.js";

const DOTS = { attached: "good", waiting: "warn", closed: "bad" };
const panel = document.getElementById("panel-choices");
const camera = document.getElementById("camera-choice");
const size = document.getElementById("size-choice");
const own = document.getElementById("size-own");
const rates = document.getElementById("rate-choice");
const engine = document.getElementById("engine-choice");
const device = document.getElementById("device-choice");
const speed = document.getElementById("speed-choice");
const OWN = "own";
const listeners = [];
let told = null; // the answer of GET /choices
let drawnFor = "";

const choose = (route, body, problem) => async () => {
  const box = document.getElementById(problem);
  box.hidden = true;
  showBusy(true);
  const refused = (text) => {
    box.textContent = text;
    box.hidden = false;
  };
  const answer = await send("PUT", route, body, refused);
  if (answer?.why) document.getElementById("engine-why").textContent = answer.why;
  showBusy(false);
  await load();
};
const output = (body) => choose("/output", body, "output-problem")();
const engineTo = (body) => choose("/engine", body, "engine-problem")();

function showBusy(busy) {
  const fields = panel.querySelectorAll("#card-camera, #card-engine");
  for (const card of fields) card.classList.toggle("busy", busy);
  for (const field of panel.querySelectorAll("fieldset")) field.disabled = busy;
  const what = state?.changing?.what;
  document.getElementById("output-busy").hidden = !busy || what === "engine";
  document.getElementById("engine-busy").hidden = !busy || what === "output";
}

function option(value, text) {
  return make("option", { value, textContent: text });
}

function drawOutput() {
  const { choices, cameras, sizes } = told;
  const known = cameras.flatMap(({ device, label }) => [device, label]);
  const options = [
    option("auto", t("camera_auto")),
    option("none", t("camera_none")),
    ...cameras.map(({ device, label }) => option(device, label ? `${label} (${device})` : device)),
  ];
  if (!["auto", "none", ...known].includes(choices.camera)) {
    options.push(option(choices.camera, t("camera_absent", { name: choices.camera })));
  }
  camera.replaceChildren(...options);
  const named = cameras.find(({ label }) => label === choices.camera);
  camera.value = named ? named.device : choices.camera;

  size.replaceChildren(
    ...sizes.map((text) => option(text, sizeName(text))),
    option(OWN, t("size_own")),
  );
  const listed = sizes.includes(choices.size);
  size.value = listed ? choices.size : OWN;
  own.hidden = listed;
  [own.elements.width.value, own.elements.height.value] = choices.size.split("x");

  const all = [...new Set([...told.rates, choices.fps])].sort((a, b) => a - b);
  rates.replaceChildren(...all.map((rate) => segment(rate, String(rate))));
  press(rates, String(choices.fps));
}

const sizeName = (text) => {
  const name = text.replace("x", " × ");
  return has(`size_${text}`) ? `${name} (${t(`size_${text}`)})` : name;
};

function segment(value, text) {
  const button = make("button", { type: "button", textContent: text });
  button.dataset.value = value;
  return button;
}

function drawEngine() {
  const { choices, engines, devices, speeds } = told;
  engine.replaceChildren(
    ...engines.map(({ name, usable }) => {
      const button = segment(name, t(`engine_choice_${name}`));
      button.disabled = !usable;
      return button;
    }),
  );
  press(engine, choices.engine);
  const neural = engines.find(({ name }) => name === "liveportrait");
  const lacking = neural.needs.filter(({ ok }) => !ok);
  const box = document.getElementById("engine-needs");
  box.hidden = lacking.length === 0;
  const slow = lacking.every(({ subject }) => subject === "accelerator");
  box.querySelector("ul").replaceChildren(...lacking.map((one) => need(one, slow)));
  const title = box.querySelector("p");
  title.dataset.t = slow ? "needs_slow" : "needs_missing";
  title.textContent = t(title.dataset.t);

  const running = state?.engine?.name === "liveportrait" || choices.engine === "liveportrait";
  document.getElementById("neural-rows").hidden = !running;
  device.replaceChildren(...devices.map((name) => segment(name, t(`device_${name}`))));
  press(device, choices.device);
  speed.replaceChildren(...speeds.map((name) => segment(name, t(`speed_${name}`))));
  press(speed, choices.speed);
}

/** One thing that is missing, and what to type; model files have their own button below. */
function need({ subject, found, fix }, slow) {
  const item = make("li");
  item.append(make("strong", { textContent: t(`need_${subject}`) }));
  if (subject === "weights") item.append(make("small", { textContent: t("need_weights_below") }));
  if (subject === "torch") {
    item.append(make("small", { textContent: found }));
    if (fix) item.append(command(fix));
  }
  if (subject === "accelerator" && slow) {
    item.append(make("small", { textContent: t("need_accelerator_cpu") }), command(fix));
  }
  return item;
}

function showNow(now) {
  const { camera, engine, size, fps_target } = now;
  const dot = document.getElementById("camera-dot");
  dot.className = `dot ${DOTS[camera.status] ?? ""}`;
  const parts = [t(`camera_${camera.status}`)];
  if (camera.status === "attached") {
    parts.push(camera.label || camera.device, `${camera.width} × ${camera.height}`);
    if (camera.native_format) parts.push(camera.native_format);
  }
  document.getElementById("camera-now").textContent = parts.join(" · ");
  const note = document.getElementById("camera-note");
  note.textContent = has(`reason_${camera.reason}`) ? t(`reason_${camera.reason}`) : "";
  note.hidden = !note.textContent;

  const name = engine ? t(`engine_${engine.name}`) : "—";
  const where = engine ? (engine.device === "cpu" ? "CPU" : engine.device) : "";
  document.getElementById("engine-now").textContent = [name, where].filter(Boolean).join(" · ");
  const list = document.getElementById("engine-parts");
  const rows = Object.entries(engine?.parts ?? {});
  const key = JSON.stringify(rows);
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(
      ...rows.flatMap(([part, on]) => [
        make("dt", { textContent: has(`part_${part}`) ? t(`part_${part}`) : part }),
        make("dd", { textContent: on }),
      ]),
    );
  }
  list.hidden = rows.length === 0;

  // Another page, a script or the download may have changed what there is to choose from.
  const key2 = [size, fps_target, engine?.name, engine?.device, camera.status, now.weights?.status].join();
  showBusy(Boolean(now.changing));
  if (!panel.hidden && drawnFor !== key2 && !now.changing) {
    drawnFor = key2;
    load();
  }
}

/** Ask what there is to choose from, and draw it. */
async function load() {
  const answer = await send("GET", "/choices");
  if (!answer) return;
  told = answer;
  document.getElementById("remembered").hidden = !told.remembered;
  draw();
  listeners.forEach((listener) => listener());
}

/** Whether the neural engine can draw a live picture here. */
export const neuralUsable = () =>
  Boolean(told?.engines.find(({ name }) => name === "liveportrait").usable);
export const onTold = (listener) => listeners.push(listener);

function draw() {
  if (!told) return;
  // A list that is open, or a number that is being typed, stays as it is.
  if (!panel.contains(document.activeElement) || !document.activeElement.matches("input")) drawOutput();
  drawEngine();
}

export const useEngine = (name) => engineTo({ engine: name, device: "auto" });

export function startChoices() {
  camera.addEventListener("change", () => output({ camera: camera.value }));
  size.addEventListener("change", () => {
    own.hidden = size.value !== OWN;
    if (size.value === OWN) own.elements.width.focus();
    else output({ size: size.value });
  });
  own.addEventListener("submit", (event) => {
    event.preventDefault();
    document.activeElement.blur();
    output({ size: `${own.elements.width.value}x${own.elements.height.value}` });
  });
  segments(rates, (rate) => output({ fps: Number(rate) }));
  segments(engine, (name) => engineTo({ engine: name }));
  segments(device, (name) => engineTo({ engine: told.choices.engine, device: name }));
  segments(speed, (name) => engineTo({ engine: told.choices.engine, speed: name }));
  document.getElementById("tab-choices").addEventListener("click", load);
  onState(showNow);
  onLanguage(() => {
    draw();
    if (state) showNow(state);
  });
}
