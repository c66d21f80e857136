// The network stream, as the state tells it.

import { onState, state } from "./live.js";
import { has, onLanguage, t } from "./words.js";

const DOTS = { sending: "good", connecting: "warn", waiting: "warn", closed: "bad" };
const card = document.getElementById("card-stream");
const write = (id, text) => (document.getElementById(id).textContent = text);

/** The essence of a message in the page's language; the message itself has what to type. */
export const streamReason = ({ reason }) =>
  has(`stream_reason_${reason}`) ? t(`stream_reason_${reason}`) : "";

function show() {
  const stream = state?.stream;
  card.hidden = !stream;
  if (!stream) return;
  document.getElementById("stream-dot").className = `dot ${stream.reason ? "warn" : DOTS[stream.status]}`;
  write("stream-now", t(`stream_${stream.status}`));
  write("stream-url", stream.url);
  const sent = [stream.size.replace("x", " × "), stream.encoder];
  if (stream.status === "sending") sent.push(`${stream.fps.toFixed(1)} fps`, `${stream.kbit_s} kbit/s`);
  write("stream-sent", sent.filter(Boolean).join(" · ") || "—");
  write("stream-skipped", `${stream.skipped} · ${t("stream_reconnects", { n: stream.reconnects })}`);
  write("stream-note", streamReason(stream) || stream.message);
  document.getElementById("stream-note").hidden = !stream.message;
}

export function startStream() {
  onState(show);
  onLanguage(show);
}
