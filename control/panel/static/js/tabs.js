// Tabs after the ARIA pattern: arrow keys move, the chosen one is remembered.

import { recall, remember } from "./words.js";

const tabs = [...document.querySelectorAll('[role="tab"]')];

function choose(tab, focus = false) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  remember("tab", tab.id);
  if (focus) {
    tab.focus();
    tab.click();
  }
}

export function startTabs() {
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const moves = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 };
      if (event.key in moves) {
        event.preventDefault();
        choose(tabs.at(moves[event.key] % tabs.length), true);
      }
    });
  });
  const before = tabs.find((tab) => tab.id === recall("tab"));
  if (before) choose(before);
}
