// Dragging a card onto a column does what the card's own "Move" form does. Listens on the document: a refresh puts new cards in the place of the old.
let dragged = null;
const columnOf = (event) => event.target.closest?.('[data-stage]') ?? null;

document.addEventListener('dragstart', (event) => {
  dragged = event.target.closest?.('[data-deal]') ?? null;
  if (!dragged) return;
  dragged.classList.add('dragged');
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData('text/plain', dragged.dataset.deal);
});
document.addEventListener('dragend', () => {
  dragged?.classList.remove('dragged');
  dragged = null;
  for (const column of document.querySelectorAll('.over')) column.classList.remove('over');
});
document.addEventListener('dragover', (event) => {
  const column = columnOf(event);
  if (!dragged || !column) return;
  event.preventDefault();
  for (const other of document.querySelectorAll('.over')) if (other !== column) other.classList.remove('over');
  column.classList.add('over');
});
document.addEventListener('drop', (event) => {
  const column = columnOf(event);
  const form = dragged?.querySelector('form');
  if (!column || !form) return;
  event.preventDefault();
  if (dragged.closest('[data-stage]') === column) return;
  form.querySelector('[name=stage]').value = column.dataset.stage;
  form.requestSubmit();
});
