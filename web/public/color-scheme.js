/** Sets the light or dark scheme before anything is painted, so that a remembered choice never flashes. */
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('millrace-color-scheme');
  } catch {
    // Storage may be forbidden; the system's scheme is the answer then.
  }
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  const scheme = chosen === 'light' || chosen === 'dark' ? chosen : system;
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
})();
