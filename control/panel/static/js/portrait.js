// The portraits to choose from.

import { make, send } from "./api.js";
import { onState, state } from "./live.js";
import { setPhotos } from "./presets.js";
import { onLanguage, pick, t } from "./words.js";

const box = document.getElementById("photos");
const credit = document.getElementById("credit");
let photos = [];
let busy = null;

async function change(name) {
  busy = name;
  showPhotos();
  await send("POST", "/photos", { name });
  busy = null;
  showPhotos();
}

function drawPhotos() {
  box.replaceChildren(
    ...photos.map((photo) => {
      const item = make("li");
      const button = make("button", { type: "button", className: "photo" });
      button.dataset.name = photo.name;
      button.append(
        make("img", { src: photo.thumbnail, alt: "", loading: "lazy" }),
        make("span", { textContent: pick(photo.label) }),
        make("span", { className: "tag" }),
      );
      button.addEventListener("click", () => change(photo.name));
      item.append(button);
      return item;
    }),
  );
  showPhotos();
}

function showPhotos() {
  for (const button of box.querySelectorAll(".photo")) {
    const photo = photos.find((entry) => entry.name === button.dataset.name);
    const current = photo.name === state?.photo;
    button.setAttribute("aria-pressed", String(current));
    button.classList.toggle("busy", busy === photo.name);
    const tags = [];
    if (busy === photo.name) tags.push(t("photo_changing"));
    else if (current) tags.push(t("photo_current"));
    if (photo.demo) tags.push(t("photo_demo"));
    button.querySelector(".tag").textContent = tags.join(" · ");
  }
  const current = photos.find((entry) => entry.name === state?.photo);
  credit.textContent = current ? current.credit : "";
  document.getElementById("demo").hidden = !current?.demo;
}

async function load() {
  const answer = await send("GET", "/photos");
  if (!answer) return;
  photos = answer.photos;
  setPhotos(photos);
  drawPhotos();
}

export function startPortrait() {
  let photoShown = null;
  onState((now) => {
    if (now.photo !== photoShown) {
      photoShown = now.photo;
      load();
    }
  });
  document.getElementById("tab-portrait").addEventListener("click", load);
  onLanguage(drawPhotos);
}
