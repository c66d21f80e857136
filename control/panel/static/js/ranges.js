// Small helpers for sliders and rows of buttons.

/** Put a slider at a value and colour its track up to there. */
export function place(input, value) {
  input.value = value;
  const share = (Number(input.value) - input.min) / (input.max - input.min);
  input.style.setProperty("--at", `${(share * 100).toFixed(1)}%`);
}

export const percent = (value) => `${Math.round(value * 100)}%`;

/** A row of buttons of which one is pressed; `choose` gets its data-value. */
export function segments(box, choose) {
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) choose(button.dataset.value);
  });
}

export function press(box, value) {
  for (const button of box.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.value === value));
  }
}

/** Whether a person is moving this slider right now, so that nothing else may move it. */
const moving = new WeakMap();
export function watchMoves(input) {
  const mark = () => moving.set(input, performance.now());
  input.addEventListener("input", mark);
  input.addEventListener("pointerdown", () => moving.set(input, Infinity));
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    input.addEventListener(name, mark);
  }
}
export const isMoved = (input) => performance.now() - (moving.get(input) ?? -1e9) < 600;
