// A photo with points on it: drawn, enlarged, moved about; points dragged by pointer or by keys.

import { CURVES, HANDLES, boxOf, curve, handleOf, move, nameOf, place } from "./points_model.js";

const REACH_PX = { mouse: 14, pen: 16, touch: 26 };
const MAX_ENLARGEMENT = 40;
const LOUPE = 2.5;

export class PointsView {
  /** `on`: begins() before a change, changes(handle), chooses(handle), clicks([x, y]). */
  constructor(svg, loupe, on) {
    Object.assign(this, { svg, loupe, on });
    this.picture = svg.querySelector("image");
    this.lines = svg.querySelector(".lines");
    this.dots = svg.querySelector(".dots");
    this.size = [1, 1];
    this.view = { x: 0, y: 0, w: 1, h: 1 };
    this.doc = null;
    this.group = null;
    this.marks = null; // two free markers in the place of the points
    this.chosen = null;
    this.pointers = new Map();
    this.grab = null;
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      svg.addEventListener(name, (event) => this.#up(event));
    }
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    svg.addEventListener("keydown", (event) => this.#key(event));
    svg.addEventListener("focusin", (event) => this.#focus(event));
    new ResizeObserver(() => this.#resize()).observe(svg);
  }

  open(url, size) {
    this.size = size;
    this.picture.setAttribute("href", url);
    // Pixel centres have whole numbers, so the picture begins half a pixel before them.
    for (const [name, value] of Object.entries({ x: -0.5, y: -0.5, width: size[0], height: size[1] })) {
      this.picture.setAttribute(name, value);
    }
  }

  /** Show a document's points, or two markers. */
  show(doc, marks = null) {
    this.doc = doc;
    this.marks = marks;
    this.#build();
    this.draw();
  }

  setGroup(group) {
    this.group = group;
    this.#build();
    this.fit();
  }

  /** Enlarge to the points of the group, or to the whole picture. */
  fit() {
    const whole = { x: -0.5, y: -0.5, w: this.size[0], h: this.size[1] };
    this.#look(this.doc && !this.marks ? boxOf(this.doc, this.group) : whole);
  }

  zoom(factor, at = this.#middle()) {
    const w = Math.min(Math.max(this.view.w / factor, this.size[0] / MAX_ENLARGEMENT), 3 * this.size[0]);
    const k = w / this.view.w;
    this.view = {
      x: at[0] - (at[0] - this.view.x) * k,
      y: at[1] - (at[1] - this.view.y) * k,
      w,
      h: this.view.h * k,
    };
    this.draw();
  }

  draw() {
    const { x, y, w, h } = this.view;
    this.svg.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    this.svg.style.setProperty("--px", `${this.#px()}px`);
    if (this.marks) this.#drawDots(this.marks.map((mark) => mark.at));
    else if (this.doc) {
      this.#drawDots(this.handles.map((handle) => place(this.doc, handle)));
      this.#drawLines();
    }
    this.#drawLoupe();
  }

  // --- what is on the picture

  get handles() {
    return this.marks ?? HANDLES.filter((handle) => !this.group || handle.group === this.group);
  }

  #build() {
    this.dots.replaceChildren();
    this.lines.replaceChildren();
    if (this.chosen && !this.handles.includes(this.chosen)) this.chosen = null;
    if (!this.doc && !this.marks) return;
    for (const handle of this.handles) {
      const dot = this.#make("circle", this.dots);
      dot.setAttribute("class", `dot-${handle.group}${handle.part === "iris_r" ? " size" : ""}`);
      dot.setAttribute("tabindex", "0");
      dot.setAttribute("role", "slider");
      dot.setAttribute("aria-label", handle.name ?? nameOf(handle));
      dot.dataset.id = handle.id;
    }
    if (this.marks) return;
    for (const line of CURVES) {
      const path = this.#make("path", this.lines);
      path.setAttribute("class", `line-${line.colour}`);
      path.classList.toggle("faint", Boolean(this.group) && line.group !== this.group);
    }
    for (const eye of ["eye_l", "eye_r"]) {
      const circle = this.#make("circle", this.lines);
      circle.setAttribute("class", "line-iris");
      circle.classList.toggle("faint", Boolean(this.group) && this.group !== "eyes");
      circle.dataset.eye = eye;
    }
  }

  #make(tag, parent) {
    return parent.appendChild(document.createElementNS(this.svg.namespaceURI, tag));
  }

  #drawDots(places) {
    [...this.dots.children].forEach((dot, i) => {
      const [x, y] = places[i];
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
      dot.setAttribute("aria-valuenow", x);
      dot.setAttribute("aria-valuetext", `${x.toFixed(1)}, ${y.toFixed(1)}`);
      dot.classList.toggle("chosen", this.handles[i] === this.chosen);
      dot.classList.toggle("unset", this.marks?.[i].set === false);
    });
  }

  #drawLines() {
    const paths = this.lines.querySelectorAll("path");
    CURVES.forEach((line, i) => {
      paths[i].setAttribute("d", curve(line.through.map((id) => place(this.doc, handleOf(id)))));
    });
    for (const circle of this.lines.querySelectorAll("circle")) {
      const { iris, iris_r } = this.doc[circle.dataset.eye];
      circle.setAttribute("cx", iris[0]);
      circle.setAttribute("cy", iris[1]);
      circle.setAttribute("r", iris_r);
    }
  }

  /** A finger hides what it moves, so that is shown enlarged in the far corner. */
  #drawLoupe() {
    const dragged = this.grab?.handle && this.grab.touch ? this.chosen : null;
    this.loupe.toggleAttribute("hidden", !dragged);
    if (!dragged) return;
    const [x, y] = this.#placeOf(dragged);
    const w = (this.loupe.clientWidth * this.#px()) / LOUPE;
    this.loupe.setAttribute("viewBox", `${x - w / 2} ${y - w / 2} ${w} ${w}`);
    this.loupe.classList.toggle("right", x < this.view.x + this.view.w / 2);
  }

  #placeOf(handle) {
    return this.marks ? handle.at : place(this.doc, handle);
  }

  // --- the part that is seen

  /** Picture pixels to a pixel of the screen. */
  #px() {
    return this.view.w / (this.svg.clientWidth || 1);
  }

  #middle() {
    return [this.view.x + this.view.w / 2, this.view.y + this.view.h / 2];
  }

  #look(box) {
    const shape = (this.svg.clientHeight || 1) / (this.svg.clientWidth || 1);
    const w = Math.max(box.w, box.h / shape);
    const h = w * shape;
    this.view = { x: box.x + (box.w - w) / 2, y: box.y + (box.h - h) / 2, w, h };
    this.draw();
  }

  #resize() {
    const [x, y] = this.#middle();
    const shape = (this.svg.clientHeight || 1) / (this.svg.clientWidth || 1);
    const h = this.view.w * shape;
    this.view = { ...this.view, x: x - this.view.w / 2, y: y - h / 2, h };
    this.draw();
  }

  // --- pointers

  #at(event) {
    const box = this.svg.getBoundingClientRect();
    const px = this.#px();
    return [this.view.x + (event.clientX - box.left) * px, this.view.y + (event.clientY - box.top) * px];
  }

  #nearest([x, y], reach) {
    let best = null;
    let least = reach * this.#px();
    for (const handle of this.handles) {
      if (handle.set === false) continue; // a marker nobody has placed yet
      const [px, py] = this.#placeOf(handle);
      const away = Math.hypot(px - x, py - y);
      if (away < least) [best, least] = [handle, away];
    }
    return best;
  }

  #down(event) {
    if (event.button !== 0 || (!this.doc && !this.marks)) return;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.pointers.size > 1) {
      this.grab = null; // two fingers enlarge
      return;
    }
    const at = this.#at(event);
    const handle = this.#nearest(at, REACH_PX[event.pointerType] ?? REACH_PX.touch);
    const touch = event.pointerType === "touch";
    this.grab = { handle, touch, way: 0, begun: false };
    if (handle) {
      const [x, y] = this.#placeOf(handle);
      this.grab.offset = [x - at[0], y - at[1]];
      this.choose(handle);
      this.#dot(handle).focus({ preventScroll: true });
    }
    this.draw();
  }

  #drag(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const before = this.pointers.get(event.pointerId);
    const now = [event.clientX, event.clientY];
    if (this.pointers.size === 2) {
      this.#pinch(event.pointerId, before, now);
      return;
    }
    this.pointers.set(event.pointerId, now);
    if (!this.grab) return;
    const at = this.#at(event);
    if (this.grab.handle) {
      if (!this.grab.begun) this.on.begins();
      this.grab.begun = true;
      this.#put(this.grab.handle, [at[0] + this.grab.offset[0], at[1] + this.grab.offset[1]]);
      return;
    }
    const px = this.#px();
    this.view.x -= (now[0] - before[0]) * px;
    this.view.y -= (now[1] - before[1]) * px;
    this.grab.way += Math.hypot(now[0] - before[0], now[1] - before[1]);
    this.draw();
  }

  #pinch(id, before, now) {
    const other = [...this.pointers].find(([key]) => key !== id)[1];
    const spread = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
    const box = this.svg.getBoundingClientRect();
    const px = this.#px();
    const middle = [(now[0] + other[0]) / 2 - box.left, (now[1] + other[1]) / 2 - box.top];
    this.view.x -= ((now[0] - before[0]) / 2) * px;
    this.view.y -= ((now[1] - before[1]) / 2) * px;
    this.pointers.set(id, now);
    this.zoom(spread(now) / Math.max(spread(before), 1), [
      this.view.x + middle[0] * px,
      this.view.y + middle[1] * px,
    ]);
  }

  #up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const grab = this.grab;
    this.grab = null;
    this.draw();
    if (grab && !grab.handle && grab.way < 4) this.on.clicks(this.#at(event));
  }

  #wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), this.#at(event));
  }

  // --- keys

  #dot(handle) {
    return this.dots.querySelector(`[data-id="${handle.id}"]`);
  }

  choose(handle) {
    this.chosen = handle;
    this.on.chooses(handle);
  }

  #focus(event) {
    const handle = this.handles.find((each) => each.id === event.target.dataset.id);
    if (!handle) return;
    this.choose(handle);
    const [x, y] = this.#placeOf(handle);
    const { x: left, y: top, w, h } = this.view;
    if (x < left || x > left + w || y < top || y > top + h) {
      this.view.x = x - w / 2;
      this.view.y = y - h / 2;
    }
    this.draw();
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    const handle = this.handles.find((each) => each.id === event.target.dataset.id);
    if (!step || !handle || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    if (!event.repeat) this.on.begins(handle);
    const size = event.shiftKey ? 5 : 0.5;
    const [x, y] = this.#placeOf(handle);
    // Up and down change the size of an iris, too.
    const across = handle.part === "iris_r" ? step[0] - step[1] : step[0];
    const down = handle.part === "iris_r" ? 0 : step[1];
    this.#put(handle, [x + size * across, y + size * down]);
  }

  #put(handle, [x, y]) {
    const point = [Math.round(x * 100) / 100, Math.round(y * 100) / 100];
    if (this.marks) Object.assign(handle, { at: point, set: true });
    else move(this.doc, handle, point);
    this.on.changes(handle);
    this.draw();
  }
}
