// Runs before the page is drawn, so that a chosen theme does not flash in the other one's colours.
"use strict";
try {
  const chosen = localStorage.getItem("gemel-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the system's theme will do.
}
