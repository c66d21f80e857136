// The sign "AI" in a corner of every frame, for everybody who watches.

import { send } from "./api.js";
import { onState } from "./live.js";

const input = document.getElementById("badge-ai");

export function startBadge() {
  input.addEventListener("change", async () => {
    const done = await send("PUT", "/badge", { badge: input.checked ? "ai" : "off" });
    if (!done) input.checked = !input.checked;
  });
  onState(({ badge }) => (input.checked = badge === "ai"));
}
