// The neural engine's model files: what is missing, and their download with its progress.

import { make, send } from "./api.js";
import { neuralUsable, onTold, useEngine } from "./choices.js";
import { onState, state } from "./live.js";
import { onLanguage, t } from "./words.js";

const RUNNING = ["checking", "fetching", "stopping"];
const card = document.getElementById("card-weights");
const list = document.getElementById("weights-files");
const bar = document.getElementById("weights-bar");
const start = document.getElementById("weights-start");
const stop = document.getElementById("weights-stop");
const use = document.getElementById("weights-use");
const commercial = document.getElementById("weights-commercial");
const problem = document.getElementById("weights-problem");
let files = [];
let ended = "";

const mb = (bytes) => {
  const value = bytes / 1e6;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} MB`;
};

function time(seconds) {
  if (seconds < 90) return t("seconds", { n: Math.max(1, Math.round(seconds)) });
  return t("minutes", { n: Math.round(seconds / 60) });
}

const wanted = () => files.filter((f) => !f.there && (f.commercial || !commercial.checked));
const needed = () => files.filter((f) => !f.there && !f.optional);

function draw() {
  list.replaceChildren(
    ...files.map((file) => {
      const item = make("li");
      item.append(
        make("i", { className: `dot ${file.there ? "good" : ""}`, ariaHidden: "true" }),
        make("code", { textContent: file.path.split("/").at(-1) }),
        make("span", { textContent: file.size ? mb(file.size) : "" }),
      );
      const notes = [t(file.there ? "weights_there" : "weights_missing")];
      if (file.optional) notes.push(t("weights_optional"));
      if (!file.commercial) notes.push(t("weights_research"));
      item.append(make("small", { textContent: notes.join(" · ") }));
      return item;
    }),
  );
  if (state) show(state);
}

function show({ weights, engine }) {
  card.hidden = !weights || (files.length === 0 && weights.status === "idle");
  if (!weights) return;
  const running = RUNNING.includes(weights.status);
  const missing = wanted();
  const bytes = missing.reduce((sum, file) => sum + (file.size ?? 0), 0);
  const complete = files.length > 0 && needed().length === 0;

  const summary = document.getElementById("weights-summary");
  if (running) summary.textContent = t(`weights_${weights.status}`);
  else if (complete) summary.textContent = t("weights_complete");
  else summary.textContent = t("weights_lacking", { n: missing.length, size: mb(bytes) });

  start.hidden = running || missing.length === 0;
  start.textContent =
    weights.status === "stopped" || weights.status === "failed"
      ? t("weights_go_on")
      : t("weights_start", { size: mb(bytes) });
  stop.hidden = !running;
  stop.disabled = weights.status === "stopping";
  use.hidden = running || !neuralUsable() || engine?.name === "liveportrait";
  document.getElementById("weights-licence").hidden =
    running || !files.some((file) => !file.there && !file.commercial);

  document.getElementById("weights-progress").hidden = !running;
  if (running) {
    const share = weights.total_bytes ? weights.done_bytes / weights.total_bytes : 0;
    bar.value = weights.status === "checking" ? 0 : share;
    const figures = [`${mb(weights.done_bytes)} / ${mb(weights.total_bytes)}`];
    if (weights.speed) figures.push(`${(weights.speed / 1e6).toFixed(1)} MB/s`);
    if (weights.left_s !== null) figures.push(t("time_left", { time: time(weights.left_s) }));
    document.getElementById("weights-figures").textContent = figures.join(" · ");
    document.getElementById("weights-file").textContent = weights.file.split("/").at(-1);
  }
  problem.textContent = weights.message;
  problem.hidden = !weights.message;
  problem.classList.toggle("bad", weights.status === "failed");

  const now = running ? "" : weights.status;
  if (now !== ended) {
    ended = now;
    if (now) load();
  }
}

async function load() {
  if (!state?.weights) return;
  const answer = await send("GET", "/weights");
  if (!answer) return;
  files = answer.files;
  document.getElementById("weights-folder").textContent = answer.folder;
  draw();
}

export function startWeights() {
  start.addEventListener("click", () =>
    send("POST", "/weights/fetch", { commercial_only: commercial.checked }),
  );
  stop.addEventListener("click", () => send("POST", "/weights/stop", {}));
  use.addEventListener("click", () => useEngine("liveportrait"));
  commercial.addEventListener("change", draw);
  document.getElementById("tab-choices").addEventListener("click", load);
  onState(show);
  onTold(() => state && show(state));
  onLanguage(draw);
}
