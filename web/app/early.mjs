// @ts-check
// Loaded as a classic script before the page is drawn, so that a chosen theme and language never flash. A page whose
// storage is closed (a private window) shows as the system says.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("lectern:theme");
    if (theme) root.dataset.theme = theme;
    const language = localStorage.getItem("lectern:language") ?? navigator.language;
    root.lang = language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
  } catch {
    root.lang = navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
  }
})();
