// The OSC monitor: what came in last, from whom, and what became of it.

import { make, send } from "./api.js";
import { onState, state } from "./live.js";
import { language, onLanguage, t } from "./words.js";

const DOTS = { done: "good", ignored: "", refused: "warn", unavailable: "warn", limited: "warn" };
const PERIOD_MS = 1000;
const panel = document.getElementById("panel-osc");
const list = document.getElementById("messages");
let messages = [];
let newest = null;

function line(message) {
  const item = make("li", { className: "message" });
  const args = message.args.map((arg) => (typeof arg === "string" ? `"${arg}"` : String(arg)));
  const count = message.count > 1 ? `  ×${message.count}` : "";
  const time = new Date(message.time * 1000).toLocaleTimeString("en-GB");
  item.append(
    make("i", { className: `dot ${DOTS[message.kind] ?? "bad"}` }),
    make("code", { textContent: [message.address || "—", ...args].join(" ") + count }),
    make("time", { textContent: time }),
    make("small", { textContent: `${message.verdict[language] ?? message.verdict.en} · ${message.sender}` }),
  );
  return item;
}

function draw() {
  document.getElementById("osc-none").hidden = messages.length > 0;
  list.replaceChildren(...messages.slice(0, 60).map(line));
  showState();
}

function showState() {
  const osc = state?.osc;
  if (!osc) return;
  for (const element of document.querySelectorAll("[data-osc]")) {
    element.textContent = osc.address.replace(/:(\d+)$/, " $1");
  }
  const words = osc.listening ? t("osc_state_open", { address: osc.address }) : t("osc_state_closed");
  document.getElementById("osc-state").textContent = words;
  document.getElementById("osc-dot").className = `dot ${osc.listening ? "good" : "bad"}`;
  const message = document.getElementById("osc-message");
  message.textContent = osc.message;
  message.hidden = !osc.message;
  document.getElementById("osc-counts").textContent = osc.counters.received
    ? t("osc_counts", osc.counters)
    : "";
}

async function refresh() {
  if (panel.hidden || document.hidden) return;
  const answer = await send("GET", "/osc");
  if (!answer) return;
  const first = answer.messages[0];
  const key = first ? `${first.id}/${first.count}` : "";
  if (key === newest) return;
  newest = key;
  messages = answer.messages;
  draw();
}

export function startMonitor() {
  setInterval(refresh, PERIOD_MS);
  document.getElementById("tab-osc").addEventListener("click", () => setTimeout(refresh));
  onState(showState);
  onLanguage(draw);
}
