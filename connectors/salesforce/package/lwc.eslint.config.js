// Not called eslint.config.js: the linter of the repository would take it for its own wherever it comes by this folder.
const lwc = require('@salesforce/eslint-config-lwc');
const jestPlugin = require('eslint-plugin-jest');

const components = ['force-app/**/lwc/**/*.js'];
const tests = ['force-app/**/lwc/**/__tests__/**/*.js'];
const node = { require: 'readonly', module: 'writable', process: 'readonly', console: 'readonly' };
const browser = { setTimeout: 'readonly', clearTimeout: 'readonly', crypto: 'readonly', CustomEvent: 'readonly', document: 'readonly' };

module.exports = [
  { ignores: ['node_modules/**', 'coverage/**'] },
  ...lwc.configs.recommended.map((config) => ({ ...config, files: components })),
  { files: components, languageOptions: { globals: browser } },
  {
    ...jestPlugin.configs['flat/recommended'],
    files: tests,
    languageOptions: { globals: { ...jestPlugin.environments.globals.globals, require: 'readonly' } },
    // Steps of a test come one after the other.
    rules: { ...jestPlugin.configs['flat/recommended'].rules, 'no-await-in-loop': 'off' },
  },
  { files: ['*.js'], languageOptions: { sourceType: 'commonjs', globals: node } },
  { files: ['checks/**/*.mjs'], languageOptions: { sourceType: 'module', globals: node } },
];
