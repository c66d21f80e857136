// The page that asks for the token.

import { onLanguage, startLanguage, t } from "./words.js";

const form = document.getElementById("login");
const field = document.getElementById("token");
const problem = document.getElementById("login-problem");
const page = "/";

let shown = { "#wrong": ["login_wrong"], "#wait": ["login_wait"] }[location.hash];

function show(...what) {
  shown = what.length ? what : undefined;
  problem.textContent = shown ? t(...shown) : "";
}

/** Who follows a link from another page comes without the cookie, though signed in already. */
async function alreadyIn() {
  const answer = await fetch("/openapi.json", { method: "HEAD" }).catch(() => null);
  return answer?.ok;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  show();
  let answer;
  try {
    answer = await fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: field.value.trim() }),
    });
  } catch {
    return show("lost");
  }
  if (answer.ok) return location.replace(page);
  if (answer.status === 429) {
    return show("login_wait_s", { seconds: answer.headers.get("Retry-After") });
  }
  show("login_wrong");
  field.select();
});

await startLanguage();
onLanguage(() => show(...(shown ?? [])));
if (await alreadyIn()) location.replace(page);
