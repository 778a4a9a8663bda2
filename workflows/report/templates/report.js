"use strict";
(function () {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 700px)");
  // Colours of paper and ink; of those of the data only the darkest is another.
  const NIGHT = { "#ffffff": "#12161c", "#1c2430": "#e4e9f0", "#5b6675": "#a9b4c2",
    "#e6eaef": "#2a323d", "#9aa3af": "#6b7685", "#111111": "#f4f4f4",
    "#7a8594": "#8e99a8", "#0072b2": "#2f93d8" };
  const config = { responsive: true, displaylogo: false, showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };

  function read(id) {
    let text = document.getElementById(id).textContent;
    if (dark.matches) {
      for (const [day, night] of Object.entries(NIGHT)) {
        text = text.replaceAll(`"${day}"`, `"${night}"`);
      }
    }
    return JSON.parse(text);
  }

  function draw() {
    for (const [key, plot] of Object.entries(read("plots"))) {
      const figure = document.getElementById(key);
      figure.classList.add("live");
      const image = { format: "svg", filename: key };
      Plotly.react(figure.querySelector(".plot"), plot.data,
        narrow.matches ? plot.narrow : plot.layout,
        { ...config, displayModeBar: narrow.matches ? false : "hover",
          toImageButtonOptions: image });
    }
  }

  // The cell that turns: drawn when it comes into sight, if the browser has WebGL.
  const choice = document.getElementById("cell");
  const holder = document.getElementById("fig2d-structures");
  let seen = false;
  function turn() {
    if (!seen) { return; }
    const views = read("views");
    const made = JSON.parse(document.getElementById("made").textContent);
    document.getElementById("cell-made").textContent = made[choice.value];
    holder.classList.add("live");
    const plot = holder.querySelector(".plot");
    const layout = plot.layout
      ? { ...views.layout, scene: { ...views.layout.scene, camera: plot.layout.scene.camera } }
      : views.layout;
    if (!plot.layout && narrow.matches) {
      const eye = layout.scene.camera.eye;
      for (const axis of ["x", "y", "z"]) { eye[axis] *= 1.4; }
    }
    Plotly.react(plot, views.cells[choice.value], layout, { ...config,
      toImageButtonOptions: { format: "png", filename: `cell-${choice.value}` } });
  }
  if (holder && document.createElement("canvas").getContext("webgl")) {
    new IntersectionObserver((entries, observer) => {
      if (!entries.some(entry => entry.isIntersecting)) { return; }
      observer.disconnect();
      seen = true;
      turn();
    }).observe(holder);
    choice.addEventListener("change", turn);
  }

  draw();
  for (const query of [dark, narrow]) {
    query.addEventListener("change", () => { draw(); turn(); });
  }
})();
