"use strict";
(() => {
  // <div class="chart" data-src="..." data-label="..." data-zone="..." data-live="live:looking">, with data-range links
  // in the same card (or anywhere, with data-chart="#id").
  const charts = new Map();

  const sorry = () => {
    const words = "The readings could not be loaded";
    return Object.assign(document.createElement("p"), { className: "chart-empty", textContent: words });
  };
  const zoomOf = ({ plot }) => {
    if (!plot) return null;
    const { min, max } = plot.scales.x;
    const [first, last] = [plot.data[0][0], plot.data[0].at(-1)];
    return min > first || max < last ? { min, max } : null;
  };
  const draw = (box, keepZoom) => {
    const chart = charts.get(box);
    if (!chart?.data) return;
    const zoom = keepZoom && zoomOf(chart);
    const open = box.querySelector("details")?.open;
    chart.plot?.destroy();
    chart.plot = towerwatchPlot(box, chart.data);
    if (zoom) chart.plot?.setScale("x", zoom);
    if (open && chart.plot) box.querySelector("details").open = true;
  };
  const load = async (box, keepZoom = false) => {
    const chart = charts.get(box);
    const address = new URL(box.dataset.src, location.href);
    if (chart.range) address.searchParams.set("range", chart.range);
    const turn = (chart.turn += 1);
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (turn !== chart.turn) return;
      chart.data = data;
      draw(box, keepZoom);
    } catch {
      if (!chart.data) box.replaceChildren(sorry());
    }
  };

  // Readings may come every second; a chart follows every five.
  const follow = (box) => {
    const chart = charts.get(box);
    if (!box.isConnected || chart.timer) return;
    chart.timer = setTimeout(() => {
      chart.timer = 0;
      if (box.isConnected) load(box, true);
    }, 5000);
  };
  const forget = () => {
    for (const [box, chart] of charts) {
      if (box.isConnected) continue;
      chart.plot?.destroy();
      chart.size.disconnect();
      if (box.dataset.live) document.body.removeEventListener(box.dataset.live, chart.heard);
      charts.delete(box);
    }
  };
  const begin = (box) => {
    if (charts.has(box)) return;
    const heard = () => follow(box);
    const size = new ResizeObserver(() => {
      const { plot } = charts.get(box);
      if (plot && plot.width !== box.clientWidth) plot.setSize({ width: box.clientWidth, height: plot.height });
    });
    charts.set(box, { plot: null, data: null, range: "", turn: 0, timer: 0, heard, size });
    size.observe(box);
    if (box.dataset.live) document.body.addEventListener(box.dataset.live, heard);
    load(box);
  };
  const find = () => {
    forget();
    for (const box of document.querySelectorAll(".chart[data-src]")) begin(box);
  };

  const boxesOf = (button) => {
    if (button.dataset.chart) return document.querySelectorAll(button.dataset.chart);
    return (button.closest(".card") || document).querySelectorAll(".chart[data-src]");
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-range]");
    if (!button) return;
    event.preventDefault();
    for (const other of button.parentElement.querySelectorAll("[data-range]")) {
      other.setAttribute(other.matches("button") ? "aria-pressed" : "aria-current", String(other === button));
    }
    for (const box of boxesOf(button)) {
      if (!charts.has(box)) continue;
      charts.get(box).range = button.dataset.range;
      load(box);
    }
  });
  document.addEventListener("theme", () => {
    for (const box of charts.keys()) draw(box, true);
  });
  document.body.addEventListener("htmx:afterSettle", find);
  find();
})();
