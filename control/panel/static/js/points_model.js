// The points of a face as the landmarks file names them: where each is, how it moves, its words.

import { t } from "./words.js";

const EYE = ["outer", "upper", "inner", "lower", "iris", "iris_r"];
const FACE = [
  ...["chin", "jaw_l", "jaw_r", "cheek_l", "cheek_r", "forehead"],
  ...["crown", "hair_l", "hair_r", "neck_l", "neck_r"],
];
const LINES = new Set(["upper", "lower", "upper_out", "upper_in", "lower_in", "lower_out"]);
const ORDER = [
  ["eyes", "eye_l", EYE],
  ["eyes", "eye_r", EYE],
  ["brows", "brow_l", null],
  ["brows", "brow_r", null],
  ["nose", "nose", ["tip", "base", "wing_l", "wing_r"]],
  ["mouth", "mouth", ["corner_l", "upper_out", "upper_in", "lower_in", "lower_out", "corner_r"]],
  ["face", "face", FACE],
];

/** One handle for each point, in the order of the Tab key. */
export const HANDLES = ORDER.flatMap(([group, owner, parts]) =>
  (parts ?? [null]).flatMap((part) => {
    const one = { group, owner, part, index: null };
    if (part !== null && !LINES.has(part)) return [{ ...one, id: `${owner}.${part}` }];
    const name = part === null ? owner : `${owner}.${part}`;
    return [0, 1, 2].map((index) => ({ ...one, index, id: `${name}.${index}` }));
  }),
);
export const GROUPS = ["eyes", "brows", "nose", "mouth", "face"];

const lid = (eye, line) => [`${eye}.outer`, ...three(`${eye}.${line}`), `${eye}.inner`];
const lip = (line) => ["mouth.corner_l", ...three(`mouth.${line}`), "mouth.corner_r"];
const three = (name) => [0, 1, 2].map((i) => `${name}.${i}`);

/** The curves through the points; the class is the colour. */
export const CURVES = [
  ...["eye_l", "eye_r"].flatMap((eye) => [
    { group: "eyes", colour: "upper", through: lid(eye, "upper") },
    { group: "eyes", colour: "lower", through: lid(eye, "lower") },
  ]),
  ...["brow_l", "brow_r"].map((name) => ({ group: "brows", colour: "brow", through: three(name) })),
  { group: "mouth", colour: "upper", through: lip("upper_out") },
  { group: "mouth", colour: "lower", through: lip("lower_out") },
  { group: "mouth", colour: "iris", through: lip("lower_in") },
  { group: "mouth", colour: "inner", through: lip("upper_in") },
];

const byId = new Map(HANDLES.map((handle) => [handle.id, handle]));
export const handleOf = (id) => byId.get(id);
const tidy = (value) => Math.round(value * 100) / 100;

/** Where a handle is in the document, [x, y]. */
export function place(doc, handle) {
  const owner = doc[handle.owner];
  if (handle.part === "iris_r") return [owner.iris[0] + owner.iris_r, owner.iris[1]];
  const value = handle.part === null ? owner : owner[handle.part];
  return handle.index === null ? value : value[handle.index];
}

/** Whether the lips touch: both inner lines are one then, and move as one. */
export const closed = ({ mouth }) => JSON.stringify(mouth.upper_in) === JSON.stringify(mouth.lower_in);

/** Close the lips where the inner lines meet half-way, or part them a little. */
export function setClosed(doc, wanted) {
  const { upper_in, lower_in, corner_l, corner_r } = doc.mouth;
  const gap = 0.015 * Math.hypot(corner_r[0] - corner_l[0], corner_r[1] - corner_l[1]);
  for (const i of [0, 1, 2]) {
    const [up, low] = [upper_in[i], lower_in[i]];
    const middle = [0, 1].map((k) => (up[k] + low[k]) / 2);
    upper_in[i] = [tidy(middle[0]), tidy(middle[1] - (wanted ? 0 : gap))];
    lower_in[i] = [tidy(middle[0]), tidy(middle[1] + (wanted ? 0 : gap))];
  }
}

const TWINS = { upper_in: "lower_in", lower_in: "upper_in" };

/** Move a handle; the edge of an iris only changes its size. */
export function move(doc, handle, [x, y]) {
  const owner = doc[handle.owner];
  if (TWINS[handle.part] && closed(doc)) {
    owner[TWINS[handle.part]][handle.index] = [tidy(x), tidy(y)];
  }
  if (handle.part === "iris_r") {
    owner.iris_r = Math.max(0.5, tidy(Math.hypot(x - owner.iris[0], y - owner.iris[1])));
    return;
  }
  const point = [tidy(x), tidy(y)];
  const holder = handle.part === null ? doc : owner;
  const key = handle.part ?? handle.owner;
  if (handle.index === null) holder[key] = point;
  else holder[key][handle.index] = point;
}

/** What people read for a handle. */
export function nameOf(handle) {
  const words = [t(`point_${handle.owner}`)];
  if (handle.part !== null) words.push(t(`point_${handle.part}`));
  if (handle.index !== null) {
    const kind = handle.group === "eyes" ? "lid" : handle.group === "brows" ? "brow" : "lip";
    words.push(t(`point_${kind}_${handle.index}`));
  }
  return words.join(", ");
}

/** The box around the points of a group, with room; all of them without one. */
export function boxOf(doc, group) {
  const points = HANDLES.filter((h) => !group || h.group === group).map((h) => place(doc, h));
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const room = 0.16 * Math.max(width, height);
  return { x: left - room, y: top - room, w: width + 2 * room, h: height + 2 * room };
}

/** A smooth curve (Catmull-Rom) through points, as the data of an SVG path. */
export function curve(points) {
  const ends = (a, b) => [2 * a[0] - b[0], 2 * a[1] - b[1]];
  const p = [ends(points[0], points[1]), ...points, ends(points.at(-1), points.at(-2))];
  let data = `M${points[0]}`;
  for (let i = 1; i < p.length - 2; i += 1) {
    const [before, from, to, after] = p.slice(i - 1, i + 3);
    const one = [0, 1].map((k) => from[k] + (to[k] - before[k]) / 6);
    const two = [0, 1].map((k) => to[k] - (after[k] - from[k]) / 6);
    data += `C${one} ${two} ${to}`;
  }
  return data;
}
