// The console works without any script. This adds: the reader's own time zone, ages that stay true, copying of ids, line numbers that follow
// the editor, and refreshes in place that leave focus, open details and half-typed words alone.
(() => {
  const units = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];

  function age(at) {
    const seconds = Math.floor(Math.abs(Date.now() - at) / 1000);
    const unit = units.find(([size]) => seconds >= size);
    if (!unit) return 'now';
    const amount = `${Math.floor(seconds / unit[0])} ${unit[1]}`;
    return at <= Date.now() ? `${amount} ago` : `in ${amount}`;
  }

  function tellTimes() {
    for (const time of document.querySelectorAll('time[datetime]')) {
      const at = Date.parse(time.dateTime);
      const [absolute, ago] = [time.querySelector('.abs'), time.querySelector('.ago')];
      if (!absolute || !ago) continue;
      const seconds = 'seconds' in time.dataset ? { second: '2-digit' } : {};
      const day = 'timeOnly' in time.dataset ? {} : { day: 'numeric', month: 'short', year: 'numeric', timeZoneName: 'short' };
      const text = new Date(at).toLocaleString('en-GB', { ...day, hour: '2-digit', minute: '2-digit', ...seconds });
      if (absolute.textContent !== text) absolute.textContent = text;
      if (ago.textContent !== age(at)) ago.textContent = age(at);
    }
  }

  function offerCopies() {
    if (!navigator.clipboard) return;
    for (const button of document.querySelectorAll('button.copy[hidden]')) button.hidden = false;
  }

  function enhance() {
    tellTimes();
    offerCopies();
  }

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed';
    }
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  }

  function numberLines(area) {
    const gutter = area.parentElement.querySelector('.gutter');
    const lines = area.value.split('\n').length;
    while (gutter.children.length > lines) gutter.lastElementChild.remove();
    while (gutter.children.length < lines) {
      const number = document.createElement('span');
      number.id = `line-${gutter.children.length + 1}`;
      number.textContent = String(gutter.children.length + 1);
      gutter.append(number);
    }
    area.rows = lines + 1;
  }

  function goToLine(area, line) {
    const before = area.value.split('\n').slice(0, line - 1);
    const start = before.join('\n').length + (before.length > 0 ? 1 : 0);
    const end = area.value.indexOf('\n', start);
    area.focus({ preventScroll: true });
    area.setSelectionRange(start, end < 0 ? area.value.length : end);
    document.getElementById(`line-${line}`)?.scrollIntoView({ block: 'center' });
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('button.copy');
    if (button) return void copy(button);
    const link = event.target.closest?.('a[data-line]');
    const area = document.querySelector('textarea[data-editor]');
    if (link && area) {
      event.preventDefault();
      goToLine(area, Number(link.dataset.line));
    }
  });

  let unsaved = false;
  document.addEventListener('input', (event) => {
    if (!event.target.matches?.('textarea[data-editor]')) return;
    unsaved = true;
    numberLines(event.target);
  });
  document.addEventListener('submit', () => (unsaved = false));
  window.addEventListener('beforeunload', (event) => {
    if (unsaved) event.preventDefault();
  });

  // A page that nobody looks at asks for nothing.
  document.addEventListener('htmx:beforeRequest', (event) => {
    if (document.hidden) event.preventDefault();
  });

  let open = [];
  let focused = null;
  document.addEventListener('htmx:beforeSwap', (event) => {
    const place = event.detail.target;
    const active = place.contains(document.activeElement) ? document.activeElement : null;
    // Somebody is typing or selecting there: the next refresh will do.
    if (active?.matches('input, textarea, select') || !(window.getSelection()?.isCollapsed ?? true)) {
      event.detail.shouldSwap = false;
      return;
    }
    open = [...place.querySelectorAll('details[open][id]')].map((details) => details.id);
    const details = active?.closest('details[id]');
    focused = active ? (active.id ? `#${CSS.escape(active.id)}` : details && active.matches('summary') ? `#${CSS.escape(details.id)} > summary` : null) : null;
  });
  document.addEventListener('htmx:afterSwap', () => {
    for (const id of open) document.getElementById(id)?.setAttribute('open', '');
    if (focused) document.querySelector(focused)?.focus({ preventScroll: true });
    enhance();
  });

  setInterval(tellTimes, 5000);
  enhance();
  // On a narrow screen the navigation scrolls: where one is should be in sight.
  document.querySelector('.side nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  for (const area of document.querySelectorAll('textarea[data-editor]')) numberLines(area);
})();
