"use strict";
(function () {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const config = { responsive: true, displaylogo: false, showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
  for (const [key, plot] of Object.entries(plots)) {
    const figure = document.getElementById(key);
    figure.classList.add("live");
    const image = { format: "svg", filename: key };
    Plotly.newPlot(figure.querySelector(".plot"), plot.data, plot.layout,
      { ...config, toImageButtonOptions: image });
  }
  window.addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details")) { fold.open = true; }
  });
})();
