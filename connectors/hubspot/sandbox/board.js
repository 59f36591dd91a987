// Dragging a card onto a column does what the card's own "Move to" form does.
let dragged = null;

for (const card of document.querySelectorAll('[data-deal]')) {
  card.addEventListener('dragstart', (event) => {
    dragged = card;
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', card.dataset.deal);
  });
}

for (const column of document.querySelectorAll('[data-stage]')) {
  column.addEventListener('dragover', (event) => {
    event.preventDefault();
    column.classList.add('over');
  });
  column.addEventListener('dragleave', () => column.classList.remove('over'));
  column.addEventListener('drop', (event) => {
    event.preventDefault();
    column.classList.remove('over');
    const form = dragged?.querySelector('form');
    if (!form || dragged.closest('[data-stage]') === column) return;
    form.querySelector('[name=stage]').value = column.dataset.stage;
    form.submit();
  });
}
