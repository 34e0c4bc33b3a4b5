// Insights: what a chart shows at the finger or the mouse, out of the table that has it all.

import { _ } from "./words.js";

const rows = [...document.querySelectorAll("#table tbody tr")];

/** What is told of one part of the period, as the table has it. */
function told(row, step) {
  const when = row.querySelector("th").textContent;
  const [first, low, high] = [...row.querySelectorAll(`[data-step="${step}"]`)].map((cell) => cell.textContent);
  if (first === "–") {
    return _("{when}: nothing is known", { when });
  }
  if (high === undefined) {
    return _("{when}: {share} of the time", { when, share: first });
  }
  return _("{when}: {mean} on average, {low} to {high}", { when, mean: first, low, high });
}

for (const chart of document.querySelectorAll("[data-chart]")) {
  const plot = chart.querySelector(".chart-plot");
  const finger = plot.querySelector(".finger");
  const said = chart.parentElement.querySelector("[data-said]");
  const wide = Number(finger.getAttribute("width"));

  const show = ({ clientX }) => {
    const { left, width } = plot.getBoundingClientRect();
    const part = Math.floor(((clientX - left) / width) * (1000 / wide));
    if (rows[part] === undefined) {
      hide();
      return;
    }
    finger.setAttribute("x", part * wide);
    finger.setAttribute("visibility", "visible");
    said.textContent = told(rows[part], chart.dataset.chart);
  };

  const hide = () => {
    finger.setAttribute("visibility", "hidden");
    said.textContent = said.dataset.summary;
  };

  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", ({ pointerType }) => {
    // A finger leaves as soon as it is lifted, and what it pointed at is to be read after that.
    if (pointerType !== "touch") {
      hide();
    }
  });
}
