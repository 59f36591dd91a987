import { serverMessage } from 'c/serverMessage';

describe('c-server-message', () => {
  it('takes the sentence and the code of the server apart', () => {
    const error = { body: { message: 'The deal has no signer. [plan.refused]' } };
    expect(serverMessage(error)).toEqual({ code: 'plan.refused', message: 'The deal has no signer.' });
  });

  it.each([
    ['a sentence with brackets of its own', { body: { message: 'See [1] and [2]' } }, 'See [1] and [2]'],
    ['a list', { body: [{ message: 'One.' }, { message: 'Two.' }] }, 'One. Two.'],
    ['faults of fields', { body: { pageErrors: [{ message: 'Page.' }], fieldErrors: { Name: [{ message: 'Name.' }] } } }, 'Page. Name.'],
    ['faults of a record', { body: { output: { errors: [{ message: 'Locked.' }] } } }, 'Locked.'],
    ['a script', new Error('Broken.'), 'Broken.'],
    ['a text', 'Plain.', 'Plain.'],
  ])('reads %s', (_, error, message) => {
    expect(serverMessage(error)).toEqual({ code: '', message });
  });

  it.each([[undefined], [null], [{}], [{ body: {} }], [[]]])('says something of %p too', (error) => {
    expect(serverMessage(error).message).toMatch(/Reload/);
  });
});
