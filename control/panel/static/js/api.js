// Requests to the stream. Errors are shown with the words that the stream gives.

import { language, t } from "./words.js";

/** Headers that ask for sentences in the page's language, whatever the browser's own is. */
export const inLanguage = (headers = {}) => ({ ...headers, "Accept-Language": language });

/** Send a request; returns the JSON, or null after `refused` has shown what went wrong. */
export async function send(method, path, body, refused = toast) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: inLanguage(body === undefined ? {} : { "Content-Type": "application/json" }),
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    return null; // the stream is gone; the page says so already
  }
  if (answer.status === 401) {
    location.reload(); // the token has changed; the stream shows the page that asks for it
    return null;
  }
  const data = await answer.json().catch(() => ({}));
  if (answer.ok || answer.status === 503) return data;
  refused(data.detail ?? `${answer.status} ${answer.statusText}`);
  return null;
}

/** One request at a time; what is wished meanwhile is merged, and the newest wins. */
export class Latest {
  #busy = false;
  #next = null;

  constructor(method, path) {
    this.method = method;
    this.path = path;
  }

  async send(body) {
    this.#next = { ...this.#next, ...body };
    if (this.#busy) return;
    this.#busy = true;
    while (this.#next) {
      const next = this.#next;
      this.#next = null;
      await send(this.method, this.path, next);
    }
    this.#busy = false;
  }
}

/** Show a sentence for a while, or until it is closed. */
export function toast(text) {
  const box = document.getElementById("toasts");
  if ([...box.children].some((child) => child.dataset.text === text)) return;
  const note = make("div", { className: "toast" });
  note.dataset.text = text;
  const words = make("div");
  words.append(make("strong", { textContent: t("error") }), make("div", { textContent: text }));
  const close = make("button", { type: "button", className: "icon-button", textContent: "×" });
  close.setAttribute("aria-label", t("close"));
  close.addEventListener("click", () => note.remove());
  note.append(words, close);
  box.append(note);
  setTimeout(() => note.remove(), 9000);
}

/** A new element with these properties. */
export function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
