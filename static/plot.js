"use strict";
// How a chart is drawn; chart.js says when.
const towerwatchPlot = (() => {
  const HEIGHT = 220;
  const COLOURS = ["--accent", "--warn", "--fresh", "--good", "--bad"];
  const DOWN = "rgba(214, 70, 64, 0.26)";
  // uPlot's own table of what an axis says: step, format, and what a new day adds to it.
  const TIMES = [
    [86400, "{D} {MMM}", null, null, null, null, null, null, 0],
    [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1],
  ];
  const dot = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const pen = dot.getContext("2d", { willReadFrequently: true });

  // A canvas does not know light-dark() nor variables: the browser resolves them, one pixel reads them back.
  const colour = (name, alpha = 1) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(${name})`;
    pen.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
    return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
  };
  const make = (tag, having) => Object.assign(document.createElement(tag), having);
  const zoneOf = (box) => box.dataset.zone || document.body.dataset.zone || "UTC";
  const when = (box, seconds) => {
    const style = { timeZone: zoneOf(box), dateStyle: "medium", timeStyle: "short" };
    return new Date(seconds * 1000).toLocaleString("en-GB", style);
  };
  const isMissing = (value) => value === null || value === undefined;
  const measure = (value, unit = "") => (isMissing(value) ? "no reading" : `${+value.toFixed(2)} ${unit}`.trim());

  const hatch = (context) => {
    const tile = make("canvas", { width: 8, height: 8 });
    const draw = tile.getContext("2d");
    draw.strokeStyle = colour("--quiet", 0.45);
    for (const at of [-8, 0, 8]) {
      draw.moveTo(at, 8);
      draw.lineTo(at + 8, 0);
    }
    draw.stroke();
    return context.createPattern(tile, "repeat");
  };
  const shade = (bands) => (plot) => {
    const { ctx, bbox } = plot;
    const grey = hatch(ctx);
    for (const { from, to, kind } of bands) {
      const left = Math.max(plot.valToPos(from, "x", true), bbox.left);
      const edge = bbox.left + bbox.width;
      const right = isMissing(to) ? edge : Math.min(plot.valToPos(to, "x", true), edge);
      ctx.fillStyle = kind === "down" ? DOWN : grey;
      if (right > left) ctx.fillRect(left, bbox.top, Math.max(right - left, 2), bbox.height);
    }
  };

  const axesOf = (units) => {
    const line = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: colour("--quiet"), grid: line, ticks: line, font: "12px system-ui" };
    const upright = units.slice(0, 2).map((unit, index) => ({
      ...axis,
      scale: `y${unit}`,
      size: 62,
      side: index ? 1 : 3,
      grid: { ...line, show: !index },
      values: (plot, splits) => splits.map((value) => (isMissing(value) ? "" : `${value} ${unit}`)),
    }));
    return [{ ...axis, values: TIMES }, ...upright];
  };
  const lineOf = ({ label, unit = "" }, index, all) => ({
    label,
    scale: `y${unit}`,
    width: 1.5,
    stroke: colour(COLOURS[index % COLOURS.length]),
    fill: all.length === 1 ? colour(COLOURS[index], 0.1) : undefined,
    value: (plot, value, at, cursor) => (isMissing(cursor) ? "" : measure(value, unit)),
  });
  const options = (box, { series, bands = [] }) => {
    const units = [...new Set(series.map(({ unit }) => unit || ""))];
    const range = { min: { pad: 0.1, soft: 0, mode: 1 }, max: { pad: 0.15 } };
    const time = { label: "Time", value: (plot, seconds) => (isMissing(seconds) ? "" : when(box, seconds)) };
    return {
      width: box.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zoneOf(box)),
      hooks: { drawClear: [shade(bands)] },
      scales: Object.fromEntries(units.map((unit) => [`y${unit}`, { range }])),
      series: [time, ...series.map(lineOf)],
      axes: axesOf(units),
    };
  };

  const table = (box, { x, series }) => {
    const rows = make("table", { className: "table table-sm" });
    const head = rows.createTHead().insertRow();
    const names = ["Time", ...series.map(({ label }) => label)];
    head.append(...names.map((textContent) => make("th", { scope: "col", textContent })));
    const body = rows.createTBody();
    // The newest 500 say enough: nobody listens to ten thousand lines.
    for (let at = x.length - 1; at >= Math.max(0, x.length - 500); at -= 1) {
      const row = body.insertRow();
      row.insertCell().textContent = when(box, x[at]);
      for (const { values, unit } of series) row.insertCell().textContent = measure(values[at], unit);
    }
    return rows;
  };
  const notes = (bands = []) => {
    const list = make("div", { className: "chart-notes" });
    for (const [kind, textContent] of [["down", "Down"], ["unobserved", "Not observed"]]) {
      if (!bands.some((band) => band.kind === kind)) continue;
      list.append(make("span", { className: `note-${kind}`, textContent }));
    }
    return list;
  };
  const details = (box, data) => {
    const label = `${box.dataset.label || "Readings"} as a table`;
    const scroll = make("div", { tabIndex: 0, role: "region", ariaLabel: label });
    const more = make("details", { className: "chart-table" });
    more.append(make("summary", { textContent: "Show as table" }), scroll);
    more.addEventListener("toggle", () => more.open && !scroll.firstChild && scroll.append(table(box, data)));
    return more;
  };

  // A range is shown whole, also where nothing was read at its ends.
  const widened = ({ x, series, bands = [], from, to }) => {
    const first = Math.min(from ?? x[0], x[0], ...bands.map((band) => band.from));
    const last = Math.max(to ?? x.at(-1), x.at(-1), ...bands.map((band) => band.to ?? 0));
    const before = first < x[0] ? [first] : [];
    const after = last > x.at(-1) ? [last] : [];
    const nothing = (edge) => edge.map(() => null);
    return [
      [...before, ...x, ...after],
      ...series.map(({ values }) => [...nothing(before), ...values, ...nothing(after)]),
    ];
  };

  return (box, data) => {
    const silent = data.series.every(({ values }) => values.every(isMissing));
    if (!data.x.length || (silent && !data.bands?.some(({ kind }) => kind === "down"))) {
      box.replaceChildren(make("p", { className: "chart-empty", textContent: "No readings in this range" }));
      return null;
    }
    const canvas = make("div", { role: "img", ariaLabel: box.dataset.label || "Readings" });
    box.replaceChildren(canvas, notes(data.bands), details(box, data));
    return new uPlot(options(box, data), widened(data), canvas);
  };
})();
