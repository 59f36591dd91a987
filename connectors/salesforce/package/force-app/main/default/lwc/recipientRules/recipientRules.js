/** As long as the server takes them. */
const LONGEST_NAME = 300;
const LONGEST_EMAIL = 254;
/** Something, an at sign, a host with a dot and a last part of letters: what mail servers deliver to, not all that the standard allows. */
const EMAIL = /^[A-Za-z0-9_'+%-]+(\.[A-Za-z0-9_'+%-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$/;

/** What is wrong with a name; empty when nothing is. */
export function nameFault(name) {
  if (!name?.trim()) return 'Enter a name.';
  return name.trim().length > LONGEST_NAME ? `Enter at most ${LONGEST_NAME} characters.` : '';
}

/** What is wrong with an e-mail address; empty when nothing is. */
export function emailFault(email) {
  const text = email?.trim() ?? '';
  if (!text) return 'Enter an e-mail address.';
  return text.length <= LONGEST_EMAIL && EMAIL.test(text) ? '' : 'This is not an e-mail address. It looks like name@example.com.';
}

/** Whether every recipient can be sent to. */
export const allValid = (recipients) => recipients.every(({ name, email }) => !nameFault(name) && !emailFault(email));

/** Recipients as the server takes them. */
export const forServer = (recipients) => recipients.map(({ role, name, email, contact }) => ({ role, name: name.trim(), email: email.trim(), ...(contact ? { contact } : {}) }));
