import { createElement } from 'lwc';
import RecipientList from 'c/recipientList';

const PEOPLE = [
  { role: 'Buyer', name: 'Ann', email: 'ann@example.com', contact: '003A' },
  { role: 'Seller', name: 'Bob', email: 'bob@example.com', contact: null },
];
const settle = () => Promise.resolve();

function open(recipients, roles = ['Buyer', 'Seller', 'Witness']) {
  const element = createElement('c-recipient-list', { is: RecipientList });
  Object.assign(element, { recipients, roles });
  const changes = [];
  element.addEventListener('recipientschange', ({ detail }) => changes.push(detail.recipients));
  document.body.appendChild(element);
  const field = (role, part) => element.shadowRoot.querySelector(`input[data-role="${role}"][data-part="${part}"]`);
  const row = (role) => element.shadowRoot.querySelector(`li[data-row="${role}"]`);
  const type = (role, part, value) => {
    field(role, part).value = value;
    field(role, part).dispatchEvent(new CustomEvent('input'));
  };
  return { element, changes, field, row, type };
}

afterEach(() => {
  while (document.body.firstChild) document.body.removeChild(document.body.firstChild);
});

describe('c-recipient-list', () => {
  it('says what is wrong with an address when its field is left, and where a reader finds it', async () => {
    const { field, row, type } = open(PEOPLE);
    type('Buyer', 'email', 'ann@');
    await settle();
    expect(row('Buyer').querySelector('[data-error="email"]').textContent).toBe('');
    field('Buyer', 'email').dispatchEvent(new CustomEvent('blur'));
    await settle();
    const fault = row('Buyer').querySelector('[data-error="email"]');
    expect(fault.textContent).toMatch(/not an e-mail address/);
    expect(field('Buyer', 'email').getAttribute('aria-invalid')).toBe('true');
    expect(field('Buyer', 'email').getAttribute('aria-describedby')).toBe(fault.id);
    expect(row('Seller').querySelector('[data-error="email"]').textContent).toBe('');
  });

  it('labels every field', () => {
    const { element } = open(PEOPLE);
    element.shadowRoot.querySelectorAll('input').forEach((input) => {
      expect(element.shadowRoot.querySelector(`label[for="${input.id}"]`)).not.toBeNull();
      expect(input.getAttribute('aria-label')).toMatch(/of (Buyer|Seller)/);
    });
  });

  it('forgets the contact when the address becomes another, and keeps it when the name does', () => {
    const { changes, type } = open(PEOPLE);
    type('Buyer', 'name', 'Anne');
    expect(changes.at(-1)[0]).toMatchObject({ name: 'Anne', contact: '003A' });
    type('Buyer', 'email', 'other@example.com');
    expect(changes.at(-1)[0]).toMatchObject({ email: 'other@example.com', contact: null });
  });

  it('adds a role that is free, once, and removes it again', async () => {
    const { element, changes } = open(PEOPLE);
    const combobox = element.shadowRoot.querySelector('lightning-combobox');
    expect(combobox.options.map(({ value }) => value)).toEqual(['Witness']);
    element.shadowRoot.querySelector('[data-add]').click();
    expect(changes).toHaveLength(0);
    combobox.dispatchEvent(new CustomEvent('change', { detail: { value: 'Witness' } }));
    await settle();
    element.shadowRoot.querySelector('[data-add]').click();
    expect(changes.at(-1).map(({ role }) => role)).toEqual(['Buyer', 'Seller', 'Witness']);
    await settle();
    expect(element.shadowRoot.querySelector('lightning-combobox')).toBeNull();
    const remove = [...element.shadowRoot.querySelectorAll('[data-remove]')].at(-1);
    expect(remove.alternativeText).toBe('Remove Witness');
    remove.click();
    expect(changes.at(-1).map(({ role }) => role)).toEqual(['Buyer', 'Seller']);
  });

  it('leads the keyboard to the first fault', async () => {
    const { element, field } = open([PEOPLE[0], { role: 'Seller', name: '', email: '' }]);
    const focused = jest.spyOn(field('Seller', 'name'), 'focus');
    element.showFaults();
    await settle();
    expect(focused).toHaveBeenCalled();
    expect(element.shadowRoot.querySelector('li[data-row="Seller"] [data-error="name"]').textContent).toBe('Enter a name.');
  });

  it('changes nothing of the list that it was given', () => {
    const given = Object.freeze([Object.freeze({ ...PEOPLE[0] })]);
    const { changes, type } = open(given);
    type('Buyer', 'name', 'X');
    expect(given[0].name).toBe('Ann');
    expect(changes).toHaveLength(1);
  });
});
