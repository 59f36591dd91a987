import { LightningElement, api } from 'lwc';
import { emailFault, nameFault } from 'c/recipientRules';

/**
 * Recipients to look over and change: one for each role. It owns no list; every change goes out as `recipientschange` with the whole new list.
 * A fault is shown once its field was left, or at once when `showFaults()` is called.
 */
export default class RecipientList extends LightningElement {
  /** Roles of the template, by name. */
  @api roles = [];
  chosenRole = '';
  people = [];
  left = {};
  allShown = false;

  @api
  get recipients() {
    return this.people;
  }
  set recipients(value) {
    this.people = (value ?? []).map((recipient) => ({ ...recipient }));
  }

  /** Shows what is wrong and leads the keyboard to the first of it. */
  @api
  showFaults() {
    this.allShown = true;
    const first = this.people.find(({ name, email }) => nameFault(name) || emailFault(email));
    if (!first) return;
    const name = nameFault(first.name) ? 'name' : 'email';
    [...this.template.querySelectorAll(`input[data-part="${name}"]`)].find(({ dataset }) => dataset.role === first.role)?.focus();
  }

  get rows() {
    return this.people.map(({ role, name, email }, index) => {
      const faults = { name: this.shown(role, 'name') ? nameFault(name) : '', email: this.shown(role, 'email') ? emailFault(email) : '' };
      return {
        role,
        name: name ?? '',
        email: email ?? '',
        removeLabel: `Remove ${role}`,
        nameLabel: `Name of ${role}`,
        emailLabel: `E-mail of ${role}`,
        ...part('name', index, faults.name),
        ...part('email', index, faults.email),
      };
    });
  }
  get noRows() {
    return this.people.length === 0;
  }
  get freeRoles() {
    const taken = this.people.map(({ role }) => role);
    return this.roles.filter((role) => !taken.includes(role)).map((role) => ({ label: role, value: role }));
  }
  get hasFreeRoles() {
    return this.freeRoles.length > 0;
  }
  get nothingChosen() {
    return !this.freeRoles.some(({ value }) => value === this.chosenRole);
  }

  handleInput(event) {
    const { role, part: name } = event.target.dataset;
    const { value } = event.target;
    // A contact is linked by its address: with another address it may be another person.
    const change = name === 'email' ? { email: value, contact: null } : { [name]: value };
    this.tell(this.people.map((recipient) => (recipient.role === role ? { ...recipient, ...change } : recipient)));
  }
  handleBlur(event) {
    const { role, part: name } = event.target.dataset;
    this.left = { ...this.left, [`${name} ${role}`]: true };
  }
  handleRemove(event) {
    const { role } = event.target.dataset;
    this.tell(this.people.filter((recipient) => recipient.role !== role));
  }
  handleRole(event) {
    this.chosenRole = event.detail.value;
  }
  handleAdd() {
    if (this.nothingChosen) return;
    this.tell([...this.people, { role: this.chosenRole, name: '', email: '', contact: null }]);
    this.chosenRole = '';
  }

  shown(role, name) {
    return this.allShown || this.left[`${name} ${role}`] === true;
  }
  tell(recipients) {
    this.people = recipients;
    this.dispatchEvent(new CustomEvent('recipientschange', { detail: { recipients } }));
  }
}

/** What the markup needs of one field: its ids, its class, its fault. */
function part(name, index, fault) {
  return {
    [`${name}Id`]: `${name}-${index}`,
    [`${name}ErrorId`]: `${name}-error-${index}`,
    [`${name}Fault`]: fault,
    [`${name}Invalid`]: fault ? 'true' : 'false',
    [`${name}Class`]: fault ? 'slds-form-element slds-has-error' : 'slds-form-element',
  };
}
