// The portraits to choose from, and how the photo is framed.

import { Latest, make, send } from "./api.js";
import { onState, state } from "./live.js";
import { setPhotos } from "./presets.js";
import { isMoved, place, press, segments, watchMoves } from "./ranges.js";
import { onLanguage, pick, t } from "./words.js";

const DEFAULTS = { fit: "face", zoom: 1, offset_x: 0, offset_y: 0, mirror: false, fill: "blur" };
const box = document.getElementById("photos");
const credit = document.getElementById("credit");
const viewOut = new Latest("PUT", "/view");
const sliders = [...document.querySelectorAll("[data-view]")];
const fit = document.getElementById("fit");
const fill = document.getElementById("fill");
const fillColor = document.getElementById("fill-color");
const mirror = document.getElementById("view-mirror");
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

function showView(view) {
  for (const input of sliders) {
    if (!isMoved(input)) place(input, view[input.dataset.view]);
    showNumber(input);
  }
  press(fit, view.fit);
  press(fill, view.fill === "blur" ? "blur" : "color");
  if (view.fill !== "blur" && document.activeElement !== fillColor) fillColor.value = view.fill;
  fillColor.hidden = view.fill === "blur";
  mirror.checked = view.mirror;
}

function showNumber(input) {
  const value = Number(input.value);
  input.nextElementSibling.textContent =
    input.dataset.view === "zoom" ? `${value.toFixed(2)}×` : value.toFixed(2);
}

async function load() {
  const answer = await send("GET", "/photos");
  if (!answer) return;
  photos = answer.photos;
  setPhotos(photos);
  drawPhotos();
}

export function startPortrait() {
  for (const input of sliders) {
    watchMoves(input);
    input.addEventListener("input", () => {
      place(input, input.value);
      showNumber(input);
      viewOut.send({ [input.dataset.view]: Number(input.value) });
    });
    input.addEventListener("dblclick", () => {
      viewOut.send({ [input.dataset.view]: DEFAULTS[input.dataset.view] });
    });
  }
  segments(fit, (value) => viewOut.send({ fit: value }));
  segments(fill, (value) => viewOut.send({ fill: value === "blur" ? "blur" : fillColor.value }));
  fillColor.addEventListener("input", () => viewOut.send({ fill: fillColor.value }));
  mirror.addEventListener("change", () => viewOut.send({ mirror: mirror.checked }));
  document.getElementById("view-reset").addEventListener("click", () => viewOut.send(DEFAULTS));
  let photoShown = null;
  onState((now) => {
    showView(now.view);
    if (now.photo !== photoShown) {
      photoShown = now.photo;
      load();
    }
  });
  document.getElementById("tab-portrait").addEventListener("click", load);
  onLanguage(drawPhotos);
}
