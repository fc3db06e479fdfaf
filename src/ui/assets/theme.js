// Runs before anything is painted: a theme chosen once stays, without a flash of the other one.
"use strict";
try {
  const chosen = localStorage.getItem("sf-theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // no storage: the system's choice it is
}
