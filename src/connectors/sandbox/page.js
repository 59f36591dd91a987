// A page that may change by itself looks for news and shows them in place, unless somebody is busy on it.
(() => {
  const main = document.querySelector('main[data-refresh]');
  if (!main) return;
  let touched = false;
  let shown = main.innerHTML;
  main.addEventListener('input', () => (touched = true));
  document.addEventListener('submit', () => (touched = true));

  const busy = () => touched || document.hidden || main.querySelector('details[open], .dragged') || main.contains(document.activeElement) || !window.getSelection()?.isCollapsed;

  setInterval(
    async () => {
      if (busy()) return;
      try {
        if (main.dataset.news && (await (await fetch(main.dataset.news)).text()) === main.dataset.seen) return;
        const response = await fetch(location.href);
        if (!response.ok) return;
        const news = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('main');
        if (!news || busy()) return;
        main.dataset.seen = news.dataset.seen ?? '';
        if (news.innerHTML === shown) return;
        shown = news.innerHTML;
        main.innerHTML = shown;
      } catch {
        // The server is away for a moment; the next look will tell.
      }
    },
    Number(main.dataset.refresh) * 1000,
  );
})();
