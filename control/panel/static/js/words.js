// The page's words in two languages: English and Korean, switched without loading again.

const LANGUAGES = ["en", "ko"];
const listeners = [];
let words = {};

export let language = document.documentElement.lang;

/** The words for a key; {name} is filled in from `fields`. */
export function t(key, fields = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => fields[name] ?? "");
}

export const has = (key) => key in words;

/** The fitting one of several labels: {en: …, ko: …}. */
export const pick = (label) => label?.[language] ?? label?.en ?? "";

/** Call `draw` now and whenever the language changes. */
export function onLanguage(draw) {
  listeners.push(draw);
  draw();
}

export async function setLanguage(wanted) {
  const answer = await fetch(`/static/i18n/${wanted}.json`);
  words = await answer.json();
  language = document.documentElement.lang = wanted;
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t);
  }
  for (const element of document.querySelectorAll("[data-l]")) {
    setLabel(element, element.dataset.l);
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === wanted));
  }
  listeners.forEach((draw) => draw());
}

/** Give an element another label from the words. */
export function setLabel(element, key) {
  element.dataset.l = key;
  element.title = t(key);
  element.setAttribute("aria-label", t(key));
  if (element.alt !== undefined) element.alt = t(key);
}

export async function startLanguage() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      remember("language", button.dataset.language);
      setLanguage(button.dataset.language);
    });
  }
  const before = recall("language");
  await setLanguage(LANGUAGES.includes(before) ? before : language);
}

// What is remembered on this machine. A browser that forbids it only forgets.
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // private windows
  }
}

export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
