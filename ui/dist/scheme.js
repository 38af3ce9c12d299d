// Sets the colour scheme before the first paint, so that a dark page never flashes light.
// A file of its own because the page's policy forbids inline script.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("podwall.scheme");
  } catch (refused) {
    chosen = null;
  }
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
