"use strict";
// Draws the charts in the colours of the style sheet, and again when these change (dark mode, print).
(() => {
  const charts = [...document.querySelectorAll("script[data-chart]")].map((source) => ({
    place: document.getElementById(source.dataset.chart),
    text: source.textContent,
  }));
  // A finger that drags over a chart scrolls the page.
  const touch = matchMedia("(pointer: coarse)").matches;
  const config = { displayModeBar: false, showTips: false, scrollZoom: false, doubleClick: "reset" };

  const draw = (width) => {
    const style = getComputedStyle(document.documentElement);
    const colour = (_, name) => style.getPropertyValue(name).trim();
    for (const { place, text } of charts) {
      const { data, layout } = JSON.parse(text.replace(/var\((--[a-z0-9-]+)\)/g, colour));
      layout.font.family = getComputedStyle(document.body).fontFamily;
      layout.hoverlabel = { bgcolor: colour("", "--panel"), bordercolor: colour("", "--line"), font: layout.font };
      layout.dragmode = touch ? false : "zoom";
      if (width) {
        layout.width = Math.min(width, place.clientWidth || width);
        layout.height = Math.round(layout.width * 0.44);
      }
      Plotly.react(place, data, layout, config);
    }
  };

  // The closed parts with content of their own are opened on paper.
  const closed = [...document.querySelectorAll("details.method:not([open])")];
  const open = (state) => closed.forEach((details) => { details.open = state; });
  const PAPER = 660;

  draw();
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) Plotly.Plots.resize(target);
  });
  charts.forEach(({ place }) => sizes.observe(place));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  addEventListener("beforeprint", () => { open(true); draw(PAPER); });
  addEventListener("afterprint", () => { open(false); draw(); });
})();
